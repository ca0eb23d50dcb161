"""The message transports under one suite: each with a real peer that counts what it has received whole, behind a
proxy that cuts, stalls and garbles on command."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pika
import pytest
import pytest_twisted
import trustme
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.web.resource import Resource
from twisted.web.server import Site

from adapters.endpoints import AmqpEndpoint, HttpsEndpoint, TcpEndpoint
from gateway.demo.broker import Broker
from gateway.transports.amqp import AmqpTransport
from gateway.transports.contract import MessagePost, Reply, TransportFault
from gateway.transports.https import HttpsTransport
from gateway.transports.site_tls import server_context
from gateway.transports.tcp import TcpTransport
from messages.framing.framing import framer

FRAMED = ["length-8", "length-5", "length-6-inclusive", "flag-length-6"]
ALL = ["https", *(f"tcp {name}" for name in FRAMED), "tcp tls", "amqp", "amqp tls"]


class Proxy:
    """Between client and peer, byte for byte: forwards so many bytes and then cuts, or does not read, or garbles."""

    def __init__(self, reactor: Any, target: int):
        self.reactor, self.target = reactor, target
        self.up = self.down = 0
        self.cut_up: int | None = None
        self.cut_down: int | None = None
        self.garble = self.reset = False
        self.connections = 0
        self.open: set[Protocol] = set()
        self._port = reactor.listenTCP(0, Factory.forProtocol(lambda: _Near(self)), interface="127.0.0.1")
        self.port = self._port.getHost().port

    def arm(self, up: int | None = None, down: int | None = None, garble: bool = False, reset: bool = False) -> None:
        """Count anew, and cut after so many bytes."""
        self.up = self.down = 0
        self.cut_up, self.cut_down, self.garble, self.reset = up, down, garble, reset

    def stop_listening(self) -> None:
        """Read nothing of what the client sends on the connections that there are."""
        for link in self.open:
            link.transport.pauseProducing()  # type: ignore[union-attr]

    def listen_again(self) -> None:
        """Read on."""
        for link in self.open:
            link.transport.resumeProducing()  # type: ignore[union-attr]

    def drop(self) -> None:
        """The peer goes away."""
        for link in tuple(self.open):
            link.transport.abortConnection()  # type: ignore[union-attr]

    async def close(self) -> None:
        await self._port.stopListening()
        self.drop()


class _Near(Protocol):
    """The client's side."""

    def __init__(self, proxy: Proxy):
        self.proxy = proxy
        self.far: _Far | None = None
        self.early: list[bytes] = []
        self.gone = False

    def connectionMade(self) -> None:
        self.proxy.open.add(self)
        self.proxy.connections += 1
        self.transport.setTcpNoDelay(True)
        way = TCP4ClientEndpoint(self.proxy.reactor, "127.0.0.1", self.proxy.target)
        way.connect(Factory.forProtocol(lambda: _Far(self))).addErrback(lambda _: self.transport.abortConnection())

    def connected_on(self, far: _Far) -> None:
        self.far = far
        if self.gone:
            far.transport.loseConnection()
        for data in self.early:
            self.forward(data)

    def dataReceived(self, data: bytes) -> None:
        if self.far is None:
            self.early.append(data)
        else:
            self.forward(data)

    def forward(self, data: bytes) -> None:
        proxy, far = self.proxy, self.far
        assert far is not None
        if proxy.cut_up is not None and proxy.up + len(data) >= proxy.cut_up:
            data = data[: max(0, proxy.cut_up - proxy.up)]
            far.transport.write(data)
            far.transport.loseConnection()
            self.transport.abortConnection() if proxy.reset else self.transport.loseConnection()
        else:
            far.transport.write(data)
        proxy.up += len(data)

    def connectionLost(self, _reason: Any = None) -> None:
        self.proxy.open.discard(self)
        self.gone = True
        if self.far is not None:
            self.far.transport.loseConnection()


class _Far(Protocol):
    """The peer's side."""

    def __init__(self, near: _Near):
        self.near = near

    def connectionMade(self) -> None:
        self.near.proxy.open.add(self)
        self.transport.setTcpNoDelay(True)
        self.near.connected_on(self)

    def dataReceived(self, data: bytes) -> None:
        proxy, near = self.near.proxy, self.near.transport
        if proxy.cut_down is not None and proxy.down + len(data) >= proxy.cut_down:
            data = data[: max(0, proxy.cut_down - proxy.down)]
            near.write(data)
            if proxy.garble:
                near.write(b"\xff<garbage>\x00" * 2000)
            near.abortConnection() if proxy.reset else near.loseConnection()
            self.transport.loseConnection()
        else:
            near.write(data)
        proxy.down += len(data)

    def connectionLost(self, _reason: Any = None) -> None:
        self.near.proxy.open.discard(self)
        self.near.transport.loseConnection()


class Kept:
    """A sink in memory."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


@dataclass
class Rig:
    """One transport, the peer behind it, and the proxy between."""

    name: str
    proxy: Proxy
    client: MessagePost
    received: Callable[[], Awaitable[list[bytes]]]  # what the peer has had whole, so far
    close: Callable[[], Awaitable[None]]
    settled: Callable[[], bool] = lambda: True  # nothing is on its way to the peer any more
    answer: list[bytes] = field(default_factory=lambda: [b"<taken/>"])  # what the peer answers; AMQP: nothing

    @property
    def status(self) -> int:
        return 202 if self.name.startswith("amqp") else 200

    async def submit(self, content: bytes, message_id: str = "B1", limit: int = 1000) -> tuple[Reply, bytes]:
        """Post in uneven chunks."""

        def chunks() -> Iterator[bytes]:
            return (content[start : start + 70_001] for start in range(0, len(content), 70_001))

        sink = Kept()
        headers = {"Content-Type": "application/xml", "X-Signature": "c2ln"}
        reply = await self.client.submit(message_id, chunks, len(content), headers, sink, limit)
        return reply, sink.data

    async def outcome(self, content: bytes) -> bool | None:
        """None for a reply, else what the fault says of ``maybe_sent``."""
        try:
            await self.submit(content)
        except TransportFault as fault:
            return fault.maybe_sent
        return None


class _Peer(Protocol):
    """A bank's TCP server in its simplest form."""

    def __init__(self, framing: Any, rig: list[Any], alive: set[Any]):
        self.framing, self.received, self.answer, self.alive = framing, rig[0], rig[1], alive
        self.decoder = framing.decoder(99_999_999)

    def connectionMade(self) -> None:
        self.alive.add(self)

    def connectionLost(self, _reason: Any = None) -> None:
        self.alive.discard(self)

    def dataReceived(self, data: bytes) -> None:
        for frame in self.decoder.feed(data):
            self.received.append(frame.body)
            self.transport.write(self.framing.encode(self.answer[0]))


class _Posted(Resource):
    """The same over HTTP."""

    isLeaf = True

    def __init__(self, received: list[bytes], answer: list[bytes]):
        super().__init__()
        self.received, self.answer = received, answer

    def render_POST(self, request: Any) -> bytes:
        self.received.append(request.content.read())
        return self.answer[0]


def _pem(leaf: trustme.LeafCert) -> bytes:
    return leaf.private_key_pem.bytes() + b"".join(blob.bytes() for blob in leaf.cert_chain_pems)


class Rigs:
    """Builds them."""

    def __init__(self, reactor: Any, ask: Callable[[str], Any], until: Any):
        self.reactor, self.ask, self.until = reactor, ask, until
        self.made: list[Rig] = []

    async def make(self, name: str, **changes: Any) -> Rig:
        kind, _, variant = name.partition(" ")
        build = {"https": self._https, "tcp": self._tcp, "amqp": self._amqp}[kind]
        rig = build(name, variant, changes)
        self.made.append(rig)
        return rig

    async def settle(self, rig: Rig) -> None:
        """Until every connection is over and the peer has read all there was."""
        await self.until(lambda: not rig.proxy.open and rig.settled())

    def _https(self, name: str, _variant: str, changes: dict[str, Any]) -> Rig:
        ca: trustme.CA = self.ask("broker_ca")
        received: list[bytes] = []
        answer = [b"<taken/>"]
        site: Any = Site(_Posted(received, answer))
        alive: set[Any] = set()
        tls = server_context(_pem(ca.issue_cert("127.0.0.1")), ca.cert_pem.bytes())
        port = self.reactor.listenSSL(0, _Counting(site, alive), tls, interface="127.0.0.1")
        proxy = Proxy(self.reactor, port.getHost().port)
        values = {
            "kind": "https", "base_url": f"https://127.0.0.1:{proxy.port}", "submit_path": "/pay",
            "client_certificate": "c", "trusted_ca": "t", "timeout_seconds": 5,
        }  # fmt: skip
        endpoint = HttpsEndpoint(**(values | changes))
        client = HttpsTransport(self.reactor, endpoint, _pem(ca.issue_cert("gw@example.org")), ca.cert_pem.bytes())
        return self._rig(name, proxy, client, received, answer, port, alive)

    def _tcp(self, name: str, variant: str, changes: dict[str, Any]) -> Rig:
        secured = variant == "tls"
        framing = framer("length-8" if secured else variant)
        received: list[bytes] = []
        answer = [b"<taken/>"]
        alive: set[Any] = set()
        factory = Factory.forProtocol(lambda: _Peer(framing, [received, answer], alive))
        ca: trustme.CA = self.ask("broker_ca")
        if secured:
            tls = server_context(_pem(ca.issue_cert("127.0.0.1")), ca.cert_pem.bytes())
            port = self.reactor.listenSSL(0, factory, tls, interface="127.0.0.1")
        else:
            port = self.reactor.listenTCP(0, factory, interface="127.0.0.1")
        proxy = Proxy(self.reactor, port.getHost().port)
        values = {
            "kind": "tcp", "host": "127.0.0.1", "port": proxy.port, "framing": framing.name, "timeout_seconds": 5,
            "frame_bytes": 99_999_999, "leased_line": not secured,
        }  # fmt: skip
        keys = (_pem(ca.issue_cert("gw@example.org")), ca.cert_pem.bytes()) if secured else (None, None)
        client = TcpTransport(self.reactor, TcpEndpoint(**(values | changes)), *keys)
        return self._rig(name, proxy, client, received, answer, port, alive)

    def _rig(
        self, name: str, proxy: Proxy, client: Any, received: list[bytes], answer: list[bytes], port: Any, alive: Any
    ) -> Rig:
        async def so_far() -> list[bytes]:
            return received

        async def close() -> None:
            await client.close()
            await proxy.close()
            await port.stopListening()
            await self.until(lambda: not proxy.open and not alive)

        return Rig(name, proxy, client, so_far, close, lambda: not alive, answer)

    def _amqp(self, name: str, variant: str, changes: dict[str, Any]) -> Rig:
        broker: Broker = self.ask("broker")
        secured = variant == "tls"
        proxy = Proxy(self.reactor, broker.tls_port if secured else broker.port)
        queue = f"suite-{uuid4().hex}"
        values = {
            "kind": "amqp", "host": "127.0.0.1", "port": proxy.port, "username": broker.username, "password": "alias",
            "leased_line": not secured, "send_queue": queue, "receive_queue": f"{queue}-back", "timeout_seconds": 5,
        }  # fmt: skip
        ca: trustme.CA = self.ask("broker_ca")
        keys = (_pem(ca.issue_cert("gw@example.org")), ca.cert_pem.bytes()) if secured else (None, None)
        client = AmqpTransport(self.reactor, AmqpEndpoint(**(values | changes)), broker.password, *keys)

        async def received() -> list[bytes]:
            return drain(broker, queue)

        async def close() -> None:
            await client.close()
            await proxy.close()
            await self.until(lambda: not proxy.open)

        return Rig(name, proxy, client, received, close)


class _Counting(Factory):
    """Knows which connections the peer still has."""

    def __init__(self, inner: Any, alive: set[Any]):
        self.inner, self.alive = inner, alive

    def doStart(self) -> None:
        self.inner.doStart()

    def doStop(self) -> None:
        self.inner.doStop()

    def buildProtocol(self, address: Any) -> Any:
        protocol = self.inner.buildProtocol(address)
        lost = protocol.connectionLost
        self.alive.add(protocol)

        def connection_lost(reason: Any) -> None:
            self.alive.discard(protocol)
            lost(reason)

        protocol.connectionLost = connection_lost
        return protocol


def drain(broker: Broker, queue: str) -> list[bytes]:
    """All that lies in a queue, taken by another client."""
    credentials = pika.PlainCredentials(broker.username, broker.password)
    found = []
    with pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", broker.port, "/", credentials)) as connection:
        channel = connection.channel()
        while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
            found.append(got[2])
    return found


@pytest_twisted.async_yield_fixture
async def rigs(request: pytest.FixtureRequest, until: Any) -> AsyncIterator[Rigs]:
    """Rigs, closed at the end."""
    from twisted.internet import reactor

    made = Rigs(reactor, request.getfixturevalue, until)
    yield made
    for rig in made.made:
        await rig.close()


@pytest.fixture(params=ALL)
def transport(request: pytest.FixtureRequest) -> str:
    """Every transport in turn."""
    return str(request.param)


@pytest.fixture(params=[name for name in ALL if not name.startswith("amqp")])
def answering(request: pytest.FixtureRequest) -> str:
    """Those whose peer answers at once."""
    return str(request.param)
