"""Ratios, what counts as reached, and timing."""

from __future__ import annotations

import pytest

from gateway.bench.rows import Asked, row, table
from gateway.bench.timing import Contender, contest

RATES = {"ours": 50.0, "bare": 100.0, "peer": 10.0}


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        (Asked(), None),
        (Asked(of_limit=0.5), True),
        (Asked(of_limit=0.51), False),
        (Asked(0.5, 5), True),
        (Asked(0.5, 5.1), False),
    ],
)
def test_reached(asked: Asked, reached: bool | None) -> None:
    assert row("s", RATES, ours="ours", limit="bare", peer="peer", asked=asked).reached is reached


def test_ratios() -> None:
    made = row("s", RATES, ours="ours", limit="bare", peer="peer")
    assert (made.ratio_limit, made.ratio_peer) == (0.5, 5.0)


def test_what_could_not_be_measured_is_not_called_reached() -> None:
    made = row("s", RATES, ours="ours", limit="no such thing", peer="peer", asked=Asked(0.1, 2))
    assert (made.limit_name, made.ratio_limit, made.reached) == (None, None, None)


def test_what_failed_is_said_even_where_something_else_could_not_be_measured() -> None:
    assert row("s", RATES, ours="ours", peer="peer", limit="no such thing", asked=Asked(0.1, 9)).reached is False


def test_table() -> None:
    text = table([row("stage one", RATES, ours="ours", limit="bare", asked=Asked(0.9), note="why")])
    assert "stage one  50 items    0.50x bare (100)" in text
    assert "NO" in text
    assert text.endswith("why")


def test_a_contest_warms_up_and_takes_turns() -> None:
    calls: list[str] = []
    rates = contest([Contender("a", 3, lambda: calls.append("a")), Contender("b", 4, lambda: calls.append("b"))], 2)
    assert calls == ["a", "b"] * 3
    assert set(rates) == {"a", "b"}
    assert min(rates.values()) > 0
