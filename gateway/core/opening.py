"""When a bank takes instructions (报送时间与截止时间): decided from hours, calendar and the moment alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Final

from gateway.core.calendar import Calendar

CHINA: Final = timezone(timedelta(hours=8), "CST")


@dataclass(frozen=True, slots=True)
class Window:
    """Minutes from midnight, China Standard Time: open from ``opens`` until before ``cut_off``."""

    opens: int
    cut_off: int
    working_days_only: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """The window in which something that is ready now goes out."""

    opens_at: datetime  # now, where the window is open
    cut_off_at: datetime
    provisional: bool  # it lies in a year whose working days are not yet published


def minutes(clock_time: str) -> int:
    """Minutes from midnight of ``HH:MM``; 24:00 is the end of the day."""
    hours, rest = clock_time.split(":")
    return int(hours) * 60 + int(rest)


def opening(window: Window, calendar: Calendar, now: datetime) -> Opening:
    """The window that is open at ``now`` (aware), or the next that will be."""
    here = now.astimezone(CHINA)
    day = here.date()
    if not _open_day(window, calendar, day) or here >= _at(day, window.cut_off):
        day = _next_day(window, calendar, day + timedelta(days=1))
    starts = max(_at(day, window.opens), here)
    provisional = window.working_days_only and calendar.is_provisional(day)
    return Opening(starts, _at(day, window.cut_off), provisional)


def _open_day(window: Window, calendar: Calendar, day: date) -> bool:
    return not window.working_days_only or calendar.is_working(day)


def _next_day(window: Window, calendar: Calendar, day: date) -> date:
    return calendar.next_working(day) if window.working_days_only else day


def _at(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(minutes=minute)
