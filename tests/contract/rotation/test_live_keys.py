"""What a running process sees of the keystore: changes at the next look, and never less than it knew."""

from __future__ import annotations

import io
from datetime import date
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from crypto.contract import KeyUnusable
from crypto.key_entry import KeyState, Purpose
from crypto.keystore import Keystore
from crypto.sealing import named_key
from gateway.store import alerts
from gateway.store.database import Store
from gateway.wiring.key_watch import AGAIN_MS, KeyWatch
from gateway.wiring.live_sealers import LiveFiles, LiveIndex, LiveSegments

DATA = "segment-data"


@pytest.fixture
def first(safe: Any) -> Any:
    """A key for data."""
    return safe.add(DATA, Purpose.ENCRYPT, "aes-256")


def test_a_change_is_seen_at_the_next_look(safe, first) -> None:
    live = safe.followed()
    assert live.now().active_key_id(DATA) == first.key_id
    second = safe.replace(DATA, "aes-256")
    assert live.now().active_key_id(DATA) == second.key_id


def test_what_is_made_of_keys_is_kept_until_they_or_the_day_change(safe, first) -> None:
    live, made = safe.followed(), []

    def build(keys: Keystore) -> str:
        made.append(keys.revision)
        return keys.active_key_id(DATA)

    assert {live.kept("x", build) for _ in range(5)} == {first.key_id} and len(made) == 1
    safe.add(DATA, Purpose.ENCRYPT, "aes-256", not_before=date(2026, 11, 25))
    assert live.kept("x", build) == first.key_id and len(made) == 2
    safe.day = date(2026, 11, 25)
    assert live.kept("x", build) != first.key_id and len(made) == 3


def test_what_cannot_be_made_is_told_each_time_and_not_kept(safe, first) -> None:
    live = safe.followed()
    safe.move(first, KeyState.REVOKED)
    for _ in range(2):
        with pytest.raises(KeyUnusable, match="REVOKED"):
            live.kept("x", lambda keys: keys.active_key_id(DATA))


@pytest.mark.parametrize("damage", ["empty", "cut", "octet", "gone", "another"])
def test_a_file_that_cannot_be_read_changes_nothing(safe, first, damage, tmp_path) -> None:
    live, sound = safe.followed(), safe.path.read_bytes()
    safe.replace(DATA, "aes-256")
    coming = safe.path.read_bytes()
    if damage == "gone":
        safe.path.unlink()
    elif damage == "another":
        other = tmp_path / "other.json"
        Keystore.create(other, "another passphrase")
        safe.writing(other.read_bytes())
    else:
        place = coming.index(b"RETIRING")
        safe.writing(
            {"empty": b"", "cut": coming[:-20], "octet": coming[:place] + b"ACTIVE" + coming[place + 8 :]}[damage]
        )
    assert live.now().active_key_id(DATA) == first.key_id
    assert live.trouble is not None and str(safe.path) in live.trouble
    safe.seconds += 5
    safe.writing(coming)
    assert live.now().active_key_id(DATA) != first.key_id and live.trouble is None
    assert sound != coming


def test_an_older_file_does_not_bring_a_revoked_key_back(safe, first) -> None:
    live, older = safe.followed(), safe.path.read_bytes()
    safe.move(first, KeyState.REVOKED)
    with pytest.raises(KeyUnusable):
        live.now().active_key_id(DATA)
    safe.writing(older)
    with pytest.raises(KeyUnusable):
        live.now().active_key_id(DATA)
    assert live.trouble is not None and "older" in live.trouble


def test_columns_are_sealed_with_the_new_key_and_opened_with_both(safe, first) -> None:
    sealer = LiveSegments(safe.followed(), DATA)
    before = sealer.seal(b"before", "here")
    second = safe.replace(DATA, "aes-256")
    after = sealer.seal(b"after", "here")
    assert [named_key(one) for one in (before, after)] == [first.key_id, second.key_id]
    assert [sealer.unseal(one, "here") for one in (before, after)] == [b"before", b"after"]
    safe.move(first, KeyState.RETIRED)
    assert sealer.unseal(before, "here") == b"before"


def test_a_file_is_ended_under_the_key_with_which_it_was_begun(safe, first) -> None:
    sealer, raw = LiveFiles(safe.followed(), DATA), io.BytesIO()
    writer = sealer.writer(raw, "here")
    writer.write(b"first half, ")
    safe.replace(DATA, "aes-256")
    writer.write(b"second half")
    writer.close()
    assert named_key(raw.getvalue()) == first.key_id
    raw.seek(0)
    assert b"".join(sealer.reader(raw, "here")) == b"first half, second half"


def test_tokens_are_made_with_the_active_key(safe) -> None:
    safe.add("blind-index", Purpose.FIELD, "hmac")
    index, names = LiveIndex(safe.followed(), "blind-index"), pl.Series(["a", "b"])
    before = index.tokens(names, "person").tolist()
    assert index.tokens(names, "person").tolist() == before
    safe.replace("blind-index", "hmac")
    assert index.tokens(names, "person").tolist() != before


def test_a_person_is_told_once_and_again_after_an_hour(safe, first, tmp_path) -> None:
    store, clock = Store(f"sqlite:///{tmp_path / 'store.sqlite'}"), SimpleNamespace(at=1_000)
    store.migrate()
    context: Any = SimpleNamespace(store=store, clock=SimpleNamespace(now_ms=lambda: clock.at))
    peers: Any = SimpleNamespace(overdue={})
    live, sound = safe.followed(), safe.path.read_bytes()
    watch = KeyWatch(context, live, peers)

    def told() -> dict[str, int]:
        watch.look()
        with store.read() as tx:
            return {f"{one.kind} {one.key}": one.count for one in alerts.recent(tx, 10)}

    assert told() == {}
    safe.writing(b"nonsense")
    assert told() == told() == {"keystore-unreadable keystore": 1}
    clock.at += AGAIN_MS
    assert told() == {"keystore-unreadable keystore": 2}
    safe.seconds += 5
    safe.writing(sound)
    peers.overdue["bank-ca"] = "it was to be renewed"
    assert told() == {"keystore-unreadable keystore": 2, "revocation-list-overdue bank-ca": 1}
    assert live.now().active_key_id(DATA) == first.key_id and live.trouble is None
    store.dispose()
