"""The simulated bank that connects to our server: takes each instruction once, lays its answers down whole."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from simulators.answers import Kind
from simulators.bank_contract import NotGenuine, Outgoing, Taken
from simulators.doors.sftp_client import Files, GatewayAddress, SftpClientDoor

INSTRUCTION = re.compile(r"DF[0-9]+\.txt")


def name_of(outgoing: Outgoing) -> str:
    if outgoing.kind is None:
        return f"DA{outgoing.message_id}.txt"
    return f"DR{outgoing.message_id}_{outgoing.number:03d}.txt"


def answer(number: int = 1, kind: Kind | None = Kind.RESULT, **changes: Any) -> Outgoing:
    values: dict[str, Any] = {"message_id": "7", "kind": kind, "number": number, "content": b"answer %d" % number}
    return Outgoing(**(values | {"signature": b"signed"} | changes))


class Bank:
    """A bank that remembers what it was given."""

    def __init__(self) -> None:
        self.away = False
        self.received: list[tuple[str, bytes, bytes | None]] = []
        self.followed: list[str] = []
        self.to_push: list[Outgoing] = []
        self.asked_while_away = False
        self.something = threading.Event()

    def receive(self, name: str, content: bytes, signature: bytes | None) -> Taken:
        self.received.append((name, content, signature))
        self.something.set()
        if content == b"forged":
            raise NotGenuine
        return Taken(None, (), lambda: self.followed.append(name))

    def pushed(self) -> list[Outgoing]:
        self.asked_while_away |= self.away
        due, self.to_push = self.to_push, []
        return due


class World:
    """The gateway's server, a bank, and its door."""

    def __init__(self, house: Any, state: Path, keys: Any):
        self.house, self.bank, self._state, self._keys = house, Bank(), state, keys
        self._pool = ThreadPoolExecutor(1)
        self.door = self.opened()

    def opened(self) -> SftpClientDoor:
        user, host = self._keys
        address = GatewayAddress("127.0.0.1", self.house.server.port, "village", user, (host.convert_to_public(),))
        files = Files("/out", "/ack", "/result", lambda name: INSTRUCTION.fullmatch(name) is not None, name_of)
        door = SftpClientDoor(self.bank, address, files, self._state, self._pool)

        async def start() -> None:
            door.start()

        self.house.run(start())
        return door

    def restart(self) -> None:
        self.house.run(self.door.stop())
        self.door = self.opened()

    def until(self, true: Callable[[], bool]) -> None:
        async def wait() -> None:
            for _ in range(1000):
                if true():
                    return
                await asyncio.sleep(0.005)
            raise AssertionError("it did not happen")

        self.house.run(wait())

    def names(self, place: str) -> list[str]:
        return [file.name for file in self.house.files.list(place)]

    def close(self) -> None:
        self.house.run(self.door.stop())
        self._pool.shutdown()


@pytest.fixture
def world(house: Any, tmp_path: Path, keys: Any) -> Iterator[World]:
    world = World(house, tmp_path, keys)
    yield world
    world.close()


def test_instructions_are_taken_once_with_their_signature_also_over_a_restart(world: World) -> None:
    files, bank = world.house.files, world.bank
    for name, content in (("DF1.txt.sig", b"signed"), ("DF1.txt", b"one"), ("other.txt", b"no"), ("DF2.txt", b"two")):
        files.put("/out", name, [content], len(content))
    world.until(lambda: len(bank.followed) == 2)
    world.restart()
    files.put("/out", "DF3.txt", [b"three"], 5)
    world.until(lambda: len(bank.followed) == 3)
    assert sorted(bank.received) == [
        ("DF1.txt", b"one", b"signed"),
        ("DF2.txt", b"two", None),
        ("DF3.txt", b"three", None),
    ]
    assert sorted(bank.followed) == ["DF1.txt", "DF2.txt", "DF3.txt"]


def test_answers_lie_under_their_names_with_their_signatures_first(world: World) -> None:
    world.bank.to_push = [answer(kind=None), answer(1), answer(2, signature=None)]
    world.until(lambda: "DR7_002.txt" in world.names("/result"))
    assert sorted(world.names("/ack")) == ["DA7.txt", "DA7.txt.sig"]
    assert sorted(world.names("/result")) == ["DR7_001.txt", "DR7_001.txt.sig", "DR7_002.txt"]
    assert b"".join(world.house.files.get("/result", "DR7_001.txt", 100)) == b"answer 1"
    assert world.house.names("result") == sorted(world.names("/result"))


def test_a_cut_answer_goes_once_and_half(world: World) -> None:
    world.bank.to_push = [answer(1, whole=False, content=b"halfhalf"), answer(2)]
    world.until(lambda: "DR7_002.txt" in world.names("/result"))
    assert b"".join(world.house.files.get("/result", "DR7_001.txt", 100)) == b"half"


def test_while_away_nothing_is_taken_and_nothing_is_laid_down(world: World) -> None:
    bank = world.bank
    bank.away = True
    world.until(lambda: not world.house.server._guests.connections)
    world.house.files.put("/out", "DF1.txt", [b"one"], 3)
    bank.to_push = [answer()]
    assert not bank.something.wait(0.3)
    assert world.names("/result") == [] and not bank.asked_while_away
    bank.away = False
    world.until(lambda: bank.followed == ["DF1.txt"] and "DR7_001.txt" in world.names("/result"))


def test_a_lost_line_loses_nothing_and_repeats_nothing(world: World) -> None:
    world.until(lambda: bool(world.house.server._guests.connections))
    world.bank.to_push = [answer(number) for number in range(1, 11)]
    for number in range(3):
        world.house.files.put("/out", f"DF{number}.txt", [b"x"], 1)
        world.house.run(cut(world.house))
    world.until(lambda: len(world.names("/result")) == 20 and len(world.bank.followed) == 3)
    assert sorted(name for name, _, _ in world.bank.received) == ["DF0.txt", "DF1.txt", "DF2.txt"]


async def cut(house: Any) -> None:
    for connection in list(house.server._guests.connections):
        connection.abort()


def test_what_is_refused_or_not_genuine_holds_up_nothing(world: World) -> None:
    (world.house.root / "result" / "DR7_001.txt").mkdir()  # an upload of this name cannot succeed
    world.house.files.put("/out", "DF1.txt", [b"forged"], 6)
    world.house.files.put("/out", "DF2.txt", [b"two"], 3)
    world.bank.to_push = [answer(1), answer(2)]
    world.until(lambda: world.bank.followed == ["DF2.txt"] and "DR7_002.txt" in world.names("/result"))
    assert [name for name, _, _ in world.bank.received].count("DF1.txt") == 1
