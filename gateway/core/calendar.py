"""Working days (工作日) with 调休: which days count, and whether that is certain. Source: facts F.

A year whose notice is not out yet is reckoned as Monday to Friday without the statutory days that stand fixed
in the civil calendar, and every answer about it says that it is provisional.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

_SATURDAY: Final = 5
_FIXED: Final = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""元旦, 劳动节, 国庆节: the statutory days that need no notice (the others follow the lunar calendar)."""
LONGEST_BREAK_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """What one year's notice says."""

    year: int
    holidays: frozenset[date]
    working_weekends: frozenset[date]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The known years of one calendar."""

    name: str
    years: Mapping[int, CalendarYear]

    def is_provisional(self, day: date) -> bool:
        """Whether ``day`` lies in a year without a notice."""
        return day.year not in self.years

    def is_working(self, day: date) -> bool:
        """Whether ``day`` is a working day, as far as is known."""
        known = self.years.get(day.year)
        if known is None:
            return day.weekday() < _SATURDAY and (day.month, day.day) not in _FIXED
        if day in known.holidays:
            return False
        return day.weekday() < _SATURDAY or day in known.working_weekends

    def next_working(self, day: date) -> date:
        """``day`` itself if it is a working day, else the next one; raises ValueError where none comes in a month."""
        for distance in range(LONGEST_BREAK_DAYS):
            if self.is_working(found := day + timedelta(days=distance)):
                return found
        raise ValueError(f"calendar {self.name} has no working day within a month of {day}: correct its files")

    def add_working_days(self, day: date, number: int) -> date:
        """The ``number``-th working day after ``day``."""
        for _ in range(number):
            day = self.next_working(day + timedelta(days=1))
        return day
