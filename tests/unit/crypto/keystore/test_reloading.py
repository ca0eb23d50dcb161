"""``reload`` before every message: a stat when nothing changed, the newest keys when something did, the old ones if not."""

from __future__ import annotations

import os
import threading
from datetime import date
from pathlib import Path

import pytest

from crypto import keystore_file
from crypto.contract import KeyUnusable
from crypto.generate import generate_key
from crypto.key_entry import KeyState
from crypto.key_reasons import KeyReason
from crypto.keystore import Keystore


def settle(path: Path) -> None:
    """As if the file had been written a while ago."""
    octets = path.read_bytes()
    path.write_bytes(octets)


@pytest.fixture
def other(keystore: Keystore, passphrase: str) -> Keystore:
    return Keystore.open(keystore.path, passphrase, today=lambda: date(2026, 5, 1))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Which files were read, by a clock under which every file is old."""
    read: list[Path] = []
    plain = keystore_file.read_octets
    monkeypatch.setattr(keystore_file, "SETTLED_NS", -(10**15))
    monkeypatch.setattr(keystore_file, "read_octets", lambda path: read.append(path) or plain(path))
    return read


def test_an_unchanged_file_is_not_read(keystore: Keystore, reads: list[Path]) -> None:
    keystore.reload()
    reads.clear()
    assert not any(keystore.reload() for _ in range(1000))
    assert reads == []
    settle(keystore.path)
    assert keystore.reload() is False
    assert len(reads) == 1


def test_a_young_file_is_read_again_until_its_time_stamp_can_be_trusted(
    keystore: Keystore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writes within one tick of the clock look the same to stat."""
    monkeypatch.setattr(keystore_file, "SETTLED_NS", 10**15)
    for _ in range(3):
        keystore.reload()
        assert keystore._read.stamp is None


def test_same_size_same_time(keystore: Keystore, other: Keystore, reads: list[Path]) -> None:
    """A time stamp set back by hand does not hide a change."""
    entry = keystore.add("ours", "sign", generate_key("hmac"), key_id="k", state="ACTIVE")
    keystore.save()
    assert other.reload() is True
    before = keystore.path.stat()
    keystore.move("ours", entry.key_id, "REVOKED")
    keystore.save()
    os.utime(keystore.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert other.reload() is True
    assert other.entries("ours")[0].state is KeyState.REVOKED
    assert reads


def test_a_tampered_or_vanished_file_leaves_the_old_keys(keystore: Keystore, other: Keystore) -> None:
    keystore.add("sms", "sign", generate_key("hmac"), state="ACTIVE")
    keystore.save()
    other.reload()
    octets, secret = keystore.path.read_bytes(), other.hmac_key("sms")
    for change, reason in (
        (lambda: keystore.path.write_bytes(octets[:-9]), KeyReason.TAMPERED),
        (lambda: keystore.path.write_bytes(b""), KeyReason.TAMPERED),
        (keystore.path.unlink, KeyReason.UNREADABLE),
        (lambda: keystore.path.mkdir(), KeyReason.UNREADABLE),
    ):
        change()
        for _ in range(2):
            with pytest.raises(KeyUnusable) as refused:
                other.reload()
            assert refused.value.reason is reason
            assert other.hmac_key("sms") == secret
    keystore.path.rmdir()
    keystore.path.write_bytes(octets)
    assert other.reload() is False
    assert other.hmac_key("sms") == secret


def test_an_older_revision_or_another_of_the_same_number(keystore: Keystore, other: Keystore) -> None:
    first = keystore.path.read_bytes()
    keystore.add("a", "field", generate_key("hmac"))
    keystore.save()
    other.reload()
    keystore.path.write_bytes(first)
    fork = Keystore.open(keystore.path, "correct horse battery")
    fork.add("b", "field", generate_key("hmac"))
    for _ in range(2):
        with pytest.raises(KeyUnusable, match="older") as refused:
            other.reload()
        assert refused.value.reason is KeyReason.OLDER_REVISION
        fork.save()
        fork.revision = 1  # the second round: another revision 2


def test_threads_that_reload_while_keys_and_passphrase_change(keystore: Keystore, passphrase: str) -> None:
    """Nobody ever sees entries without the master key that opens them."""
    keystore.add("sms", "sign", generate_key("hmac"), state="ACTIVE")
    keystore.save()
    secret, over, wrong = keystore.hmac_key("sms"), threading.Event(), []
    writer = Keystore.open(keystore.path, keystore.passphrase_source)

    def read() -> None:
        while not over.is_set():
            try:
                keystore.reload()
                assert keystore.hmac_key("sms") == secret
            except Exception as error:
                wrong.append(error)
                return

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(6):
        writer.add(f"further-{number}", "field", generate_key("hmac"))
        if number % 3 == 2:
            writer.change_passphrase(f"{passphrase} {number}")
        writer.save()
    over.set()
    for thread in threads:
        thread.join()
    keystore.reload()
    assert wrong == []
    assert keystore.revision == writer.revision == 8


def test_a_draft_is_seen_by_nobody_before_it_is_saved(keystore: Keystore, other: Keystore) -> None:
    other.add("unsaved", "field", generate_key("hmac"))
    with keystore.changing() as draft:
        entry = draft.add("ours", "sign", generate_key("hmac"), state="ACTIVE")
        with pytest.raises(KeyUnusable, match="no key alias"):
            keystore.hmac_key("ours")
        with pytest.raises(RuntimeError, match="saves when"):
            draft.save()
    assert keystore.entries("ours") == [entry]
    with other.changing() as draft:
        assert draft.entries() == [entry]  # the newest state, without what was never saved
        draft.move("ours", entry.key_id, "RETIRING")
    assert keystore.reload() is True
    assert keystore.revision == other.revision == 3


def test_a_draft_that_fails_changes_nothing(keystore: Keystore) -> None:
    octets = keystore.path.read_bytes()

    def fail() -> None:
        with keystore.changing() as draft:
            draft.add("ours", "sign", generate_key("hmac"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert keystore.entries() == []
    assert keystore.path.read_bytes() == octets
    keystore.add("ours", "sign", generate_key("hmac"))
    keystore.save()


def test_a_full_disk_is_told_and_harms_nothing(keystore: Keystore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _octets: bytes) -> None:
        raise OSError(28, "No space left on device")

    keystore.add("ours", "sign", generate_key("hmac"))
    with monkeypatch.context() as patched, pytest.raises(KeyUnusable, match="No space left") as refused:
        patched.setattr(keystore_file, "replace_file", full)
        keystore.save()
    assert refused.value.reason is KeyReason.UNREADABLE
    keystore.save()
