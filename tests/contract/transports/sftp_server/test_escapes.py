"""What a bank may not do, whatever it tries; and what somebody planted in its root."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import asyncssh
import pytest

from gateway.transports.contract import TransportFault

Attempt = Callable[[Any], Awaitable[Any]]
REFUSED = (asyncssh.SFTPPermissionDenied, asyncssh.SFTPNoSuchFile, asyncssh.SFTPFailure, asyncssh.SFTPOpUnsupported)


async def _write(sftp: Any, path: str | bytes) -> None:
    async with sftp.open(path, "wb") as file:
        await file.write(b"x")


ATTEMPTS: dict[str, Attempt] = {
    "write above": lambda sftp: _write(sftp, "/result/../../escaped"),
    "write absolute": lambda sftp: _write(sftp, "/tmp/escaped"),
    "write in the root": lambda sftp: _write(sftp, "/escaped"),
    "write below": lambda sftp: _write(sftp, "/result/sub/escaped"),
    "write in outgoing": lambda sftp: _write(sftp, "/out/escaped"),
    "write our own directories": lambda sftp: _write(sftp, "/.upload/escaped"),
    "write a directory's name": lambda sftp: _write(sftp, "/result/"),
    "write a name in GBK": lambda sftp: _write(sftp, "/result/回单".encode("gbk")),
    "write a name with a line end": lambda sftp: _write(sftp, "/result/a\nb"),
    "write through a planted link": lambda sftp: _write(sftp, "/result/link"),
    "write through a planted directory": lambda sftp: _write(sftp, "/result/dirlink/escaped"),
    "write over a planted hard link": lambda sftp: _write(sftp, "/result/hard"),
    "resume a planted link": lambda sftp: sftp.open("/result/link", "ab"),
    "read above": lambda sftp: sftp.open("../../secret", "rb"),
    "read absolute": lambda sftp: sftp.open("/etc/passwd", "rb"),
    "read a planted link": lambda sftp: sftp.open("/result/link", "rb"),
    "read a planted hard link": lambda sftp: sftp.open("/result/hard", "rb"),
    "read a planted pipe": lambda sftp: sftp.open("/result/pipe", "rb"),
    "read a planted directory": lambda sftp: sftp.open("/result/dirlink/secret", "rb"),
    "stat a planted link": lambda sftp: sftp.stat("/result/link"),
    "list above": lambda sftp: sftp.listdir("/result/dirlink"),
    "make a directory": lambda sftp: sftp.mkdir("/result/sub"),
    "remove a directory": lambda sftp: sftp.rmdir("/result"),
    "make a symbolic link": lambda sftp: sftp.symlink("/etc/passwd", "/result/new"),
    "make a hard link": lambda sftp: sftp.link("/out/DF1.txt", "/result/new"),
    "read a link": lambda sftp: sftp.readlink("/result/link"),
    "rename a directory": lambda sftp: sftp.rename("/result", "/result2"),
    "rename out of outgoing": lambda sftp: sftp.rename("/out/DF1.txt", "/result/DF1.txt"),
    "rename into outgoing": lambda sftp: sftp.rename("/result/DR1.tmp", "/out/DF9.txt"),
    "rename over a file": lambda sftp: sftp.posix_rename("/result/DR1.tmp", "/result/DR1.txt"),
    "rename a planted link": lambda sftp: sftp.rename("/result/link.tmp", "/result/DR9.txt"),
    "rename a finished file": lambda sftp: sftp.rename("/result/DR1.txt", "/result/DR2.txt"),
    "remove a finished file": lambda sftp: sftp.remove("/result/DR1.txt"),
    "write a finished file": lambda sftp: _write(sftp, "/result/DR1.txt"),
    "write a finished file by resuming": lambda sftp: sftp.open("/result/DR1.txt", "ab"),
    "resume an unfinished file": lambda sftp: sftp.open("/result/DR1.tmp", "ab"),
    "cut a finished file": lambda sftp: sftp.truncate("/result/DR1.txt", 0),
    "copy on the server": lambda sftp: sftp.remote_copy("/out/DF1.txt", "/result/copy"),
    "see the disk": lambda sftp: sftp.statvfs("/"),
}


@pytest.fixture
def planted(house: Any, tmp_path: Any) -> Any:
    """A root with files, and with traps that no bank could have laid over SFTP."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "secret").write_bytes(b"secret")
    result = house.root / "result"
    (result / "link").symlink_to(secret)
    (result / "link.tmp").symlink_to(secret)
    (result / "dirlink").symlink_to(tmp_path / "secrets")
    (result / "hard").hardlink_to(secret)
    os.mkfifo(result / "pipe")
    (result / "DR1.txt").write_bytes(b"first")
    (result / "DR1.tmp").write_bytes(b"second")
    (house.root / "out" / "DF1.txt").write_bytes(b"ours")
    return house


def picture(house: Any) -> list[tuple[str, bytes | None]]:
    """Every file on the disk that tests could have touched."""
    state = house.base.parent
    paths = sorted(path for path in state.rglob("*") if path.name not in {"id", "known_hosts"})
    return [(str(path), path.read_bytes() if path.is_file() else None) for path in paths]


def test_nothing_that_is_forbidden_works_or_changes_anything(planted: Any, asked: Any) -> None:
    before = picture(planted)
    worked: list[str] = []

    async def work(sftp: Any) -> None:
        for name, attempt in ATTEMPTS.items():
            try:
                await asyncio.wait_for(attempt(sftp), 5)
                worked.append(name)
            except REFUSED:
                pass

    asked(work)
    assert worked == []
    assert picture(planted) == before


def test_planted_things_are_not_listed_to_either_side(planted: Any, asked: Any) -> None:
    async def work(sftp: Any) -> list[str]:
        return sorted(name for name in await sftp.listdir("/result") if name.startswith(("D", "l", "d", "h", "p")))

    assert asked(work) == ["DR1.tmp", "DR1.txt"]
    assert [file.name for file in planted.files.list("/result")] == ["DR1.txt"]


@pytest.mark.parametrize("name", ["link", "hard", "pipe", "dirlink"])
def test_the_gateway_reads_nothing_planted(planted: Any, name: str) -> None:
    assert planted.files.find("/result", name) is None
    with pytest.raises(TransportFault, match="no such file"):
        list(planted.files.get("/result", name, 1000))


def test_the_gateway_writes_over_nothing_planted(planted: Any, tmp_path: Any) -> None:
    out = planted.root / "out"
    (out / ".DF2.txt.part").symlink_to(tmp_path / "secret")
    planted.files.put("/out", "DF2.txt", [b"new"], 3)
    assert (out / "DF2.txt").read_bytes() == b"new" and not (out / "DF2.txt").is_symlink()
    (out / "DF3.txt").symlink_to(tmp_path / "secret")
    with pytest.raises(TransportFault) as caught:
        planted.files.put("/out", "DF3.txt", [b"new"], 3)
    assert caught.value.maybe_sent is False
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_a_directory_that_was_replaced_by_a_link_is_a_fault(house: Any, asked: Any, tmp_path: Any) -> None:
    (house.root / "result").rmdir()
    (tmp_path / "elsewhere").mkdir()
    (house.root / "result").symlink_to(tmp_path / "elsewhere")

    async def work(sftp: Any) -> None:
        with pytest.raises(asyncssh.SFTPError):
            await _write(sftp, "/result/DR1.txt")

    asked(work)
    with pytest.raises(TransportFault):
        house.files.list("/result")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_paths_are_taken_by_their_text(planted: Any, asked: Any) -> None:
    async def work(sftp: Any) -> None:
        assert await sftp.realpath("../../..") == "/"
        assert await sftp.realpath("//result//./x/..") == "/result"
        assert (await sftp.stat("/out/../../../result/DR1.txt")).size == 5
        async with sftp.open("/../out/DF1.txt", "rb") as file:
            assert await file.read() == b"ours"

    asked(work)
