"""The audit is one chain that only grows, and whoever changes it behind the gateway's back is found."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import text

from gateway.services.anchor_files import Anchor
from gateway.services.chain_check import ChainCheck, RawEntry, walk
from gateway.store import audit, audit_reading
from gateway.store.audit import Act, ActRefused, WrongChain
from gateway.store.audit_reading import Wanted
from gateway.store.database import Store
from gateway.store.errors import StoreError

CODE = "GW01"


def act(number: int = 0, **more: Any) -> Act:
    given = {"actor": "li", "origin": "local:tty", "action": "key.proposed", "subject": f"key-{number}"}
    given |= {"before": {"key_state": "PENDING"}, "after": {"change": number, "reason": "轮换"}, "at_ms": 1000 + number}
    return Act(**(given | more))


@pytest.fixture
def chain(store: Store) -> Store:
    """Ten entries."""
    with store.begin() as tx:
        audit.open_chain(tx, CODE, 5)
        for number in range(2, 11):
            audit.append(tx, act(number))
    return store


def verdict(store: Store, anchors: dict[int, list[Anchor]] | None = None) -> ChainCheck:
    check = ChainCheck(CODE, anchors or {})
    head, last = audit_reading.end(store)
    for _ in walk(check, (RawEntry(*row) for row in audit_reading.rows(store, last))):
        pass
    check.finish(head)
    return check


def found(store: Store, anchors: dict[int, list[Anchor]] | None = None) -> list[tuple[int, str]]:
    return [(one.seq, one.kind) for one in verdict(store, anchors).findings]


@pytest.fixture
def tamper(chain: Store) -> Callable[..., None]:
    """Raw SQL by somebody who may do everything: the guards are taken away first, and put back."""

    def run(*statements: str, **values: Any) -> None:
        with chain.begin() as tx:
            if tx.dialect.name == "sqlite":
                for name in ("update", "delete", "replace"):
                    tx.execute(text(f"DROP TRIGGER IF EXISTS audit_no_{name}"))
            else:
                tx.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
            for statement in statements:
                tx.execute(text(statement), values)
            if tx.dialect.name != "sqlite":
                tx.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))

    return run


def anchor_of(store: Store, seq: int) -> dict[int, list[Anchor]]:
    with store.read() as tx:
        entry = audit.entries(tx, seq - 1, 1)[0]
    return {seq: [Anchor(CODE, "2026-01-05", entry.seq, entry.hash, seq, 0, "k")]}


def rechained(store: Store, from_seq: int) -> list[dict[str, Any]]:
    """What somebody would write who knows how the chain is made: every hash from there on anew."""
    with store.read() as tx:
        entries, previous = audit.entries(tx, from_seq - 1), audit.entries(tx, from_seq - 2, 1)[0].hash
    made = []
    for entry in entries:
        values = {name: getattr(entry, name) for name in type(entry).__dataclass_fields__} | {"previous_hash": previous}
        previous = audit.hash_of(type(entry)(**values))
        made.append({"seq": entry.seq, "hash": previous, "previous_hash": values["previous_hash"]})
    return made


def test_entries_follow_one_another(chain: Store) -> None:
    with chain.read() as tx:
        entries = audit.entries(tx)
        head = audit.head_of(tx)
    assert [one.seq for one in entries] == list(range(1, 11))
    assert entries[0].previous_hash == audit.genesis(CODE)
    assert all(late.previous_hash == early.hash for early, late in pairwise(entries))
    assert all(audit.hash_of(one) == one.hash and len(one.hash) == 64 for one in entries)
    assert head is not None and (head.seq, head.hash) == (10, entries[-1].hash)
    assert (entries[1].after, entries[1].before) == ({"change": 2, "reason": "轮换"}, {"key_state": "PENDING"})
    assert verdict(chain).findings == []


def test_the_chain_belongs_to_one_gateway(chain: Store) -> None:
    with chain.begin() as tx:
        audit.open_chain(tx, CODE, 9)
    with pytest.raises(WrongChain, match="GW02"), chain.begin() as tx:
        audit.open_chain(tx, "GW02", 9)
    with chain.read() as tx:
        assert len(audit.entries(tx)) == 10


def test_an_undone_transaction_leaves_no_entry_and_no_gap(chain: Store) -> None:
    with pytest.raises(RuntimeError), chain.begin() as tx:
        audit.append(tx, act(99))
        raise RuntimeError
    with chain.begin() as tx:
        assert audit.append(tx, act(11)).seq == 11
    assert verdict(chain).findings == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET subject = 'other' WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
    ],
)
def test_the_database_refuses_to_change_an_entry(chain: Store, statement: str) -> None:
    with pytest.raises(StoreError, match="append-only"), chain.begin() as tx:
        tx.execute(text(statement))
    assert verdict(chain).findings == []


def test_the_database_refuses_to_replace_or_empty(chain: Store) -> None:
    with chain.read() as tx:
        sqlite = tx.dialect.name == "sqlite"
    replace = (
        "INSERT OR REPLACE INTO audit SELECT seq, at_ms, 'wang', origin, action, subject, before, after, "
        "previous_hash, hash FROM audit WHERE seq = 3"
    )
    with pytest.raises(StoreError, match="append-only"), chain.begin() as tx:
        tx.execute(text(replace if sqlite else "TRUNCATE audit"))
    assert verdict(chain).findings == []


def test_nodes_cannot_fork_it(chain: Store, opened: Callable[..., Store]) -> None:
    """Several connections append at the same time: one chain, no gap."""
    failures: list[BaseException] = []

    def node(number: int) -> None:
        mine = opened(busy_timeout_seconds=20)
        try:
            for step in range(8):
                with mine.begin() as tx:
                    audit.append(tx, act(number * 100 + step))
        except BaseException as fault:
            failures.append(fault)

    nodes = [threading.Thread(target=node, args=(number,)) for number in range(4)]
    for one in nodes:
        one.start()
    for one in nodes:
        one.join(60)
    assert not failures
    check = verdict(chain)
    assert (check.findings, check.count) == ([], 42)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"action": "key.invented"}, "no action"),
        ({"after": {"account": "x"}}, "may not carry"),
        ({"after": {"reason": "给 13800138000 打电话"}}, "phone"),
        ({"after": {"reason": "身份证 11010519491231002X"}}, "ID number"),
        ({"after": {"reason": "卡号 6222 0212 3456 7890 123"}}, "account number"),
        ({"after": {"reason": "１３８００１３８０００"}}, "phone"),
        ({"after": {"reason": "-----BEGIN PRIVATE KEY-----"}}, "a key"),
        ({"after": {"reason": "x" * 501}}, "longer"),
        ({"after": {"reason": "a\nb"}}, "control"),
        ({"after": {"change": 1.5}}, "whole number"),
        ({"after": {"change": True}}, "whole number"),
        ({"after": {"change": 2**60}}, "whole number"),
        ({"after": {"others": "not-a-list"}}, "list"),
        ({"after": {"emergency": 1}}, "true or false"),
        ({"subject": "张三"}, "is not a name"),
        ({"actor": "li\x00"}, "is not a name"),
        ({"origin": "a" * 201}, "is not a name"),
        ({"subject": "11010519491231002X"}, "ID number"),
    ],
)
def test_what_may_not_be_written_is_refused(chain: Store, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ActRefused, match=message) as refused, chain.begin() as tx:
        audit.append(tx, act(11, **change))
    for secret in ("13800138000", "11010519491231002X", "6222"):
        assert secret not in str(refused.value)
    assert verdict(chain).findings == []


TAMPERINGS: dict[str, tuple[list[str], list[tuple[int, str]]]] = {
    "changed": (["UPDATE audit SET actor = 'wang' WHERE seq = 4"], [(4, "changed")]),
    "after changed": (["UPDATE audit SET after = '{\"change\"\\:9}' WHERE seq = 4"], [(4, "changed")]),
    "time changed": (["UPDATE audit SET at_ms = at_ms - 1 WHERE seq = 4"], [(4, "changed")]),
    "spaces in the JSON": (["UPDATE audit SET before = '{ }' WHERE seq = 4"], [(4, "unreadable")]),
    "no JSON": (["UPDATE audit SET before = 'x' WHERE seq = 4"], [(4, "unreadable")]),
    "JSON that is no object": (["UPDATE audit SET before = '[]' WHERE seq = 4"], [(4, "unreadable")]),
    "hash changed": (["UPDATE audit SET hash = previous_hash WHERE seq = 4"], [(4, "changed"), (5, "unlinked")]),
    "removed": (["DELETE FROM audit WHERE seq = 4"], [(4, "missing")]),
    "several removed": (["DELETE FROM audit WHERE seq IN (4, 5, 6)"], [(4, "missing")]),
    "first removed": (["DELETE FROM audit WHERE seq <= 3"], [(1, "missing")]),
    "last removed": (["DELETE FROM audit WHERE seq > 8"], [(9, "cut-off")]),
    "all removed": (["DELETE FROM audit"], [(1, "cut-off")]),
    "removed and closed up": (
        ["DELETE FROM audit WHERE seq = 9", "UPDATE audit SET seq = 9 WHERE seq = 10"],
        [(9, "moved"), (10, "cut-off")],
    ),
    "exchanged": (
        [
            "UPDATE audit SET seq = -1 WHERE seq = 4",
            "UPDATE audit SET seq = 4 WHERE seq = 5",
            "UPDATE audit SET seq = 5 WHERE seq = -1",
        ],
        [(4, "moved"), (5, "moved"), (6, "unlinked")],
    ),
    "inserted after the end": (
        [
            "INSERT INTO audit SELECT 11, at_ms, 'wang', origin, action, subject, before, after, hash, hash "
            "FROM audit WHERE seq = 10"
        ],
        [(11, "changed"), (11, "beyond-end")],
    ),
    "inserted before the first": (
        [
            "INSERT INTO audit SELECT 0, 1, 'wang', origin, action, subject, before, after, hash, hash FROM audit WHERE seq = 1"
        ],
        [(0, "out-of-order"), (0, "changed"), (1, "unlinked")],
    ),
    "inserted between": (
        [
            "UPDATE audit SET seq = 11 WHERE seq = 10",
            "INSERT INTO audit SELECT 10, at_ms, actor, origin, action, subject, before, after, previous_hash, hash "
            "FROM audit WHERE seq = 9",
        ],
        [(10, "moved"), (11, "moved"), (11, "beyond-end")],
    ),
    "no end row": (["DELETE FROM audit_head"], [(10, "no-head")]),
    "end row set back": (["UPDATE audit_head SET seq = 8"], [(9, "beyond-end")]),
    "end row with another hash": (["UPDATE audit_head SET hash = 'ab'"], [(10, "end-differs")]),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_is_found_where_it_was_done(chain: Store, tamper: Callable[..., None], what: str) -> None:
    statements, expected = TAMPERINGS[what]
    tamper(*statements)
    assert found(chain) == expected


def test_bytes_that_are_no_text_are_found_too(chain: Store, tamper: Callable[..., None]) -> None:
    with chain.read() as tx:
        if tx.dialect.name != "sqlite":
            pytest.skip("PostgreSQL itself refuses such bytes")
    tamper(
        "UPDATE audit SET actor = CAST(x'ff80' AS TEXT) WHERE seq = 4", "UPDATE audit SET at_ms = 'soon' WHERE seq = 6"
    )
    assert found(chain) == [(4, "unreadable"), (6, "unreadable")]


def test_a_chain_written_anew_from_there_on_is_found_by_its_anchor(chain: Store, tamper: Callable[..., None]) -> None:
    """Whoever knows how it is made can make it fit, but not the anchor outside."""
    anchors = anchor_of(chain, 9)
    tamper("UPDATE audit SET actor = 'wang' WHERE seq = 4")
    for row in rechained(chain, 4):
        tamper(
            "UPDATE audit SET hash = :hash, previous_hash = :previous_hash WHERE seq = :seq",
            "UPDATE audit_head SET hash = :hash WHERE seq = :seq",
            **row,
        )
    assert found(chain) == []
    assert found(chain, anchors) == [(9, "rewritten")]


def test_an_end_cut_off_with_its_end_row_is_found_by_its_anchor(chain: Store, tamper: Callable[..., None]) -> None:
    anchors = anchor_of(chain, 10)
    tamper(
        "DELETE FROM audit WHERE seq > 7",
        "UPDATE audit_head SET seq = 7, hash = (SELECT hash FROM audit WHERE seq = 7)",
    )
    assert found(chain) == []
    assert found(chain, anchors) == [(8, "cut-off")]


def test_old_entries_may_go_where_an_anchor_vouches_for_them(chain: Store, tamper: Callable[..., None]) -> None:
    """The documented maintenance: what was exported and anchored may be removed from the beginning."""
    anchors = anchor_of(chain, 5)
    tamper("DELETE FROM audit WHERE seq <= 5")
    assert found(chain) == [(1, "missing")]
    check = verdict(chain, anchors)
    assert (check.findings, check.first_seq, check.count) == ([], 6, 5)


def test_an_anchor_that_fits_is_counted(chain: Store) -> None:
    assert verdict(chain, anchor_of(chain, 9)).confirmed == 1


def test_a_chain_in_ruins_takes_bounded_room(chain: Store) -> None:
    check = ChainCheck(CODE, {})
    for number in range(3000):
        check.feed(RawEntry(number * 2, 1, "a", "b", "c", "d", "{}", "{}", "e", "f"))
    assert len(check.findings) == 1000 < check.faults


def test_entries_are_found_by_what_is_asked(chain: Store) -> None:
    with chain.begin() as tx:
        audit.append(tx, act(50, actor="wang_1", action="key.approved", subject="other", at_ms=9000))
    with chain.read() as tx:

        def seqs(**asked: Any) -> list[int]:
            return [one.seq for one in audit_reading.found(tx, Wanted(**asked), 100)]

        assert seqs(actor="wang*") == seqs(action="key.app*") == seqs(subject="oth*") == seqs(from_ms=9000) == [11]
        assert seqs(actor="wang%") == seqs(actor="wangx1") == []
        assert seqs(action="audit.opened") == seqs(to_ms=6) == [1]
        assert seqs(subject="key-1*") == [10]
        assert [one.seq for one in audit_reading.found(tx, Wanted(), 3)] == [9, 10, 11]
        assert audit_reading.seqs_in(tx, Wanted(from_ms=1003, to_ms=1006)) == (3, 5)
        assert audit_reading.seqs_in(tx, Wanted(from_ms=99_999)) is None
