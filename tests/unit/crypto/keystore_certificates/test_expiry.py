"""What ends within 90, 30 and 7 days: keys, certificates, lists; each with the level to alert at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crypto.expiry import AHEAD_DAYS, expiring
from crypto.generate import generate_key, issue_ca, issue_leaf
from crypto.key_entry import KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import Algorithm
from crypto.keystore import Keystore
from crypto.revocation_lists import read_lists

TODAY = date(2026, 5, 1)


def entry(not_after: date | None, state: KeyState = KeyState.ACTIVE) -> KeyEntry:
    return KeyEntry("a", "k", Purpose.FIELD, Algorithm.HMAC, Owner.GATEWAY, state, None, not_after, "", None)


def test_levels() -> None:
    expected = {91: None, 90: 90, 31: 90, 30: 30, 8: 30, 7: 7, 1: 7, 0: 7, -1: 0, -400: 0}
    for days, level in expected.items():
        found = expiring([entry(TODAY + timedelta(days))], TODAY)
        assert [(one.level, one.days_left) for one in found] == ([] if level is None else [(level, days)])
    assert expiring([entry(None)], TODAY) == []
    assert len(expiring([entry(TODAY)], TODAY, ahead_days=())) == 1


def test_states() -> None:
    counted = {state for state in KeyState if expiring([entry(TODAY, state)], TODAY)}
    assert counted == {KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRING}


def test_each_level_is_reached_once_and_in_order() -> None:
    @given(st.integers(0, 500), st.sets(st.integers(1, 400), min_size=1))
    def holds(days: int, ahead: set[int]) -> None:
        ends = TODAY + timedelta(days)
        levels = [
            one.level
            for passed in range(days + 2)
            for one in expiring([entry(ends)], TODAY + timedelta(passed), sorted(ahead))
        ]
        assert levels == sorted(levels, reverse=True)
        assert levels[-1] == 0
        assert set(levels) - {0} <= ahead

    holds()


def test_every_certificate(keystore: Keystore) -> None:
    now = datetime(2026, 4, 20, tzinfo=UTC)
    ca = issue_ca("Demo CA", now, days=60)
    leaf = issue_leaf(ca, "gateway", ["localhost"], now, "server", days=20)
    keystore.add("tls", "transport", leaf.identity(), state="ACTIVE", not_after=date(2026, 5, 6))
    keystore.add("ca", "transport", ca.trusted(), owner="counterparty", state="ACTIVE")
    keystore.add("field", "field", generate_key("hmac"), state="ACTIVE")
    found = [(one.alias, one.what, one.subject, one.days_left, one.level) for one in keystore.expiring(TODAY)]
    assert found == [
        ("tls", "key", "", 5, 7),
        ("tls", "certificate", "CN=gateway", 9, 30),
        ("ca", "certificate", "CN=Demo CA", 49, 90),
    ]


def test_days_are_those_of_beijing(issue: Any) -> None:
    """Midnight in Beijing ends the day before."""
    ends = {datetime(2026, 5, 5, 15, 59, 59, tzinfo=UTC): 5, datetime(2026, 5, 5, 16, tzinfo=UTC): 5}
    ends |= {datetime(2026, 5, 5, 16, 0, 1, tzinfo=UTC): 6}
    for end, day in ends.items():
        pem = issue("x", end=end).pem
        one = KeyEntry(
            "ca", "k", Purpose.VERIFY, Algorithm.X509, Owner.COUNTERPARTY, KeyState.ACTIVE, None, None, pem, None
        )
        assert expiring([one], TODAY)[0].ends_on == date(2026, 5, day)


def test_lists_and_what_cannot_be_read(root: Any, now: datetime) -> None:
    lists = {"ca": read_lists(root.crl())}
    (one,) = expiring([], TODAY, AHEAD_DAYS, lists)
    assert (one.alias, one.key_id, one.what, one.subject, one.level) == ("ca", "", "revocation-list", "CN=Root", 7)
    odd = KeyEntry(
        "ca", "k", Purpose.VERIFY, Algorithm.X509, Owner.COUNTERPARTY, KeyState.ACTIVE, None, TODAY, "no PEM", None
    )
    assert [found.what for found in expiring([odd], TODAY)] == ["key"]
    assert now
