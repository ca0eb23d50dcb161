"""Alerts ahead: each key once a level, each waiting proposal once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crypto import master_key
from crypto.demo_pki import issue_ca
from crypto.generate import generate_key
from crypto.key_entry import KeyState, Owner, Purpose
from crypto.keystore import Keystore
from gateway.core.authority import Actor, Role
from gateway.core.key_changes import KeyAction
from gateway.services.expiries import watch
from gateway.services.key_admin import KeyAdmin
from gateway.store import alerts
from gateway.store.database import Store

START = date(2026, 3, 1)


class Days:
    """A clock that is set by the day, at noon in China."""

    def __init__(self) -> None:
        self.day = START

    def now_ms(self) -> int:
        return int(datetime(self.day.year, self.day.month, self.day.day, 4, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    made.migrate()
    yield made
    made.dispose()


@pytest.fixture
def clock() -> Days:
    return Days()


@pytest.fixture
def keys(tmp_path: Path, clock: Days, monkeypatch: pytest.MonkeyPatch) -> Keystore:
    for name, cost in (("memory_kib", 19 * 1024), ("iterations", 2), ("lanes", 1)):
        monkeypatch.setitem(master_key.NEW_COST, name, cost)
    return Keystore.create(tmp_path / "keystore.json", "correct horse battery", lambda: clock.day)


def told(store: Store, kind: str) -> list[Any]:
    with store.read() as tx:
        return [one for one in alerts.recent(tx, 100) if one.kind == kind]


def test_90_30_7_days_ahead_and_when_it_is_over(store: Store, keys: Keystore, clock: Days) -> None:
    keys.add("rural-verify", Purpose.VERIFY, generate_key("sm2").public_only(), not_after=START + timedelta(days=100))
    keys.save()
    counts = {}
    for left in (100, 91, 90, 89, 31, 30, 29, 8, 7, 6, 0, -1, -2):
        clock.day = START + timedelta(days=100 - left)
        watch(store, clock, keys)
        watch(store, clock, keys)
        counts[left] = len(told(store, "key-expiry"))
    assert counts == {100: 0, 91: 0, 90: 1, 89: 1, 31: 1, 30: 2, 29: 2, 8: 2, 7: 3, 6: 3, 0: 3, -1: 4, -2: 4}
    newest, *_, first = told(store, "key-expiry")
    assert "已于 2026-06-09 到期" in newest.text_zh and "in 90 days" in first.text_en
    assert all(one.count == 1 for one in told(store, "key-expiry"))


def test_a_key_on_its_way_out_is_not_told(store: Store, keys: Keystore, clock: Days) -> None:
    soon = START + timedelta(days=5)
    for state in (KeyState.RETIRING, KeyState.RETIRED, KeyState.REVOKED):
        keys.add("a", Purpose.SIGN, generate_key("ed25519"), state=state, not_after=soon)
    keys.add("tls.request", Purpose.SIGN, generate_key("ecdsa-p256"), not_after=soon)
    keys.save()
    watch(store, clock, keys)
    assert told(store, "key-expiry") == []


def test_certificates_are_watched_too(store: Store, keys: Keystore, clock: Days) -> None:
    authority = issue_ca("authority", datetime(2026, 2, 1, tzinfo=UTC), days=60)
    keys.add("city-ca", Purpose.TRANSPORT, authority.trusted(), owner=Owner.COUNTERPARTY, state=KeyState.ACTIVE)
    keys.save()
    watch(store, clock, keys)
    (one,) = told(store, "key-expiry")
    assert "证书 city-ca" in one.text_zh and "certificate of key city-ca" in one.text_en


def test_a_proposal_that_waits_is_told_once(store: Store, keys: Keystore, clock: Days) -> None:
    keys.add("a", Purpose.SIGN, generate_key("ed25519"), key_id="k1")
    keys.save()
    admin = KeyAdmin(store, keys, clock)
    lin = Actor("lin", frozenset({Role.KEY_CUSTODIAN}), origin="local:test", key="1" * 16)
    admin.propose(lin, KeyAction.ACTIVATE, "a", "k1", "rotation")
    watch(store, clock, keys)
    assert told(store, "key-change-waiting") == []
    clock.day += timedelta(days=1)
    watch(store, clock, keys)
    watch(store, clock, keys)
    (one,) = told(store, "key-change-waiting")
    assert one.count == 1 and "activate a k1" in one.text_en and "lin" in one.text_zh
