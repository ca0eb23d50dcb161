"""The inbox: a name means one content; what contradicts it is kept and never applied."""

from __future__ import annotations

import dataclasses

from gateway.store import inbox
from gateway.store.inbox import Received
from gateway.store.records import InboxState


def test_a_new_message_is_kept_whole(store, content) -> None:
    with store.begin() as tx:
        message, received = inbox.receive(tx, "rural", "R1", content("a"), b"sig", 5)
    assert received is Received.NEW
    assert (message.bank, message.name, message.signature, message.state) == (
        "rural",
        "R1",
        b"sig",
        InboxState.RECEIVED,
    )
    assert (message.received_at_ms, message.applied_at_ms, message.reason) == (5, None, None)
    with store.read() as tx:
        assert inbox.by_id(tx, message.inbox_id) == message


def test_the_same_bytes_again_are_the_first_message(store, content) -> None:
    with store.begin() as tx:
        first, _ = inbox.receive(tx, "rural", "R1", content("a"), None, 5)
        again, received = inbox.receive(tx, "rural", "R1", content("a"), None, 6)
        inbox.applied(tx, first.inbox_id, "key-1", 7)
        later, still = inbox.receive(tx, "rural", "R1", content("a"), None, 8)
    assert (received, still) == (Received.SAME, Received.SAME)
    assert again == first
    assert (later.state, later.key_id, later.applied_at_ms) == (InboxState.APPLIED, "key-1", 7)


def test_names_belong_to_a_bank(store, content) -> None:
    with store.begin() as tx:
        for bank, name in (("rural", "R1"), ("city", "R1"), ("rural", "R2")):
            assert inbox.receive(tx, bank, name, content("a"), None, 5)[1] is Received.NEW


def test_other_bytes_under_a_taken_name_are_quarantined(store, content) -> None:
    with store.begin() as tx:
        inbox.receive(tx, "rural", "R1", content("a"), None, 5)
        other, received = inbox.receive(tx, "rural", "R1", content("b"), None, 6)
        again, same = inbox.receive(tx, "rural", "R1", content("b"), None, 7)
        assert (received, same) == (Received.CONFLICT, Received.SAME)
        assert (other.state, other.reason) == (InboxState.QUARANTINED, "conflict")
        assert again == other
        assert not inbox.applied(tx, other.inbox_id, "key-1", 8)
        assert inbox.quarantined(tx, 9) == [other]


def test_other_bytes_after_an_applied_message_are_quarantined(store, content) -> None:
    with store.begin() as tx:
        first, _ = inbox.receive(tx, "rural", "R1", content("a"), None, 5)
        inbox.applied(tx, first.inbox_id, "key-1", 6)
        assert inbox.receive(tx, "rural", "R1", content("b"), None, 7)[1] is Received.CONFLICT


def test_a_bank_may_correct_a_message_that_was_quarantined(store, content) -> None:
    with store.begin() as tx:
        first, _ = inbox.receive(tx, "rural", "R1", content("broken"), None, 5)
        assert inbox.quarantine(tx, first.inbox_id, "signature invalid", 6)
        second, received = inbox.receive(tx, "rural", "R1", content("good"), None, 7)
        assert received is Received.NEW
        assert inbox.applied(tx, second.inbox_id, "key-1", 8)
        assert not inbox.quarantine(tx, second.inbox_id, "too late", 9)
        assert inbox.receive(tx, "rural", "R1", content("third"), None, 9)[1] is Received.CONFLICT
        assert [m.reason for m in inbox.quarantined(tx, 9)] == ["conflict", "signature invalid"]
        assert len(inbox.quarantined(tx, 1)) == 1


def test_a_bank_may_correct_a_signature_alone(store, content) -> None:
    with store.begin() as tx:
        first, _ = inbox.receive(tx, "rural", "R1", content("same"), b"broken", 1)
        inbox.quarantine(tx, first.inbox_id, "signature", 2)
        again, received = inbox.receive(tx, "rural", "R1", content("same"), b"broken", 3)
        assert (again.inbox_id, received) == (first.inbox_id, Received.SAME)
        mended, received = inbox.receive(tx, "rural", "R1", content("same"), b"good", 4)
        assert (mended.inbox_id, received) == (first.inbox_id, Received.NEW)
        assert (mended.state, mended.signature, mended.reason) == (InboxState.RECEIVED, b"good", None)
        inbox.applied(tx, mended.inbox_id, "key", 5)
        _, received = inbox.receive(tx, "rural", "R1", content("same"), b"other", 6)
        assert received is Received.SAME


def test_what_nobody_has_read_yet_is_waiting(store, content) -> None:
    with store.begin() as tx:
        read, _ = inbox.receive(tx, "rural", "R1", content("a"), None, 5)
        inbox.receive(tx, "rural", "R2", content("b"), None, 5)
        inbox.receive(tx, "city", "R3", content("c"), None, 5)
        assert inbox.waiting(tx, "rural") == {"R1", "R2"}
        inbox.quarantine(tx, read.inbox_id, "broken", 6)
        assert inbox.waiting(tx, "rural") == {"R2"}


def test_what_was_seen_under_a_name(store, content) -> None:
    with store.begin() as tx:
        for name, what in (("R1", "aa"), ("R1", "bbb"), ("R2", "c")):
            inbox.receive(tx, "rural", name, dataclasses.replace(content(what), size=len(what)), None, 5)
        assert inbox.seen(tx, "rural") == {"R1": (2, 3), "R2": (1,)}
        assert inbox.seen(tx, "rural", ["R2", "R3"]) == {"R2": (1,)}
        assert inbox.seen(tx, "city") == {}


def test_a_remote_listing_is_remembered(store) -> None:
    with store.begin() as tx:
        inbox.remember_listing(tx, "rural", "/out/R1", 10, 1_700_000_000)
        inbox.remember_listing(tx, "rural", "/out/R2", 20, 1_700_000_001)
        inbox.remember_listing(tx, "rural", "/out/R1", 11, 1_700_000_009)
        assert inbox.listing(tx, "rural") == {"/out/R1": (11, 1_700_000_009), "/out/R2": (20, 1_700_000_001)}
        assert inbox.listing(tx, "city") == {}
