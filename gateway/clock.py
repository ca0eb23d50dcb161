"""The clock, handed in wherever time matters, so that tests and simulations move it by hand."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

CHINA: timezone = timezone(timedelta(hours=8), "CST")
"""China has one time zone and no daylight saving: business dates are counted in it."""


class Clock(Protocol):
    """Tells the time in milliseconds since the epoch."""

    def now_ms(self) -> int:
        """Now."""


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Now, in milliseconds since the epoch."""
        return time.time_ns() // 1_000_000


def business_date(now_ms: int) -> date:
    """The date in China at that moment."""
    return datetime.fromtimestamp(now_ms // 1000, tz=UTC).astimezone(CHINA).date()


def instant(now_ms: int) -> datetime:
    """That moment as an aware datetime in China's zone, whole seconds."""
    return datetime.fromtimestamp(now_ms // 1000, tz=UTC).astimezone(CHINA)
