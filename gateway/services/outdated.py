"""Configuration that is about to be, or by its nature is, out of date (将过期的配置): said aloud, in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from adapters.endpoints import SftpEndpoint
from gateway.clock import business_date
from gateway.core.calendar import Calendar
from gateway.services.context import Context
from gateway.store import alerts

AHEAD_DAYS: Final = 45
"""The notice for a year comes in October or November of the year before: from mid-November its absence matters."""


_TOLERATED: Final = {
    "sha-1": ("的签名仍使用 SHA-1", "still signs with SHA-1"),
    "unsigned": ("的报文可不签名即被接受", "may send messages without a signature"),
}


def watch(context: Context) -> None:
    """Looked at hourly: calendars that do not reach far enough, and banks that are spoken to by outdated means."""
    _calendars(context)
    _old_servers(context)
    _tolerated(context)


def _old_servers(context: Context) -> None:
    """One alert a day for each bank whose server still needs SHA-1 or CBC."""
    now = context.clock.now_ms()
    today = business_date(now)
    for name in context.banks:
        endpoint = context.bank_today(name).profile.transport
        if not isinstance(endpoint, SftpEndpoint) or endpoint.legacy_until is None:
            continue
        until = endpoint.legacy_until.isoformat()
        with context.store.begin() as tx:
            alerts.raise_alert(
                tx,
                "legacy-driver",
                f"{name}/{today.isoformat()}",
                f"银行 {name} 的 SFTP 服务器仍使用过时算法，例外有效至 {until}；请督促银行升级。",
                f"the SFTP server of bank {name} still needs outdated algorithms; the exception ends on {until}: "
                "have the bank upgrade it",
                now,
            )


def _tolerated(context: Context) -> None:
    """One alert a day for each bank whose profile has an exception from signing as one should, while it lasts."""
    now = context.clock.now_ms()
    today = business_date(now)
    for name in context.banks:
        granted = context.bank_today(name).profile.security.exception
        if granted is None or today > granted.until:
            continue
        zh, en = _TOLERATED[granted.allows]
        with context.store.begin() as tx:
            alerts.raise_alert(
                tx,
                "security-exception",
                f"{name}/{today.isoformat()}",
                f"银行 {name} {zh}，例外有效至 {granted.until} 当日，此后其报文将被拒收；请督促银行整改。",
                f"bank {name} {en}; the exception holds up to and including {granted.until}, from then on its messages "
                "are refused: have the bank change it",
                now,
            )


def _calendars(context: Context) -> None:
    """Alert for every calendar in use that does not reach ``AHEAD_DAYS`` ahead."""
    now = context.clock.now_ms()
    needed = business_date(now) + timedelta(days=AHEAD_DAYS)
    hours = [edition.profile.hours for bank in context.banks.values() for edition in (bank, *bank.later)]
    used = sorted({one.calendar for one in hours if one is not None and one.days == "working"})
    with context.store.begin() as tx:
        for name in used:
            calendar = context.calendars.get(name, Calendar(name, {}))
            if calendar.is_provisional(needed):
                year = needed.year
                alerts.raise_alert(
                    tx,
                    "calendar-missing",
                    f"{name}-{year}",
                    f"工作日历 {name} 缺少 {year} 年，暂按周一至周五扣除固定法定假日计算；"
                    f"请补充 config/calendars/{name}-{year}.yaml。",
                    f"calendar {name} has no {year}: reckoned as Monday to Friday without the fixed statutory days; "
                    f"add config/calendars/{name}-{year}.yaml",
                    now,
                )
