"""Key changes as rows: read back as they were, and moved on by one of several only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.core.key_changes import ChangeState, KeyAction, KeyChange
from gateway.store import key_changes
from gateway.store.database import Store
from gateway.store.errors import NoSuchRow, WrongState


def change(**more: Any) -> KeyChange:
    given: dict[str, Any] = {"change_id": 0, "action": KeyAction.ACTIVATE, "alias": "sign", "key_id": "k1"}
    given |= {"fingerprint": "ab", "reason": "轮换", "retire_others": True, "proposed_by": "li", "proposed_at_ms": 5}
    return KeyChange(**(given | {"state": ChangeState.PROPOSED, "from_state": "PENDING", "digest": "d"} | more))


def test_a_change_is_read_back_as_it_was(store: Store) -> None:
    wanted = change(others=("k2", "k3"), emergency=True, decided_by="wang", decided_at_ms=9, decided_reason="x")
    with store.begin() as tx:
        first, second = key_changes.add(tx, wanted), key_changes.add(tx, change(alias="other"))
    with store.read() as tx:
        assert key_changes.by_id(tx, first.change_id) == first == replace(wanted, change_id=first.change_id)
        assert key_changes.listed(tx) == [second, first]
        assert key_changes.listed(tx, ChangeState.APPLIED) == []
        assert key_changes.listed(tx, limit=1) == [second]
        with pytest.raises(NoSuchRow):
            key_changes.by_id(tx, 99)


def test_only_one_moves_it_on(store: Store) -> None:
    with store.begin() as tx:
        seen = key_changes.add(tx, change())
        applying = key_changes.move(tx, seen, replace(seen, state=ChangeState.APPLYING))
    with pytest.raises(WrongState, match="first"), store.begin() as tx:
        key_changes.move(tx, seen, replace(seen, state=ChangeState.REJECTED))
    with store.begin() as tx:
        assert key_changes.waiting(tx) == key_changes.waiting(tx, "sign") == [applying]
        assert key_changes.waiting(tx, "other") == []
        key_changes.move(tx, applying, replace(applying, state=ChangeState.APPLIED))
        assert key_changes.waiting(tx) == []
