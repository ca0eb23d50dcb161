"""Calendars from their files (工作日历), and a bank's opening by its profile."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from adapters.profile import Hours
from gateway.clock import instant
from gateway.core.calendar import Calendar, CalendarYear
from gateway.core.opening import Opening, Window, minutes, opening
from gateway.services.context import Bank, Context
from messages.layout.checking import checked
from messages.layout.positions import ConfigurationRefused, Problem, read_document

LONGEST_HOLIDAY_DAYS = 15


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Holiday(_Part):
    from_: date = Field(alias="from")
    to: date
    name: str

    def days(self) -> list[date]:
        """Every day of it."""
        return [self.from_ + timedelta(days=number) for number in range((self.to - self.from_).days + 1)]


class _YearFile(_Part):
    calendar: str = Field(pattern=r"\A[a-z][a-z0-9-]{1,39}\z")
    year: int = Field(ge=2020, le=2100)
    source: str
    holidays: tuple[_Holiday, ...]
    working_weekends: tuple[date, ...]


def read_calendars(directory: Path) -> dict[str, Calendar]:
    """Every calendar of ``config/calendars`` by name; raises ConfigurationRefused with all problems at once."""
    problems: list[Problem] = []
    years: dict[str, dict[int, CalendarYear]] = {}
    for path in sorted(directory.glob("*.yaml")):
        document = read_document(path)
        file, found = checked(document, _YearFile)
        if file is not None:
            found += [document.problem(key, what, "correct it") for key, what in _wrongs(file, path.stem)]
        if file is None or found:
            problems += found
            continue
        holidays = frozenset(day for holiday in file.holidays for day in holiday.days())
        known = CalendarYear(file.year, holidays, frozenset(file.working_weekends))
        years.setdefault(file.calendar, {})[file.year] = known
    if problems:
        raise ConfigurationRefused(problems)
    return {name: Calendar(name, known) for name, known in years.items()}


def _wrongs(file: _YearFile, stem: str) -> list[tuple[Any, str]]:
    found: list[tuple[Any, str]] = []
    if stem != f"{file.calendar}-{file.year}":
        found.append((("year",), f"the file is not called {file.calendar}-{file.year}.yaml"))
    for index, holiday in enumerate(file.holidays):
        if not 0 <= (holiday.to - holiday.from_).days < LONGEST_HOLIDAY_DAYS:
            found.append((("holidays", index), "does not end within two weeks of its beginning"))
        if file.year not in (holiday.from_.year, holiday.to.year):
            found.append((("holidays", index), f"lies outside {file.year}"))
    for index, day in enumerate(file.working_weekends):
        if day.year != file.year or day.weekday() < 5:
            found.append((("working_weekends", index), f"is not a Saturday or Sunday of {file.year}"))
    return found


def opening_of(context: Context, bank: Bank) -> Opening | None:
    """When an instruction that is ready now goes to ``bank``; None where the bank takes it at any time."""
    hours = bank.profile.hours
    return None if hours is None else _opening(context, hours)


def _opening(context: Context, hours: Hours) -> Opening:
    window = Window(minutes(hours.opens), minutes(hours.cut_off), hours.days == "working")
    calendar = context.calendars.get(hours.calendar, Calendar(hours.calendar, {}))
    return opening(window, calendar, instant(context.clock.now_ms()))


def closed_until_ms(context: Context, bank: Bank) -> int | None:
    """When the bank opens, in milliseconds; None where it is open now."""
    found, now = opening_of(context, bank), context.clock.now_ms()
    if found is None:
        return None
    opens = int(found.opens_at.timestamp() * 1000)
    return opens if opens > now else None
