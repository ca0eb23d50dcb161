"""Cut connections, killed clients, two at once: a final name stands for a whole file, or it is not there."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from contextlib import suppress
from typing import Any

import asyncssh
import pytest

from gateway.transports.contract import TransportFault

BODY = os.urandom(40_000)


class Cutter:
    """A line that breaks after a number of bytes towards the server."""

    def __init__(self, port: int, after: int):
        self._port, self._left = port, after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.passed = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with suppress(OSError):
            client, _ = self._listener.accept()
            server = socket.create_connection(("127.0.0.1", self._port))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=self._copy_back, args=(server, client), daemon=True)
            back.start()
            while self._left > 0 and (data := client.recv(min(65536, self._left))):
                server.sendall(data)
                self._left -= len(data)
                self.passed += len(data)
            for end in (client, server):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
        self._listener.close()

    @staticmethod
    def _copy_back(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)


def settled(house: Any) -> None:
    """Wait until the server has noticed that everyone is gone, and done what it had begun."""

    async def empty() -> None:
        while house.server._guests.connections or len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0.002)

    house.run(empty())


def by_paramiko(house: Any, port: int) -> TransportFault | None:
    """Our own driver, as a bank's: unfinished name, size, rename."""
    bank = house.bank(port=port)
    try:
        bank.put("/result", "DR1.txt", [BODY], len(BODY))
    except TransportFault as fault:
        return fault
    finally:
        bank.close()
    return None


def by_asyncssh(house: Any, port: int) -> Exception | None:
    """A bank that writes under the final name itself."""

    async def work() -> None:
        async with (
            await house.connect(port=port) as connection,
            connection.start_sftp_client() as sftp,
            sftp.open("/result/DR1.txt", "wb") as file,
        ):
            for start in range(0, len(BODY), 8192):
                await file.write(BODY[start : start + 8192], start)

    try:
        house.run(work())
    except (asyncssh.Error, OSError) as error:
        return error
    return None


@pytest.mark.parametrize(
    ("upload", "coarse", "last", "step"),
    [(by_paramiko, 12, 480, 24), (by_asyncssh, 48, 900, 16)],
    ids=["rename", "direct"],
)
def test_a_line_cut_at_any_byte_leaves_a_whole_file_or_none_and_an_honest_word(
    house: Any, upload: Any, coarse: int, last: int, step: int
) -> None:
    final = house.root / "result" / "DR1.txt"
    line = Cutter(house.server.port, 1 << 40)
    assert upload(house, line.port) is None
    settled(house)
    total, arrivals = line.passed, set()
    for after in [*range(0, total, total // coarse), *range(total - last, total, step), total]:
        final.unlink(missing_ok=True)
        error = upload(house, Cutter(house.server.port, after).port)
        settled(house)
        assert house.names(".upload") == []
        assert set(house.names("result")) <= {"DR1.txt", ".DR1.txt.part"}, f"cut after {after}"
        arrived = house.files.find("/result", "DR1.txt") is not None
        assert not arrived or final.read_bytes() == BODY
        assert not arrived or error is None or getattr(error, "maybe_sent", True)
        arrivals.add(arrived)
    assert arrivals == {False, True}
    final.unlink(missing_ok=True)
    assert upload(house, house.server.port) is None and final.read_bytes() == BODY


@pytest.mark.parametrize("how", ["abort", "end of session", "exit of the client"])
def test_a_file_that_is_not_closed_by_request_never_appears(house: Any, how: str) -> None:
    async def work() -> None:
        connection = await house.connect()
        sftp = await connection.start_sftp_client()
        file = await sftp.open("/result/DR1.txt", "wb")
        await file.write(BODY)
        assert house.names(".upload") != []
        if how == "abort":
            connection.abort()
        elif how == "end of session":
            sftp.exit()
            await sftp.wait_closed()
        connection.close()
        await connection.wait_closed()

    house.run(work())
    settled(house)
    assert house.names("result") == [] and house.names(".upload") == []


def test_two_writers_of_one_name_do_not_mix(house: Any, asked: Any) -> None:
    async def work(first: Any) -> None:
        async with await house.connect() as connection, connection.start_sftp_client() as second:
            one = await first.open("/result/DR1.txt", "wb")
            with pytest.raises(asyncssh.SFTPFailure, match="another session is writing"):
                await second.open("/result/DR1.txt", "wb")
            other = await second.open("/result/DR1.txt.tmp", "wb")
            await one.write(b"one")
            await other.write(b"other")
            await one.close()
            await other.close()
            for rename in (second.rename, second.posix_rename):
                with pytest.raises(asyncssh.SFTPFailure, match="never replaced"):
                    await rename("/result/DR1.txt.tmp", "/result/DR1.txt")

    asked(work)
    assert (house.root / "result" / "DR1.txt").read_bytes() == b"one"


def test_many_clients_at_once_each_get_their_own(house: Any) -> None:
    async def one(number: int) -> None:
        async with await house.connect() as connection, connection.start_sftp_client() as sftp:
            async with sftp.open(f"/result/DR{number}.tmp", "wb") as file:
                await file.write(BODY + bytes([number]))
            await sftp.rename(f"/result/DR{number}.tmp", f"/result/DR{number}.txt")

    async def all_of_them() -> None:
        await asyncio.gather(*(one(number) for number in range(8)))

    house.run(all_of_them())
    assert len(house.files.list("/result")) == 8
    for number in range(8):
        assert (house.root / "result" / f"DR{number}.txt").read_bytes() == BODY + bytes([number])


def test_a_write_that_fails_cannot_be_closed_into_a_file(house: Any, asked: Any, monkeypatch: Any) -> None:
    real = os.pwrite

    def full_disk(descriptor: int, data: Any, offset: int) -> int:
        if offset == 0:
            raise OSError(28, "No space left on device")
        return real(descriptor, data, offset)

    async def work(sftp: Any) -> None:
        file = await sftp.open("/result/DR1.txt", "wb")
        monkeypatch.setattr(os, "pwrite", full_disk)
        with pytest.raises(asyncssh.SFTPFailure):
            await file.write(b"start", 0)
        await file.write(b"rest", 5)
        with pytest.raises(asyncssh.SFTPFailure, match="send the file again"):
            await file.close()

    asked(work)
    assert house.names("result") == [] and house.names(".upload") == []
