"""Days on the command line (日期): a day in China as a span of time."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from gateway.clock import CHINA
from gateway.keys.refusals import Unfit
from gateway.store.audit_reading import Wanted


def wanted(
    actor: str | None, action: str | None, subject: str | None, from_day: str | None, to_day: str | None
) -> Wanted:
    """What is asked for; both days are included. Raises Unfit."""
    first, last = _day(from_day), _day(to_day)
    if first is not None and last is not None and first > last:
        raise Unfit("--from 晚于 --to。", "--from is after --to")
    after_last = _start_ms(last + timedelta(days=1)) if last is not None else None
    return Wanted(actor, action, subject, _start_ms(first) if first is not None else None, after_last)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unfit(f"{text[:20]} 不是日期 YYYY-MM-DD。", f"{text[:20]} is not a day: write YYYY-MM-DD") from None


def _start_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp()) * 1000
