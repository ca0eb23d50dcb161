"""One file from the gateway to the bank and back, seen from both sides, by three makes of client."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gateway.transports.contract import TransportFault

BODY = os.urandom(700_000)


def chunks(body: bytes, step: int = 70_001) -> list[bytes]:
    return [body[start : start + step] for start in range(0, len(body), step)]


def lay_down(house: Any, name: str = "DF1.txt", body: bytes = BODY) -> None:
    house.files.put("/out", name, chunks(body), len(body))


def test_openssh_fetches_and_lays_down(house: Any, openssh: Any, tmp_path: Path) -> None:
    lay_down(house)
    (tmp_path / "answer").write_bytes(BODY[::-1])
    steps = ["ls -la", "cd ..", "pwd", f"get out/DF1.txt {tmp_path}/got", f"put {tmp_path}/answer result/DR1.txt.tmp",
             "rename result/DR1.txt.tmp result/DR1.txt", "rm out/DF1.txt"]  # fmt: skip
    done = openssh("sftp", "-b", "-", "village@127.0.0.1", commands="\n".join(steps))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "got").read_bytes() == BODY
    assert b"".join(house.files.get("/result", "DR1.txt", 1_000_000)) == BODY[::-1]
    assert house.names("out") == [] and house.names("result") == ["DR1.txt"]


def test_paramiko_fetches_and_lays_down(house: Any) -> None:
    lay_down(house)
    bank = house.bank()
    assert [file.name for file in bank.list("/out")] == ["DF1.txt"]
    assert b"".join(bank.get("/out", "DF1.txt", 1_000_000)) == BODY
    bank.put("/result", "DR1.txt", chunks(BODY), len(BODY))
    assert [(file.name, file.size) for file in house.files.list("/result")] == [("DR1.txt", len(BODY))]
    assert house.names("result") == ["DR1.txt"]
    bank.close()


def test_asyncssh_fetches_and_lays_down(house: Any, asked: Any, tmp_path: Path) -> None:
    lay_down(house)
    (tmp_path / "answer").write_bytes(BODY)

    async def work(sftp: Any) -> list[str]:
        await sftp.get("/out/DF1.txt", str(tmp_path / "got"))
        await sftp.put(str(tmp_path / "answer"), "ack/DA1.txt")
        return sorted(await sftp.listdir("/"))

    assert asked(work) == [".", "..", "ack", "out", "result"]
    assert (tmp_path / "got").read_bytes() == BODY
    assert b"".join(house.files.get("/ack", "DA1.txt", 1_000_000)) == BODY


@pytest.mark.parametrize("size", [0, 1, 32_768, 5_000_000])
def test_every_size_comes_whole(house: Any, size: int) -> None:
    body, bank = os.urandom(size), house.bank()
    bank.put("/result", "DR1.txt", chunks(body), size)
    assert b"".join(house.files.get("/result", "DR1.txt", 10_000_000)) == body
    lay_down(house, body=body)
    assert b"".join(bank.get("/out", "DF1.txt", 10_000_000)) == body
    bank.close()


def test_the_same_file_again_is_delivered_and_other_content_never_replaces_it(house: Any) -> None:
    bank = house.bank()
    for _ in range(2):
        bank.put("/result", "DR1.txt", chunks(BODY), len(BODY))
    with pytest.raises(TransportFault, match="already there") as caught:
        bank.put("/result", "DR1.txt", [b"other"], 5)
    assert caught.value.maybe_sent is True
    assert (house.root / "result" / "DR1.txt").read_bytes() == BODY
    bank.close()


def test_a_file_is_seen_from_its_close_or_rename_on_and_not_before(house: Any, asked: Any) -> None:
    async def work(sftp: Any) -> None:
        file = await sftp.open("/result/DR1.txt", "wb")
        await file.write(b"half")
        assert house.files.list("/result") == [] and house.files.find("/result", "DR1.txt") is None
        assert house.names("result") == []
        assert (await sftp.stat("/result/DR1.txt")).size == 4
        await file.close()
        assert [found.name for found in house.files.list("/result")] == ["DR1.txt"]
        for number, name in enumerate(("DR2.txt.tmp", "DR2.txt.PART", ".DR2.txt.part", "DR2.txt.filepart"), 2):
            async with sftp.open(f"/result/{name}", "wb") as unfinished:
                await unfinished.write(b"whole")
            assert house.files.find("/result", f"DR{number}.txt") is None
            assert len(house.files.list("/result")) == number - 1
            await sftp.rename(f"/result/{name}", f"/result/DR{number}.txt")
            assert len(house.files.list("/result")) == number

    asked(work)


def test_what_the_bank_fetched_and_removed_stays_known_to_us_but_its_content_goes(house: Any, asked: Any) -> None:
    lay_down(house)

    async def work(sftp: Any) -> list[str]:
        await sftp.remove("/out/DF1.txt")
        return [name for name in await sftp.listdir("/out") if not name.startswith(".")]

    assert asked(work) == []
    assert house.files.list("/out") == []
    found = house.files.find("/out", "DF1.txt")
    assert found is not None and found.size == len(BODY)
    lay_down(house)  # a repeated delivery is one that happened
    assert house.names("out") == []
    assert (house.root / ".taken" / "DF1.txt").stat().st_blocks == 0


def test_what_we_are_still_writing_is_not_seen_by_the_bank(house: Any, asked: Any) -> None:
    (house.root / "out" / ".DF1.txt.part").write_bytes(b"half")

    async def work(sftp: Any) -> tuple[list[str], bool]:
        return sorted(await sftp.listdir("/out")), await sftp.exists("/out/.DF1.txt.part")

    assert asked(work) == ([".", ".."], False)
