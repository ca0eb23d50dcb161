"""Listeners for a bank's pushes, and bare clients that are the bank."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_twisted
import trustme
from twisted.internet.protocol import Factory, Protocol

from adapters.endpoints import TcpEndpoint
from gateway.transports.contract import Arrival
from gateway.transports.tcp import TcpTransport
from gateway.transports.tcp_listener import TcpListener


def pem(leaf: trustme.LeafCert) -> bytes:
    return leaf.private_key_pem.bytes() + b"".join(blob.bytes() for blob in leaf.cert_chain_pems)


class Bank(Protocol):
    """A connection of the bank, read by hand."""

    def __init__(self) -> None:
        self.said = b""
        self.over = False

    def dataReceived(self, data: bytes) -> None:
        self.said += data

    def connectionLost(self, _reason: Any = None) -> None:
        self.over = True


class Doors:
    """Opens listeners and clients, and closes them again."""

    def __init__(self, reactor: Any):
        self.reactor = reactor
        self.ca, self.other_ca = trustme.CA(), trustme.CA()
        self.arrivals: list[Arrival] = []
        self.failing = 0  # so many arrivals are not taken
        self.opened: list[Any] = []

    async def handle(self, arrival: Arrival) -> None:
        if self.failing:
            self.failing -= 1
            raise OSError("disk full")
        self.arrivals.append(arrival)

    def endpoint(self, **changes: Any) -> TcpEndpoint:
        values = {
            "kind": "tcp", "host": "127.0.0.1", "port": 1, "framing": "length-8", "leased_line": True,
            "timeout_seconds": 5, "frame_bytes": 100_000,
        }  # fmt: skip
        return TcpEndpoint(**(values | changes))

    def listener(self, *keys: bytes, **changes: Any) -> int:
        listener = TcpListener(self.reactor, self.endpoint(**changes), self.handle, *keys)
        self.opened.append(listener)
        return listener.open()

    def client(self, port: int, *keys: bytes, **changes: Any) -> TcpTransport:
        client = TcpTransport(self.reactor, self.endpoint(port=port, **changes), *keys)
        self.opened.append(client)
        return client

    async def bank(self, port: int) -> Bank:
        from twisted.internet.endpoints import TCP4ClientEndpoint

        way = TCP4ClientEndpoint(self.reactor, "127.0.0.1", port)
        return await way.connect(Factory.forProtocol(Bank))

    def keys(self, ca: trustme.CA, *names: str) -> bytes:
        return pem(ca.issue_cert(*names))


@pytest_twisted.async_yield_fixture
async def doors(until: Any) -> AsyncIterator[Doors]:
    """Everything TCP, closed at the end."""
    from twisted.internet import reactor

    made = Doors(reactor)
    yield made
    for thing in made.opened:
        await thing.close()
    turns = iter(range(5))
    await until(lambda: next(turns, None) is None)
