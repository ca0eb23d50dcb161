"""A listening BoundedSite, plain and with TLS, and bare sockets to speak to it."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_twisted
import trustme
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.web.resource import Resource

from gateway.transports.body_receiver import BodyRefused, Head
from gateway.transports.site import BoundedSite, SiteLimits
from gateway.transports.site_tls import peer_certificate, server_context

LIMITS = SiteLimits(
    body_bytes=1000, streamed_bytes=5_000_000, header_bytes=2000, headers=20, idle_seconds=0.6, linger_seconds=0.2
)


@dataclass
class Recorder:
    """Keeps what it is told, and refuses on demand."""

    head: Head
    refuse_after: int | None = None
    fail: str = ""
    data: bytes = b""
    ends: list[str] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        if self.fail == "write":
            raise OSError("disk full")
        self.data += data
        if self.refuse_after is not None and len(self.data) > self.refuse_after:
            raise BodyRefused(422, "not like this")

    def finished(self) -> None:
        if self.fail == "finished":
            raise BodyRefused(409, "another content under this key", {"Retry-After": "1"})
        self.ends.append("finished")

    def aborted(self, reason: str) -> None:
        self.ends.append("aborted: " + reason)


class Echo(Resource):
    """Says what it got."""

    isLeaf = True

    def render(self, request: Any) -> bytes:
        certificate = peer_certificate(request)
        name = None if certificate is None else certificate.subject.rfc4514_string()
        size = len(request.receiver.data) if request.receiver else len(request.content.read())
        request.setHeader(b"Content-Type", b"application/json")
        return json.dumps({"size": size, "streamed": request.receiver is not None, "peer": name}).encode()


@dataclass
class Server:
    """A listening site and what its receivers saw."""

    site: BoundedSite
    receivers: list[Recorder] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    port: int = 0

    def choose(self, head: Head) -> Recorder | None:
        if not head.path.startswith(b"/streamed"):
            return None
        if head.headers.hasHeader("X-Stranger"):
            raise BodyRefused(401, "who are you")
        self.receivers.append(Recorder(head, **self.settings))
        return self.receivers[-1]

    def dial(self, context: ssl.SSLContext | None = None) -> socket.socket:
        raw = socket.create_connection(("127.0.0.1", self.port), 5)
        return raw if context is None else context.wrap_socket(raw, server_hostname="127.0.0.1")

    def talk(self, *pieces: bytes, context: ssl.SSLContext | None = None) -> Deferred[tuple[int, bytes]]:
        """Send pieces, read until the server closes: the first status (0 for none) and everything."""

        def conversation() -> tuple[int, bytes]:
            with self.dial(context) as connection:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(0.02)
                answer = _drain(connection)
            return (int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0), answer

        return deferToThread(conversation)


def _drain(connection: socket.socket) -> bytes:
    parts = []
    while True:
        try:
            data = connection.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            return b"".join(parts)
        parts.append(data)


@pytest.fixture
def server() -> Iterator[Server]:
    """A plain HTTP server."""
    yield from _serve(lambda reactor, site: reactor.listenTCP(0, site, interface="127.0.0.1"))


def _serve(listen: Callable[[Any, Any], Any]) -> Iterator[Server]:
    from twisted.internet import reactor

    site = BoundedSite(Echo(), reactor, LIMITS, lambda head: server.choose(head))
    server = Server(site)
    port = listen(reactor, site)
    server.port = port.getHost().port
    yield server
    pytest_twisted.blockon(port.stopListening())


@dataclass
class Pki:
    """The API's and its clients' certificates."""

    server_ca: trustme.CA = field(default_factory=trustme.CA)
    client_ca: trustme.CA = field(default_factory=trustme.CA)

    def context(self, issuer: trustme.CA | None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.server_ca.configure_trust(context)
        context.set_alpn_protocols(["h2", "http/1.1"])
        if issuer is not None:
            issuer.issue_cert("platform@example.org", common_name="platform").configure_cert(context)
        return context


@pytest.fixture(params=["optional", "required"])
def mutual(request: Any) -> Iterator[tuple[Server, Pki, str]]:
    """A TLS server that asks for client certificates, or insists on them."""
    pki = Pki()
    leaf = pki.server_ca.issue_cert("127.0.0.1")
    pem = leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes()
    context = server_context(pem, pki.client_ca.cert_pem.bytes(), request.param)
    for server in _serve(lambda reactor, site: reactor.listenSSL(0, site, context, interface="127.0.0.1")):
        yield server, pki, request.param
