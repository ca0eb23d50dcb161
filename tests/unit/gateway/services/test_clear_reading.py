"""Personal data in clear: only with role, purpose and paper; written down first; counted, and stopped when too many."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.core.authority import Actor, NotAllowed, Role
from gateway.services.answer_shapes import ClearItem
from gateway.services.clear_reading import ClearReading, NoSuchItem, Purpose, ReadingLimits, ReadingRefused, Why
from gateway.store import alerts, audit
from gateway.store.database import Store

OFFICER = Actor("zhao-min", frozenset({Role.PRIVACY_OFFICER}), ("platform",), "10.1.2.3", "ab" * 32)
WHY = Why(Purpose.RETURNED_PAYMENT, "楚信访〔2026〕12号")
ITEM = ClearItem(
    item_id="P0001",
    reference="ABCDEFGHJKMN00000001",
    bank="rural",
    payee_kind="PERSON",
    name="欧阳测试",
    id_type="RESIDENT_ID",
    id_number="53009919620314002X",
    account="6299990000000012345",
    mobile=None,
    address="云南省楚雄市东瓜镇",
)
DAY_MS = 86_400_000


@dataclass
class Desk:
    """A store, a clock, and the reading over them."""

    store: Store
    now_ms: int = 1_795_000_000_000
    seen: list[str] = field(default_factory=list)

    def reading(self, limits: ReadingLimits | None = None) -> ClearReading:
        answers: Any = SimpleNamespace(find=self._find, in_clear=self._in_clear)
        clock: Any = SimpleNamespace(now_ms=lambda: self.now_ms)
        return ClearReading(self.store, answers, clock, limits or ReadingLimits())

    def _find(self, client_id: str, batch_no: str) -> Any:
        return "batch" if (client_id, batch_no) == ("platform", "B1") else None

    def _in_clear(self, _batch: Any, item_id: str) -> ClearItem | None:
        return ITEM if item_id == "P0001" else None

    def entries(self) -> list[audit.AuditEntry]:
        with self.store.read() as tx:
            return audit.entries(tx)

    def alerts(self) -> list[Any]:
        with self.store.read() as tx:
            return alerts.recent(tx, 10)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty one."""
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    store.migrate()
    yield Desk(store)
    store.dispose()


def test_it_is_written_down_and_then_shown(desk: Desk) -> None:
    """Who, from where, what, why; and nothing of what was read."""
    item = desk.reading().read(OFFICER, "platform", "B1", "P0001", WHY)
    assert item.id_number == ITEM.id_number
    (entry,) = desk.entries()
    assert (entry.actor, entry.origin, entry.action) == ("zhao-min", "10.1.2.3", "personal.read-clear")
    assert entry.subject == ITEM.reference
    assert entry.after == {
        "code": "RETURNED_PAYMENT",
        "why": "楚信访〔2026〕12号",
        "field": ["name", "id_number", "account", "address"],
        "client": "platform",
        "bank": "rural",
    }
    told = json.dumps([entry.after, entry.before, entry.subject], ensure_ascii=False)
    assert not any(value in told for value in (ITEM.name, ITEM.id_number, ITEM.account, str(ITEM.address)))


def test_nothing_is_shown_that_was_not_written_down(desk: Desk, monkeypatch: Any) -> None:
    """When the audit cannot be written, no field leaves."""

    def broken(*_: Any, **__: Any) -> None:
        raise OSError("no space")

    monkeypatch.setattr(audit, "append", broken)
    with pytest.raises(OSError, match="no space"):
        desk.reading().read(OFFICER, "platform", "B1", "P0001", WHY)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.PRIVACY_OFFICER])
def test_only_privacy_officers_may(desk: Desk, role: Role) -> None:
    """Nobody else, also not who sent the item; the attempt is written down."""
    with pytest.raises(NotAllowed):
        desk.reading().read(Actor("platform", frozenset({role})), "platform", "B1", "P0001", WHY)
    (entry,) = desk.entries()
    assert entry.action == "operator.refused"
    assert entry.after["permission"] == "personal-clear"


def test_only_within_the_officers_scope(desk: Desk) -> None:
    """Another client's items are not theirs."""
    with pytest.raises(NotAllowed):
        desk.reading().read(OFFICER, "county", "B1", "P0001", WHY)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "no-reference"),
        ("   ", "no-reference"),
        ("号" * 101, "no-reference"),
        ("53009919620314002X", "bad-reference"),
        ("电话 13990001234", "bad-reference"),
        ("6299990000000012345", "bad-reference"),
        ("工单\x0012", "bad-reference"),
    ],
)
def test_a_purpose_needs_a_paper(desk: Desk, number: str, code: str) -> None:
    """Its number, which is nobody's; a refusal does not repeat it."""
    with pytest.raises(ReadingRefused) as refused:
        desk.reading().read(OFFICER, "platform", "B1", "P0001", Why(Purpose.COMPLAINT, number))
    assert refused.value.code == code
    assert not number.strip() or number not in refused.value.zh + refused.value.en
    assert desk.entries()[0].after["code"] == code


@pytest.mark.parametrize(("batch_no", "item_id"), [("B2", "P0001"), ("B1", "P0002")])
def test_what_is_not_there(desk: Desk, batch_no: str, item_id: str) -> None:
    """No such batch, no such item: nothing was read."""
    with pytest.raises(NoSuchItem):
        desk.reading().read(OFFICER, "platform", batch_no, item_id, WHY)
    assert desk.entries() == []


def test_many_are_alerted_and_very_many_refused(desk: Desk) -> None:
    """By person and day; the next day it begins anew."""
    reading = desk.reading(ReadingLimits(alert_above=2, most=4))
    read: Callable[[], Any] = lambda: reading.read(OFFICER, "platform", "B1", "P0001", WHY)  # noqa: E731
    for _ in range(2):
        read()
    assert desk.alerts() == []
    read()
    read()
    (alert,) = desk.alerts()
    assert alert.kind == "clear-reading-many"
    assert "4 items" in alert.text_en
    with pytest.raises(ReadingRefused, match="4 items"):
        read()
    assert [entry.action for entry in desk.entries()].count("personal.read-clear") == 4
    assert desk.entries()[-1].after["code"] == "too-many"
    other = Actor("qian-li", frozenset({Role.PRIVACY_OFFICER}))
    reading.read(other, "platform", "B1", "P0001", WHY)
    desk.now_ms += DAY_MS
    read()


def test_the_day_begins_at_midnight_in_china(desk: Desk) -> None:
    """Not at midnight of Greenwich."""
    reading = desk.reading(ReadingLimits(alert_above=1, most=1))
    desk.now_ms = 1_795_017_599_000 // DAY_MS * DAY_MS + 16 * 3_600_000 - 1000  # 23:59:59 in China
    reading.read(OFFICER, "platform", "B1", "P0001", WHY)
    desk.now_ms += 2000
    reading.read(OFFICER, "platform", "B1", "P0001", WHY)


def test_a_value_in_clear_does_not_print() -> None:
    """Not in a log, a traceback, or a debugger's list of variables."""
    assert repr(ITEM) == str(ITEM) == f"{ITEM}" == "ClearItem(ABCDEFGHJKMN00000001)"
