"""Quota and open handles: a clear word, nothing half, and room again when somebody makes some."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import asyncssh
import pytest

from gateway.transports.contract import TransportFault
from gateway.transports.sftp_server_cabinet import OPEN_READS
from gateway.transports.sftp_server_session import OPEN_LISTINGS
from gateway.transports.sftp_server_uploads import OPEN_UPLOADS

BODY = bytes(200_000)


def test_above_the_quota_nothing_stays_and_the_bank_is_told_why(small_house: Any) -> None:
    bank = small_house.bank()
    bank.put("/result", "DR1.txt", [BODY], len(BODY))
    with pytest.raises(TransportFault, match="quota exceeded") as caught:
        bank.put("/result", "DR2.txt", [BODY], len(BODY))
    assert caught.value.maybe_sent is False
    bank.close()
    assert small_house.names("result") == ["DR1.txt"]
    bank.put("/ack", "DA1.txt", [b"x"], 1)  # what fits still comes
    bank.close()
    assert small_house.files.find("/ack", "DA1.txt") is not None


def test_a_cleared_directory_is_room_again(small_house: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("gateway.transports.sftp_server_quota.RECOUNT_SECONDS", 0.0)
    bank = small_house.bank()
    bank.put("/result", "DR1.txt", [BODY], len(BODY))
    with pytest.raises(TransportFault, match="quota exceeded"):
        bank.put("/result", "DR2.txt", [BODY], len(BODY))
    (small_house.root / "result" / "DR1.txt").unlink()
    bank.put("/result", "DR2.txt", [BODY], len(BODY))
    bank.close()


def test_a_file_with_a_hole_counts_by_its_length(small_house: Any) -> None:
    async def work() -> None:
        async with await small_house.connect() as connection, connection.start_sftp_client() as sftp:
            file = await sftp.open("/result/DR1.txt", "wb")
            for far in (299_999, 300_000, 1 << 40, (1 << 64) - 1):
                if far == 299_999:
                    await file.write(b"x", far)
                    continue
                with pytest.raises(asyncssh.SFTPFailure, match="quota exceeded"):
                    await file.write(b"x", far)
            with pytest.raises(asyncssh.SFTPFailure, match="send the file again"):
                await file.close()

    small_house.run(work())
    assert small_house.names("result") == []


def test_what_we_lay_down_does_not_use_up_the_banks_room(small_house: Any) -> None:
    small_house.files.put("/out", "DF1.txt", [BODY, BODY], 2 * len(BODY))
    bank = small_house.bank()
    bank.put("/result", "DR1.txt", [BODY], len(BODY))
    bank.close()


def test_an_unfinished_file_written_again_counts_once(small_house: Any) -> None:
    async def work() -> None:
        async with await small_house.connect() as connection, connection.start_sftp_client() as sftp:
            for _ in range(4):
                async with sftp.open("/result/DR1.tmp", "wb") as file:
                    await file.write(bytes(140_000))
            await sftp.remove("/result/DR1.tmp")
            async with sftp.open("/result/DR2.tmp", "wb") as file:
                await file.write(bytes(290_000))

    small_house.run(work())


def test_a_client_that_asks_for_all_and_reads_nothing_does_not_fill_our_memory(house: Any, monkeypatch: Any) -> None:
    size, taken, real = 24_000_000, [0], os.pread
    house.files.put("/out", "DF1.txt", [bytes(size)], size)

    def pread(descriptor: int, length: int, offset: int) -> bytes:
        data = real(descriptor, length, offset)
        taken[0] += len(data)
        return data

    async def rest() -> None:
        before = -1
        while before != taken[0]:
            before = taken[0]
            await asyncio.sleep(0.05)

    monkeypatch.setattr(os, "pread", pread)
    bank = house.bank()
    with bank._live_session().client.open("/out/DF1.txt", "rb") as file:
        file.prefetch(size)  # as paramiko's own ``get`` does
        house.run(rest())
        assert 0 < taken[0] < 8_000_000
        assert len(file.read(size)) == size
    bank.close()


def test_open_files_and_listings_are_bounded(house: Any, asked: Any) -> None:
    house.files.put("/out", "DF1.txt", [b"x"], 1)

    async def work(sftp: Any) -> None:
        writers = [await sftp.open(f"/result/DR{number}", "wb") for number in range(OPEN_UPLOADS)]
        with pytest.raises(asyncssh.SFTPFailure, match="being written already"):
            await sftp.open("/result/one-more", "wb")
        readers = [await sftp.open("/out/DF1.txt", "rb") for _ in range(OPEN_READS)]
        with pytest.raises(asyncssh.SFTPFailure, match="open already"):
            await sftp.open("/out/DF1.txt", "rb")
        for file in (*writers, *readers):
            await file.close()
        async with sftp.open("/out/DF1.txt", "rb") as file:
            assert await file.read() == b"x"
        handles = [await sftp._handler.opendir(b"/out") for _ in range(OPEN_LISTINGS + 1)]
        with pytest.raises(asyncssh.SFTPError):
            await sftp._handler.readdir(handles[0])
        names, _ = await sftp._handler.readdir(handles[-1])
        assert [name.filename for name in names] == [b".", b"..", b"DF1.txt"]

    asked(work)
    assert len(house.files.list("/result")) == OPEN_UPLOADS
