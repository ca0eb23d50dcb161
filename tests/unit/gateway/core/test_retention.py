"""Periods in the calendar, policies that contradict themselves, and what stands in the way of erasing."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.retention import (
    KEPT_FOREVER,
    OBSTACLE_WORDS,
    Obstacle,
    Period,
    RetentionPolicy,
    Standing,
    What,
    faults,
    obstacles,
)
from gateway.services.retention_policy import read_policy
from messages.layout.positions import ConfigurationRefused

SHIPPED = Path(__file__).resolve().parents[4] / "config"
ENDED, LONG_AFTER = date(2026, 11, 24), date(2060, 1, 1)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("1 year", date(2024, 2, 29), date(2025, 3, 1)),
        ("4 years", date(2024, 2, 29), date(2028, 2, 29)),
        ("1 month", date(2026, 1, 31), date(2026, 3, 1)),
        ("6 months", date(2026, 8, 31), date(2027, 3, 1)),
        ("12 months", date(2026, 12, 31), date(2027, 12, 31)),
        ("30 days", date(2026, 12, 2), date(2027, 1, 1)),
        ("forever", date(2026, 12, 2), None),
    ],
)
def test_periods_go_by_the_calendar(text: str, start: date, end: date | None) -> None:
    assert Period.of(text).end(start) == end
    assert str(Period.of(text)) == text


@pytest.mark.parametrize(
    "text", ["", "10", "0 days", "-1 years", "1.5 years", "10 jahre", "300 years", None, 7, "1  day"]
)
def test_what_is_no_period_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"is no period|is longer"):
        Period.of(text)


@given(st.sampled_from(["7 days", "1 month", "7 months", "1 year", "10 years"]), st.integers(0, 9000))
def test_whatever_is_over_had_begun_by_then(text: str, days: int) -> None:
    period, today = Period.of(text), date(2026, 1, 1) + timedelta(days=days)
    latest = period.begun_by(today)
    assert latest is not None and period.over(latest, today)
    for start in (latest + timedelta(days=n) for n in (1, 2, 40)):
        assert not period.over(start, today)


def test_the_shipped_policy_is_sound() -> None:
    policy = read_policy(SHIPPED)
    assert faults(policy) == []
    assert policy.period(What.PERSON) == policy.legal_keeping


def test_without_a_file_everything_stays(tmp_path: Path) -> None:
    policy = read_policy(tmp_path)
    assert policy is KEPT_FOREVER
    assert all(Obstacle.KEPT_BY_LAW in obstacles(Standing(ENDED), policy, what, LONG_AFTER) for what in What)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("raw_files: 10 years", "raw_files: 9 years", "7:1: raw_files: is shorter than legal_keeping"),
        ("personal_columns: 10 years", "personal_columns: 3 years", "6:1: personal_columns: is shorter"),
        ("raw_files: 10 years", "raw_files: forever", "7:1: raw_files: outlasts personal_columns"),
        ("notices: 1 year", "notices: soon", "9:1: notices: is no period"),
        ("notices: 1 year", "notice: 1 year", "9:1: notice: is not a known key"),
        ("notices: 1 year", "notices: 1 year\nnotices: 2 years", "notices: was given in line 9 already"),
        ("audit: 30 years", "", "audit: is missing"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    text = (SHIPPED / "retention.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "retention.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationRefused) as refused:
        read_policy(tmp_path)
    assert told in str(refused.value)


def test_an_audit_of_less_than_half_a_year_is_refused() -> None:
    short = RetentionPolicy.model_validate(dict.fromkeys(RetentionPolicy.model_fields, "3 months"))
    assert [key for key, _ in faults(short)] == ["audit"]


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing(ENDED), []),
        (Standing(None), [Obstacle.NOT_COMPLETE]),
        (Standing(None, in_flight=1, unresolved=2), [Obstacle.NOT_COMPLETE, Obstacle.IN_FLIGHT, Obstacle.UNKNOWN]),
        (Standing(ENDED, unresolved=1), [Obstacle.UNKNOWN]),
        (Standing(ENDED, held=True), [Obstacle.HELD]),
        (Standing(ENDED, money_back=1), []),
        (Standing(LONG_AFTER - timedelta(days=300), money_back=1), [Obstacle.REFUNDS_OPEN, Obstacle.KEPT_BY_LAW]),
        (Standing(LONG_AFTER), [Obstacle.KEPT_BY_LAW]),
    ],
)
def test_what_stands_in_the_way(standing: Standing, expected: list[Obstacle]) -> None:
    assert obstacles(standing, read_policy(SHIPPED), What.PERSONAL, LONG_AFTER) == expected


def test_every_obstacle_has_words() -> None:
    assert OBSTACLE_WORDS.keys() == set(Obstacle)
