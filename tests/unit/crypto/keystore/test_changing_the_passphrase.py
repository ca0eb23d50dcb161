"""A new master key: whenever the process that changes it dies, one passphrase that is there opens everything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from crypto import keystore_file, passphrase
from crypto.contract import KeyUnusable
from crypto.generate import generate_key
from crypto.key_reasons import KeyReason
from crypto.keystore import Keystore
from crypto.passphrase import FilePassphrase, PromptedPassphrase

OLD, NEW = "correct horse battery", "a second, longer passphrase"


class Died(BaseException):
    """The power went."""


class Place:
    """A keystore with data sealed under one of its keys, and its passphrase file elsewhere."""

    def __init__(self, root: Path):
        (root / "secrets").mkdir()
        self.words = root / "secrets" / "passphrase"
        self.words.touch(0o600)
        self.words.write_text(OLD)
        store = Keystore.create(root / "keystore.json", FilePassphrase(self.words))
        store.add("segment-data", "encrypt", generate_key("aes-256"), state="ACTIVE")
        store.add("sms", "sign", generate_key("hmac"), state="ACTIVE")
        store.add("theirs", "verify", generate_key("sm2").public_only(), state="ACTIVE")
        store.save()
        self.path = store.path
        self.sealed = store.segment_sealer("segment-data").seal(b"data at rest", "place")

    def opened(self) -> Keystore:
        return Keystore.open(self.path, FilePassphrase(self.words), today=lambda: date(2026, 5, 1))

    def whole(self, store: Keystore) -> bool:
        return store.segment_sealer("segment-data").unseal(self.sealed, "place") == b"data at rest"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def change(store: Keystore, words: str) -> None:
    with store.changing() as draft:
        draft.change_passphrase(words)


def test_data_and_running_processes_go_on(place: Place) -> None:
    running = [place.opened(), place.opened()]
    change(running[0], NEW)
    assert place.words.read_text().strip() == NEW
    assert not place.words.with_name("passphrase.next").exists()
    assert running[1].reload() is True
    for store in (*running, place.opened()):
        assert place.whole(store)
        assert store.reload() is False
    with pytest.raises(KeyUnusable, match="wrong passphrase"):
        Keystore.open(place.path, OLD)
    change(running[1], OLD + " again")
    running[0].reload()
    assert place.whole(running[0])


def _dying_at(monkeypatch: pytest.MonkeyPatch, step: int) -> Callable[[], int]:
    """Every disk operation counts; the process dies before the one of that number."""
    done = [0]

    def counted(plain: Callable[..., object]) -> Callable[..., object]:
        def operation(*arguments: object, **options: object) -> object:
            if done[0] == step:
                raise Died
            done[0] += 1
            return plain(*arguments, **options)

        return operation

    monkeypatch.setattr(keystore_file.os, "fsync", counted(keystore_file.os.fsync))
    monkeypatch.setattr(Path, "replace", counted(Path.replace))
    monkeypatch.setattr(keystore_file.os, "fdopen", counted(keystore_file.os.fdopen))
    return lambda: done[0]


def test_death_at_every_step(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before = place.path.read_bytes()
    outcomes = []
    for step in range(40):
        running, dying = place.opened(), place.opened()
        with monkeypatch.context() as patched:
            count = _dying_at(patched, step)
            try:
                change(dying, f"{NEW} {step}")
            except Died:
                outcomes.append(place.path.read_bytes() != before)
            else:
                assert count() <= step
                break
        running.reload()
        assert place.whole(running)
        assert place.whole(place.opened())
        before = place.path.read_bytes()
    assert False in outcomes
    assert True in outcomes  # it died before and after the keystore itself was written
    assert place.words.read_text().strip() == f"{NEW} {step}"
    assert place.whole(place.opened())


def test_a_change_after_one_that_died_keeps_what_is_in_force(place: Place) -> None:
    """The second change must not overwrite the only copy of the passphrase that opens the keystore."""
    store = place.opened()
    store.change_passphrase(NEW)
    place.words.with_name("passphrase.next").touch(0o600)
    place.words.with_name("passphrase.next").write_text(NEW)
    keystore_file.replace_file(
        place.path, keystore_file.rendered({"revision": 3, "entries": []}, store._master)
    )  # died here
    again = place.opened()
    again.add("late", "field", generate_key("hmac"))
    again._opener.stage("a third, longer passphrase", again._read.content)
    assert place.words.read_text() == NEW
    assert place.opened().entries() == []


def test_a_place_that_cannot_be_written_changes_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(_path: Path, _octets: bytes) -> None:
        raise OSError(30, "Read-only file system")

    store, octets = place.opened(), place.path.read_bytes()
    with monkeypatch.context() as patched, pytest.raises(KeyUnusable, match="nothing was changed") as refused:
        patched.setattr(passphrase.keystore_file, "replace_file", read_only)
        change(store, NEW)
    assert refused.value.reason is KeyReason.PASSPHRASE_SOURCE
    assert place.path.read_bytes() == octets
    assert place.whole(store)


def test_a_process_that_cannot_know_the_new_one_says_so_and_keeps_its_keys(place: Place) -> None:
    asked = PromptedPassphrase(ask=lambda _: OLD, at_terminal=lambda: True)
    prompted, fixed = Keystore.open(place.path, asked), Keystore.open(place.path, OLD)
    change(place.opened(), NEW)
    for store in (prompted, fixed):
        for _ in range(2):
            with pytest.raises(KeyUnusable, match="put the new one there, or open it anew") as refused:
                store.reload()
            assert refused.value.reason is KeyReason.PASSPHRASE_CHANGED
            assert place.whole(store)


def test_what_failed_is_not_derived_for_every_message(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store = place.opened()
    change(place.opened(), NEW)
    place.words.write_text("not yet told to this node")
    derived: list[str] = []
    plain = keystore_file.MasterKey.derive
    monkeypatch.setattr(
        keystore_file.MasterKey, "derive", lambda words, how: derived.append(words) or plain(words, how)
    )
    for _ in range(5):
        with pytest.raises(KeyUnusable):
            store.reload()
    assert len(derived) == 1
    place.words.write_text(NEW)
    assert store.reload() is True
    assert place.whole(store)


def test_who_changed_it_goes_on_under_the_new_one(place: Place) -> None:
    asked = PromptedPassphrase(ask=lambda _: OLD, at_terminal=lambda: True)
    store = Keystore.open(place.path, asked)
    change(store, NEW)
    assert asked.candidates() == (NEW,)
    store.add("late", "field", generate_key("hmac"))
    store.save()
    assert place.whole(Keystore.open(place.path, asked))
    with pytest.raises(KeyUnusable, match="at least 12"):
        change(store, "short")
    assert place.whole(store)
