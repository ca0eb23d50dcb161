"""Long answers: never more than two pieces ahead of the client, and never a broken answer that looks whole."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from gateway.services.answers import Answers

ensure = pytest_twisted.ensureDeferred
PIECE = b"x" * 999_999 + b"\n"


def sleep(seconds: float) -> Deferred[None]:
    """A moment."""
    waiting: Deferred[None] = Deferred()
    reactor.callLater(seconds, waiting.callback, None)
    return waiting


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Results of sixty pieces of a megabyte; how many were made, and where they break off."""
    state = SimpleNamespace(count=0, broken_at=None, closed=False)

    def results(self: Answers, batch_id: int) -> Iterator[bytes]:
        try:
            for number in range(60):
                if number == state.broken_at:
                    raise OSError("disk gone")
                state.count += 1
                yield PIECE
        finally:
            state.closed = True

    monkeypatch.setattr(Answers, "results", results)
    return state


def _ask(served: Any, headers: dict[str, str]) -> socket.socket:
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    raw.connect(("127.0.0.1", served.port))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    raw.sendall(
        f"GET /v1/batches/B/results HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nConnection: close\r\n{lines}\r\n".encode()
    )
    return raw


def _read_all(raw: socket.socket) -> bytes:
    raw.settimeout(20)
    parts = []
    try:
        while part := raw.recv(1_000_000):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def _signed(served: Any) -> dict[str, str]:
    return served.signed("GET", "/v1/batches/B/results", {}, None, "platform-key")


@ensure
async def test_a_client_that_does_not_read_holds_the_producer_back(served: Any, header: Any, made: Any) -> None:
    """Only what the connection's buffers take is ever made; reading on gives all of it."""
    await served.submit(header("B"))
    raw = await deferToThread(_ask, served, _signed(served))
    await sleep(0.7)
    ahead = made.count
    await sleep(0.3)
    assert made.count == ahead
    assert ahead < 15
    answer = await deferToThread(_read_all, raw)
    raw.close()
    assert answer.count(b"x" * 1000) >= 60 * 900
    assert answer.endswith(b"0\r\n\r\n")
    assert (made.count, made.closed) == (60, True)


@ensure
async def test_a_failure_breaks_the_connection(served: Any, header: Any, made: Any) -> None:
    """After the first byte there is no other way to say it: the last chunk never comes."""
    made.broken_at = 3
    await served.submit(header("B"))
    raw = await deferToThread(_ask, served, _signed(served))
    answer = await deferToThread(_read_all, raw)
    raw.close()
    assert answer.startswith(b"HTTP/1.1 200")
    assert not answer.endswith(b"0\r\n\r\n")


@ensure
async def test_a_client_that_leaves_stops_the_producer(served: Any, header: Any, made: Any) -> None:
    """Nothing more is made for nobody, and the next stream is served."""
    await served.submit(header("B"))
    raw = await deferToThread(_ask, served, _signed(served))
    await sleep(0.2)
    raw.close()
    for _ in range(40):
        await sleep(0.05)
        if made.closed:
            break
    assert made.closed
    assert made.count < 60
    again = await deferToThread(_ask, served, _signed(served))
    assert (await deferToThread(_read_all, again)).endswith(b"0\r\n\r\n")
    again.close()
