"""What a node does for the audit by itself: its start, refusals without a flood, the anchor of the day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from crypto import master_key
from crypto.contract import KeyUnusable
from crypto.generate import generate_key
from crypto.key_entry import KeyState, Purpose
from crypto.keystore import Keystore
from gateway.core.authority import Actor, Permission, Role
from gateway.services.anchor_files import read_anchors
from gateway.services.anchors import anchor_publics
from gateway.services.audit_keeping import AuditKeeping
from gateway.services.refusal_log import MOST_KINDS, RefusalLog
from gateway.settings import Settings
from gateway.store import alerts, audit
from gateway.store.audit import AuditEntry
from gateway.store.database import Store

DAY = 86_400_000
LI = Actor("li", frozenset({Role.OPERATOR}), origin="10.0.0.1")


@dataclass
class HandClock:
    """Moved by hand."""

    now: int = 1_795_400_000_000

    def now_ms(self) -> int:
        return self.now


@dataclass
class Node:
    """One node's audit."""

    settings: Settings
    store: Store
    clock: HandClock
    keys: Keystore

    def keeping(self, open_keys: Callable[[], Keystore] | None = None) -> AuditKeeping:
        refusals = RefusalLog(self.store, self.clock, lambda write: write())
        return AuditKeeping(self.settings, self.store, self.clock, open_keys or (lambda: self.keys), refusals)

    def entries(self, action: str) -> list[AuditEntry]:
        with self.store.read() as tx:
            return [one for one in audit.entries(tx) if one.action == action]


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    (tmp_path / "config" / "banks").mkdir(parents=True)
    (tmp_path / "config" / "banks" / "rural.yaml").write_text("bank: rural\n", "utf-8")
    monkeypatch.setattr(master_key, "NEW_COST", {"memory_kib": 19 * 1024, "iterations": 2, "lanes": 1})
    keys = Keystore.create(tmp_path / "keystore.json", "a passphrase for tests", lambda: date(2026, 11, 23))
    keys.add("audit-anchor", Purpose.SIGN, generate_key("sm2"), state=KeyState.ACTIVE)
    keys.save()
    store = Store(f"sqlite:///{tmp_path}/store.db")
    store.migrate()
    settings = Settings(
        config=tmp_path / "config",
        state=tmp_path / "state",
        keystore={"path": tmp_path / "keystore.json", "passphrase_file": tmp_path / "p"},
        operators={"li": {"roles": ["operator"]}},
        clients={"platform": {}},
    )
    clock = HandClock()
    with store.begin() as tx:
        audit.open_chain(tx, "GW01", clock.now)
    yield Node(settings, store, clock, keys)
    store.dispose()


def test_a_start_says_what_is_in_force(node: Node) -> None:
    node.keeping().started()
    (first,) = node.entries("gateway.started")
    assert first.after["roles"] == ["li:operator", "platform:platform"]
    names = [one.partition("=")[0] for one in first.after["digests"]]
    assert names == ["settings", "banks/rural.yaml"]
    node.keeping().started()
    (node.settings.config / "banks" / "rural.yaml").write_text("bank: other\n", "utf-8")
    node.keeping().started()
    _, same, changed = node.entries("gateway.started")
    assert same.before["digest"] == same.after["digest"] == first.after["digest"] and "digests" not in same.after
    assert changed.before["digest"] == first.after["digest"] != changed.after["digest"] and changed.after["digests"]


def test_an_orderly_stop_is_written_too(node: Node) -> None:
    keeping = node.keeping()
    for _ in range(3):
        keeping.refusals.note(LI, "NOT_AUTHENTICATED")
    keeping.stopped()
    assert [one.after["count"] for one in node.entries("operator.refused")] == [1, 2]
    assert node.entries("gateway.stopped")[0].subject == "node-1"


def test_the_first_refusal_is_written_at_once_and_repeats_are_counted(node: Node) -> None:
    keeping = node.keeping()
    for _ in range(1000):
        keeping.refusals.note(LI, "NOT_AUTHENTICATED")
        keeping.refusals.note(LI, "not-allowed", Permission.KEYS_CHANGE)
    assert [one.after["count"] for one in node.entries("operator.refused")] == [1, 1]
    node.clock.now += 5000
    keeping.hourly()
    told = [(one.after["code"], one.after["count"]) for one in node.entries("operator.refused")]
    assert told[2:] == [("not-authenticated", 999), ("not-allowed", 999)]
    assert node.entries("operator.refused")[-1].after["permission"] == "keys-change"
    keeping.hourly()
    assert len(node.entries("operator.refused")) == 4


def test_no_flood_of_names_fills_the_disk(node: Node) -> None:
    keeping = node.keeping()
    for number in range(MOST_KINDS + 700):
        keeping.refusals.note(Actor(f"name-{number}", frozenset()), "NOT_AUTHENTICATED")
    keeping.refusals.flush()
    entries = node.entries("operator.refused")
    assert len(entries) == MOST_KINDS + 2
    assert (entries[-1].actor, entries[-1].after["count"]) == ("others", 699)


def test_each_day_has_its_anchor(node: Node) -> None:
    keeping = node.keeping()
    for _ in range(3):
        keeping.hourly()
    node.clock.now += DAY
    keeping.hourly()
    known, bad = read_anchors(node.settings.anchor_directory, anchor_publics(node.keys))
    assert list(known) == [1, 2] and not bad
    assert [one.subject for one in node.entries("audit.anchored")] == [group[0].day for group in known.values()]


def test_without_its_key_somebody_is_told(node: Node) -> None:
    node.keys.move("audit-anchor", node.keys.active_key_id("audit-anchor"), KeyState.RETIRING)
    node.keys.save()
    node.keeping().hourly()
    with node.store.read() as tx:
        assert [one.kind for one in alerts.recent(tx, 5)] == ["audit-not-anchored"]


def test_without_a_keystore_the_refusals_are_written_all_the_same(node: Node) -> None:
    def none() -> Keystore:
        raise KeyUnusable("tampered")

    keeping = node.keeping(none)
    keeping.refusals.note(LI, "NOT_AUTHENTICATED")
    keeping.refusals.note(LI, "NOT_AUTHENTICATED")
    keeping.hourly()
    assert len(node.entries("operator.refused")) == 2
