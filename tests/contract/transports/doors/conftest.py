"""A bank in a few lines behind the simulators' doors, and the gateway's transports before them."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_twisted

from simulators.answers import Kind
from simulators.bank_contract import NotGenuine, Outgoing, Taken
from simulators.script import Effect


class SmallBank:
    """Answers every message with itself, and remembers."""

    def __init__(self) -> None:
        self.away = False
        self.received: list[tuple[str, bytes, bytes | None]] = []
        self.followed: list[bytes] = []
        self.effects: tuple[Effect, ...] = ()
        self.whole = True
        self.reply = True
        self.to_push: list[Outgoing] = []
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()

    def receive(self, name: str, content: bytes, signature: bytes | None) -> Taken:
        self.threads.add(threading.current_thread().name)
        assert self.gate.wait(10)
        if content == b"forged":
            raise NotGenuine
        self.received.append((name, content, signature))
        reply = self.outgoing(b"re:" + content, whole=self.whole, kind=None) if self.reply else None
        return Taken(reply, self.effects, lambda: self.followed.append(content))

    def pushed(self) -> list[Outgoing]:
        due, self.to_push = self.to_push, []
        return due

    def outgoing(
        self, content: bytes, whole: bool = True, kind: Kind | None = Kind.RESULT, number: int = 1
    ) -> Outgoing:
        return Outgoing("B1", kind, number, content, b"c2ln", whole)


@pytest.fixture
def bank() -> SmallBank:
    return SmallBank()


class Kept:
    """A sink in memory."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


@pytest.fixture
def submit() -> Any:
    """Post one message and take its answer."""

    async def post(client: Any, content: bytes, message_id: str = "B1") -> bytes:
        sink = Kept()
        await client.submit(message_id, lambda: iter([content]), len(content), {"X-Signature": "c2ln"}, sink, 1000)
        return sink.data

    return post


@pytest_twisted.async_yield_fixture
async def closing(until: Any) -> AsyncIterator[list[Any]]:
    """Coroutine functions that are called, last first, at the end."""
    closers: list[Any] = []
    yield closers
    for close in reversed(closers):
        await close()
    turns = iter(range(10))
    await until(lambda: next(turns, None) is None)
