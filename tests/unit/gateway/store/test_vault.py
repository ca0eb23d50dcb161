"""The vault: whole or not at all, sealed, verified, and honest about a full disk."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import os
import resource
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.contract import KeyUnusable, SealBroken
from crypto.sealing import StreamSealer
from gateway.store import vault as vault_module
from gateway.store import vault_writer
from gateway.store.records import Content
from gateway.store.vault import ContentTooLarge, Vault, VaultDamaged, VaultFull

CHUNK = 4_096


class PlainSealer:
    """The smallest thing with the sealer's interface: a context line, the bytes turned over, a checksum."""

    def writer(self, raw: BinaryIO, context: str) -> PlainWriter:
        raw.write(context.encode() + b"\n")
        return PlainWriter(raw)

    def reader(self, raw: BinaryIO, context: str) -> Iterator[bytes]:
        if raw.readline() != context.encode() + b"\n":
            raise SealBroken("elsewhere")
        body = raw.read()
        plain = bytes(byte ^ 255 for byte in body[:-4])
        if zlib.crc32(plain).to_bytes(4, "big") != body[-4:]:
            raise SealBroken("changed")
        yield plain


class PlainWriter:
    def __init__(self, raw: BinaryIO):
        self._raw, self._sum = raw, 0

    def write(self, data: bytes) -> int:
        self._sum = zlib.crc32(data, self._sum)
        return self._raw.write(bytes(byte ^ 255 for byte in data))

    def close(self) -> None:
        self._raw.write(self._sum.to_bytes(4, "big"))


@pytest.fixture(params=["plain", "AES"])
def vault(request: pytest.FixtureRequest, tmp_path: Path) -> Vault:
    sealer = PlainSealer() if request.param == "plain" else StreamSealer({"k": b"7" * 32}, "k", chunk_bytes=CHUNK)
    return Vault(tmp_path / "vault", sealer)


def store(vault: Vault, *parts: bytes) -> Content:
    with vault.create("text/csv; charset=gb18030") as writer:
        for part in parts:
            writer.write(part)
        return writer.commit()


def files(vault: Vault) -> list[Path]:
    return sorted(path for path in vault._root.rglob("*") if path.is_file())


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 5 * CHUNK])
def test_bytes_come_back_with_their_digest(vault: Vault, size: int) -> None:
    data = os.urandom(size)
    content = store(vault, data[:10], data[10:])
    assert content == Content(content.vault_name, hashlib.sha256(data).hexdigest(), size, "text/csv; charset=gb18030")
    assert b"".join(vault.open(content)) == vault.read(content, size) == data


def test_nothing_lies_in_the_open(vault: Vault) -> None:
    store(vault, b"6228480000000012345 " * 50)
    assert [b"62284800" in path.read_bytes() for path in files(vault)] == [False]
    assert files(vault)[0].stat().st_mode & 0o777 == 0o600


def test_equal_content_is_two_files(vault: Vault) -> None:
    first, second = store(vault, b"same"), store(vault, b"same")
    assert first.sha256 == second.sha256
    assert first.vault_name != second.vault_name
    assert vault.read(first, 9) == vault.read(second, 9) == b"same"


def test_what_was_not_committed_leaves_nothing(vault: Vault) -> None:
    with pytest.raises(RuntimeError), vault.create("x") as writer:
        writer.write(b"half")
        raise RuntimeError("the sender went away")
    writer = vault.create("x")
    writer.write(b"half")
    writer.abandon()
    writer.abandon()
    assert files(vault) == []
    with pytest.raises(ValueError, match="committed or abandoned"):
        writer.commit()


def test_a_content_is_committed_once(vault: Vault) -> None:
    with vault.create("x") as writer:
        content = writer.commit()
        with pytest.raises(ValueError, match="before"):
            writer.commit()
    assert vault.read(content, 9) == b""


def test_it_is_on_disk_before_commit_returns(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda handle: (synced.append(str(Path(f"/proc/self/fd/{handle}").readlink())), real(handle))
    )
    content = store(vault, b"x")
    directory = str(vault._root / content.vault_name[:2])
    assert "unfinished" in synced[0]
    assert synced[1:] == [directory, str(vault._root)]


@pytest.mark.parametrize("place", [0, 10, -1])
def test_a_changed_byte_is_noticed(vault: Vault, place: int) -> None:
    content = store(vault, b"0123456789" * 1_000)
    path = vault._root / content.vault_name
    changed = bytearray(path.read_bytes())
    changed[place] ^= 1
    path.write_bytes(changed)
    with pytest.raises(VaultDamaged, match="backup"):
        vault.read(content, 10**6)


def test_a_cut_file_is_noticed(vault: Vault) -> None:
    content = store(vault, b"0123456789" * 1_000)
    path = vault._root / content.vault_name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(VaultDamaged):
        vault.read(content, 10**6)


def test_a_lost_file_is_named(vault: Vault) -> None:
    content = store(vault, b"x")
    (vault._root / content.vault_name).unlink()
    with pytest.raises(VaultDamaged, match=content.vault_name):
        vault.read(content, 9)


def test_files_cannot_be_exchanged(vault: Vault) -> None:
    first, second = store(vault, b"same"), store(vault, b"same")
    (vault._root / first.vault_name).replace(vault._root / second.vault_name)
    with pytest.raises(VaultDamaged):
        vault.read(second, 9)


def test_another_digest_or_size_is_noticed(vault: Vault) -> None:
    content = store(vault, b"abc")
    for wrong in ({"sha256": "0" * 64}, {"size": 2}):
        with pytest.raises(VaultDamaged, match="not those that were stored"):
            vault.read(dataclasses.replace(content, **wrong), 9)


@pytest.mark.parametrize("name", ["../../etc/passwd", "ab/../../x", "/etc/passwd", "", "ab/" + "0" * 29 + "\n"])
def test_a_name_that_the_vault_never_gave(vault: Vault, name: str) -> None:
    with pytest.raises(VaultDamaged, match="never gave"):
        vault.read(Content(name, "0" * 64, 1, "x"), 9)


def test_a_reader_sets_its_limit(vault: Vault) -> None:
    with pytest.raises(ContentTooLarge, match="5 bytes is above 4"):
        vault.read(store(vault, b"12345"), 4)


def test_a_disk_that_takes_no_more(vault: Vault) -> None:
    """The kernel itself refuses: a file may not grow beyond the process's limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(VaultFull, match="free some space"), vault.create("x") as writer:
            for _ in range(100):
                writer.write(bytes(10_000))
            writer.commit()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(vault) == []
    assert vault.read(store(vault, b"and it goes on"), 99) == b"and it goes on"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_full_when_it_is_flushed(vault: Vault, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(vault_module.os, "fsync", refuse)
    with pytest.raises(VaultFull), vault.create("x") as writer:
        writer.write(b"abc")
        writer.commit()
    assert files(vault) == []


def test_a_disk_that_has_no_room_for_a_name(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> BinaryIO:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(vault_writer, "_private", refuse)
    with pytest.raises(VaultFull):
        vault.create("x")


def test_a_sealer_without_a_key_leaves_nothing(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault", StreamSealer({"k": b"7" * 32}, None))
    with pytest.raises(KeyUnusable):
        vault.create("x")
    assert files(vault) == []


def test_another_fault_of_the_disk_is_not_called_full(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(vault_module.os, "fsync", refuse)
    with pytest.raises(OSError, match="Input/output"), vault.create("x") as writer:
        writer.commit()
    assert files(vault) == []


def test_orphans_are_removed_and_nothing_else(vault: Vault) -> None:
    kept, orphan, fresh = store(vault, b"a"), store(vault, b"b"), store(vault, b"c")
    dead = vault.create("x")
    for path in [vault._root / orphan.vault_name, vault._root / kept.vault_name, *vault._root.glob("unfinished/*")]:
        os.utime(path, (1_000, 1_000))
    assert vault.remove_orphans({kept.vault_name}, older_than_ms=2_000_000) == 2
    assert {path.name for path in files(vault)} == {kept.vault_name[3:], fresh.vault_name[3:]}
    dead.abandon()


@settings(max_examples=30, deadline=None)
@given(parts=st.lists(st.binary(max_size=3 * CHUNK), max_size=6))
def test_any_parts_come_back(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]) -> None:
    vault = Vault(tmp_path_factory.mktemp("vault"), StreamSealer({"k": b"7" * 32}, "k", chunk_bytes=CHUNK))
    assert b"".join(vault.open(store(vault, *parts))) == b"".join(parts)
