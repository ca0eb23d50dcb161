"""Our own side of a bank's root: whole or not at all, and an honest word when the disk fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.endpoints import SftpServerEndpoint
from gateway.transports.contract import FileTransport, Misconfigured, RemoteFile, TransportFault
from gateway.transports.exchange_directory import ExchangeDirectory
from gateway.transports.rename_new import rename_new
from gateway.transports.sftp_server_root import BankRoot

NAME = "DF1.txt"


def endpoint(**changes: Any) -> SftpServerEndpoint:
    values: dict[str, Any] = {
        "kind": "sftp-server",
        "username": "village",
        "user_keys": ("ssh-ed25519 AAAA",),
        "outgoing_directory": "/out",
        "acknowledgement_directory": "/ack",
        "result_directory": "/ack",
    }
    return SftpServerEndpoint(**(values | changes))


@pytest.fixture
def files(tmp_path: Path) -> FileTransport:
    return ExchangeDirectory(tmp_path / "sftp", endpoint())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "sftp" / "village" / "out"


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_what_is_put_comes_back(files: FileTransport, out: Path, size: int) -> None:
    body = os.urandom(size)
    files.put("/out", NAME, [body[: size // 2], body[size // 2 :]], size)
    assert b"".join(files.get("/out/", NAME, size)) == body
    assert files.find("out", NAME) == RemoteFile(NAME, size, int((out / NAME).stat().st_mtime))
    assert (out / NAME).stat().st_mode & 0o777 == 0o600 and out.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in out.iterdir()] == [NAME]


def test_a_listing_has_finished_files_oldest_first(files: FileTransport, out: Path) -> None:
    assert files.list("/ack") == []
    ack = out.parent / "ack"
    for age, name in ((1, "b"), (3, "c"), (3, "a"), (9, "x.tmp"), (9, "x.FILEPART"), (9, ".x.part"), (9, "x\n")):
        (ack / name).write_bytes(b"x" * age)
        os.utime(ack / name, (1000 - age, 1000 - age))
    (ack / "directory").mkdir()
    (ack / "link").symlink_to(ack / "a")
    Path(os.fsdecode(os.fsencode(ack) + b"/" + "回单".encode("gbk"))).write_bytes(b"x")
    assert [file.name for file in files.list("/ack")] == ["a", "c", "b"]


@pytest.mark.parametrize("declared", [2, 4])
def test_a_body_of_another_size_than_declared_is_not_shown(files: FileTransport, out: Path, declared: int) -> None:
    with pytest.raises(TransportFault) as caught:
        files.put("/out", NAME, [b"abc"], declared)
    assert caught.value.maybe_sent is False
    assert files.find("/out", NAME) is None
    files.put("/out", NAME, [b"abc"], 3)
    assert (out / NAME).read_bytes() == b"abc"


def test_a_source_that_breaks_off_shows_nothing_and_its_error_is_its_own(files: FileTransport) -> None:
    def source() -> Iterator[bytes]:
        yield b"a"
        raise RuntimeError("the vault")

    with pytest.raises(RuntimeError, match="the vault"):
        files.put("/out", NAME, source(), 2)
    assert files.find("/out", NAME) is None


@pytest.mark.parametrize(
    ("call", "maybe_sent"), [("write", False), ("file", False), ("rename", False), ("directory", True)]
)
def test_a_disk_that_fails_is_sent_only_once_the_name_is_there(
    files: FileTransport, monkeypatch: pytest.MonkeyPatch, call: str, maybe_sent: bool
) -> None:
    files.list("/out")
    real_fsync, done = os.fsync, []

    def failing(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    def fsync(descriptor: int) -> None:
        done.append(descriptor)
        if (call, len(done)) in {("file", 1), ("directory", 2)}:
            failing()
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    if call == "write":
        monkeypatch.setattr(os, "write", failing)
    if call == "rename":
        monkeypatch.setattr("gateway.transports.sftp_server_root.rename_new", failing)
    with pytest.raises(TransportFault, match="No space left on device") as caught:
        files.put("/out", NAME, [b"abc"], 3)
    assert caught.value.maybe_sent is maybe_sent
    monkeypatch.undo()
    assert (files.find("/out", NAME) is not None) is maybe_sent


def test_the_same_again_is_delivered_and_another_size_is_in_doubt(files: FileTransport, out: Path) -> None:
    files.put("/out", NAME, [b"abc"], 3)
    files.put("/out", NAME, [b"xyz"], 3)  # the same name is the same content: nothing is replaced
    assert (out / NAME).read_bytes() == b"abc"
    with pytest.raises(TransportFault, match="already there with 3 bytes instead of 4") as caught:
        files.put("/out", NAME, [b"abcd"], 4)
    assert caught.value.maybe_sent is True


def test_what_the_bank_took_stays_delivered(files: FileTransport, out: Path, tmp_path: Path) -> None:
    files.put("/out", NAME, [b"abc"], 3)
    assert BankRoot(tmp_path / "sftp", endpoint()).take_away(NAME) == 3
    assert list(out.iterdir()) == []
    seen = files.find("/out", NAME)
    assert seen is not None and seen.size == 3
    files.put("/out", NAME, [b"abc"], 3)
    assert list(out.iterdir()) == []
    with pytest.raises(TransportFault) as caught:
        files.put("/out", NAME, [b"abcd"], 4)
    assert caught.value.maybe_sent is True


@pytest.mark.parametrize("directory", ["", "/", "/nowhere", "/../village/out", "/.upload", "/.taken"])
def test_a_directory_that_is_not_the_banks_is_misconfigured(files: FileTransport, directory: str) -> None:
    for call in (files.list, lambda place: files.find(place, NAME), lambda place: list(files.get(place, NAME, 9))):
        with pytest.raises(Misconfigured, match="has no directory"):
            call(directory)


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "a\nb", "a\x00b"])
def test_a_name_that_is_not_plain_is_refused(files: FileTransport, name: str) -> None:
    with pytest.raises(Misconfigured, match="cannot be a file name"):
        files.put("/out", name, [b"x"], 1)


def test_files_are_put_only_where_the_bank_fetches(files: FileTransport) -> None:
    with pytest.raises(Misconfigured, match="outgoing"):
        files.put("/ack", NAME, [b"x"], 1)


@pytest.mark.parametrize("changes", [{"outgoing_directory": "/a/b"}, {"result_directory": "/"},
                                     {"acknowledgement_directory": "/.upload"}, {"outgoing_directory": "/ack"}])  # fmt: skip
def test_directories_that_cannot_be_are_misconfigured(tmp_path: Path, changes: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match="directory"):
        ExchangeDirectory(tmp_path, endpoint(**changes))


def test_a_file_above_the_limit_or_absent_is_a_fault(files: FileTransport, out: Path) -> None:
    files.put("/out", NAME, [b"abc"], 3)
    with pytest.raises(TransportFault, match="3 bytes, the limit is 2"):
        list(files.get("/out", NAME, 2))
    with pytest.raises(TransportFault, match="no such file"):
        list(files.get("/out", "absent.txt", 2))


@pytest.mark.parametrize("by_kernel", [True, False])
def test_renaming_never_replaces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_kernel: bool) -> None:
    if not by_kernel:
        monkeypatch.setattr("gateway.transports.rename_new._LIBRARY", object())
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(FileExistsError):
            rename_new(descriptor, "a", descriptor, "b")
        with pytest.raises(FileNotFoundError):
            rename_new(descriptor, "absent", descriptor, "c")
        rename_new(descriptor, "a", descriptor, "c")
    finally:
        os.close(descriptor)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b": b"b", "c": b"a"}
