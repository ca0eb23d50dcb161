"""What is due, drawn and counted; what a change does, said before it is done."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest
from rich.console import Console

from crypto.contract import KeyUnusable
from crypto.expiry import expiring
from crypto.key_entry import KeyState, Owner, Purpose
from crypto.key_material import Algorithm
from gateway.core.key_changes import KeyAction
from gateway.keys.calendar import months, show_calendar
from gateway.services.key_due import HORIZON_DAYS, Due, due
from gateway.services.key_effects import effects

TODAY = date(2026, 12, 1)


def found(entries: list[Any], today: date = TODAY, named: Any = None) -> Due:
    return due(entries, expiring(entries, today, (HORIZON_DAYS,)), [], named or {}, today)


def day(left: int) -> date:
    return TODAY + timedelta(days=left)


def test_what_ends_is_told_soonest_first(entries: Any) -> None:
    every = [
        *entries(("1", "ACTIVE", day(200)), alias="far"),
        *entries(("2", "ACTIVE", day(-3)), alias="over"),
        *entries(("3", "ACTIVE", day(20)), ("4", "PENDING", day(900)), alias="replaced"),
        *entries(("5", "ACTIVE", day(400)), alias="later"),
        *entries(("6", "REVOKED", day(3)), alias="gone"),
        *entries(("7", "PENDING", day(3)), alias="tls.request"),
    ]
    told = found(every)
    assert [(one.alias, one.days_left, one.replaced) for one in told.endings] == [
        ("over", -3, False),
        ("replaced", 20, True),
        ("far", 200, False),
    ]
    assert told.urgent and told.without_active == ("over",)


@pytest.mark.parametrize(
    ("states", "cannot"),
    [
        (["ACTIVE"], False),
        (["ACTIVE", "RETIRING"], False),
        (["RETIRING"], True),
        (["RETIRING", "PENDING"], True),
        (["PENDING"], False),
        (["RETIRED", "REVOKED"], False),
    ],
)
def test_an_alias_that_cannot_work(entries: Any, states: list[str], cannot: bool) -> None:
    every = entries(*((str(place), state, None) for place, state in enumerate(states)))
    assert found(every).without_active == (("a-key",) if cannot else ())


def test_our_own_aliases_are_missed_and_former_operators_are_not(entries: Any) -> None:
    gone = [("1", "REVOKED", None)]
    every = entries(*gone, alias="segment-data") + entries(*gone, alias="operator-wang-verify")
    assert found(every).without_active == ("segment-data",)


def test_long_retiring_is_told_after_a_month(entries: Any) -> None:
    rows = ("1", "ACTIVE", None), ("2", "RETIRING", None)
    assert not found(entries(*rows, since=day(-30))).long_retiring
    (told,) = found(entries(*rows, since=day(-31))).long_retiring
    assert (told.key_id, told.days) == ("2", 31)


@pytest.mark.parametrize("today", [date(2026, 1, 31), date(2028, 2, 29), date(2026, 12, 31)])
def test_the_calendar_has_twelve_months_and_one_cross_a_key(entries: Any, today: date) -> None:
    every = entries(
        *((str(left), "ACTIVE", today + timedelta(days=left)) for left in (0, 1, 9, 27, 80, 300)), alias="a"
    )
    out = io.StringIO()
    show_calendar(Console(file=out, width=100), found(every, today).endings, today)
    assert out.getvalue().count("╳") == 6
    assert max(len(line) for line in out.getvalue().splitlines()) <= 100
    shown = months(today)
    assert len(shown) == 12 and shown[0] == today.replace(day=1) and shown[-1] > today + timedelta(days=300)


def steps(action: KeyAction, every: list[Any], key_id: str, **more: Any) -> list[tuple[str, str, str]]:
    return [(one.key_id, one.before, one.after) for one in effects(action, every, key_id, TODAY, **more).steps]


def test_putting_to_use_retires_the_others(entries: Any) -> None:
    every = entries(("old", "ACTIVE", None), ("new", "PENDING", None), ("former", "RETIRING", None))
    retired = ("old", KeyState.ACTIVE, KeyState.RETIRING)
    assert steps(KeyAction.ACTIVATE, every, "new") == [("new", KeyState.PENDING, KeyState.ACTIVE), retired]
    assert steps(KeyAction.RESUME, every, "former") == [("former", KeyState.RETIRING, KeyState.ACTIVE), retired]
    assert len(steps(KeyAction.ACTIVATE, every, "new", retire_others=False)) == 1
    with pytest.raises(KeyUnusable):
        steps(KeyAction.END, every, "nobody")


def test_what_cannot_be_taken_back_is_grave(entries: Any) -> None:
    data = {"purpose": Purpose.ENCRYPT, "algorithm": Algorithm.AES, "public": ""}
    every = entries(("old", "RETIRED", None), ("now", "ACTIVE", None), **data)
    told = effects(KeyAction.REVOKE, every, "old", TODAY, still_sealed=12)
    assert all(one.grave for one in told.remarks) and any(one.en.startswith("12 rows") for one in told.remarks)
    index = {"purpose": Purpose.FIELD, "algorithm": Algorithm.HMAC, "public": ""}
    every = entries(("old", "RETIRING", None), ("now", "ACTIVE", None), **index)
    assert any("12 rows" in one.en for one in effects(KeyAction.END, every, "old", TODAY, still_sealed=12).remarks)
    assert not any(one.grave for one in effects(KeyAction.END, every, "old", TODAY).remarks)


def test_whoever_uses_it_comes_to_a_stop(entries: Any) -> None:
    told = effects(KeyAction.RETIRE, entries(("only", "ACTIVE", None)), "only", TODAY, ["rural: security.signing_key"])
    assert [one.grave for one in told.remarks] == [True] and "1 处使用" in told.remarks[0].zh


def test_dates_and_the_other_side_are_remembered(entries: Any) -> None:
    every = entries(("new", "PENDING", day(-1)), ("old", "ACTIVE", None))
    told = [one.en for one in effects(KeyAction.ACTIVATE, every, "new", TODAY).remarks]
    assert any("ended on" in one for one in told) and any("hand it over" in one for one in told)
    bank = {"purpose": Purpose.VERIFY, "owner": Owner.COUNTERPARTY}
    alone = effects(KeyAction.ACTIVATE, entries(("new", "PENDING", None), **bank), "new", TODAY)
    assert alone.remarks == ()
