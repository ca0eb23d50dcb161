"""Working days with 调休 and openings: against the days of 2026 and 2027 on the wall calendar."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.calendar import Calendar, CalendarYear
from gateway.core.opening import CHINA, Window, minutes, opening
from gateway.services.calendars import read_calendars
from gateway.setup import config_directory
from messages.layout.positions import ConfigurationRefused

CN = read_calendars(config_directory() / "calendars")["cn"]
DAY = Window(minutes("08:30"), minutes("16:00"), working_days_only=True)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2026-01-02", False),  # 元旦
        ("2026-01-04", True),  # a Sunday that is worked
        ("2026-02-14", True),
        ("2026-02-23", False),  # the last day of 春节, a Monday
        ("2026-02-24", True),
        ("2026-10-07", False),
        ("2026-10-10", True),
        ("2026-11-23", True),
        ("2026-11-21", False),
    ],
)
def test_days_of_2026(day, working) -> None:
    assert CN.is_working(date.fromisoformat(day)) is working
    assert not CN.is_provisional(date.fromisoformat(day))


def test_a_year_without_a_notice_is_provisional() -> None:
    assert CN.is_provisional(date(2027, 1, 4))
    assert [CN.is_working(date(2027, 1, day)) for day in (1, 2, 3, 4)] == [False, False, False, True]
    assert not CN.is_working(date(2027, 10, 1))


def test_working_days_over_the_turn_of_the_year() -> None:
    assert CN.add_working_days(date(2026, 12, 31), 1) == date(2027, 1, 4)
    assert CN.add_working_days(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert CN.add_working_days(date(2026, 10, 8), 3) == date(2026, 10, 12)  # the 10th is a worked Saturday


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("now", "opens", "cut_off"),
    [
        ("2026-11-23T10:00", "2026-11-23T10:00", "2026-11-23T16:00"),  # open
        ("2026-11-23T07:00", "2026-11-23T08:30", "2026-11-23T16:00"),  # before the opening
        ("2026-11-23T16:00", "2026-11-24T08:30", "2026-11-24T16:00"),  # the cut-off itself is too late
        ("2026-11-20T17:00", "2026-11-23T08:30", "2026-11-23T16:00"),  # over the weekend
        ("2026-09-30T18:00", "2026-10-08T08:30", "2026-10-08T16:00"),  # over 国庆节
    ],
)
def test_openings(now, opens, cut_off) -> None:
    found = opening(DAY, CN, _at(now))
    assert (found.opens_at, found.cut_off_at, found.provisional) == (_at(opens), _at(cut_off), False)


def test_an_opening_in_an_unpublished_year_says_so() -> None:
    found = opening(DAY, CN, _at("2026-12-31T18:00"))
    assert (found.opens_at, found.provisional) == (_at("2027-01-04T08:30"), True)


@given(st.integers(0, 3 * 365 * 24 * 60))
def test_what_is_ready_always_has_an_opening_on_a_working_day(minute) -> None:
    now = datetime(2025, 6, 1, tzinfo=CHINA) + timedelta(minutes=minute)
    found = opening(DAY, CN, now)
    assert now <= found.opens_at < found.cut_off_at <= now + timedelta(days=16)
    assert CN.is_working(found.opens_at.date())
    assert opening(DAY, CN, found.opens_at).opens_at == found.opens_at


def test_a_calendar_without_working_days_is_refused() -> None:
    nothing = frozenset(date(2026, 1, 1) + timedelta(days=day) for day in range(365))
    with pytest.raises(ValueError, match="no working day"):
        Calendar("never", {2026: CalendarYear(2026, nothing, frozenset())}).next_working(date(2026, 3, 1))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("working_weekends: [2026-01-04]", "working_weekends: [2026-01-05]"),
        ("year: 2026", "year: 2025"),
        ("to: 2026-01-03", "to: 2026-03-01"),
    ],
)
def test_a_calendar_file_that_cannot_be_right_is_refused_with_its_place(tmp_path, change, says) -> None:
    head = "calendar: cn\nyear: 2026\nsource: s\nholidays: [{from: 2026-01-01, to: 2026-01-03, name: 元旦}]\n"
    text = head + "working_weekends: [2026-01-04]\n"
    (tmp_path / "cn-2026.yaml").write_text(text.replace(change, says), encoding="utf-8")
    with pytest.raises(ConfigurationRefused, match=r"cn-2026\.yaml:\d+"):
        read_calendars(tmp_path)
