"""A bank's HTTPS server on bare sockets that does what its script says, and clients with certificates for it."""

from __future__ import annotations

import os
import socket
import ssl
import threading
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_twisted
import trustme

from adapters.endpoints import HttpsEndpoint
from gateway.transports.contract import Reply, TransportFault
from gateway.transports.https import HttpsTransport


class Conversation:
    """One accepted TLS connection of the scripted bank, read by hand."""

    def __init__(self, raw: ssl.SSLSocket):
        self.raw = raw
        self._buffer = b""

    def head(self) -> tuple[str, dict[str, str]] | None:
        """The request line and its headers in lower case; None when the client has closed."""
        while b"\r\n\r\n" not in self._buffer:
            data = self.raw.recv(65536)
            if not data:
                return None
            self._buffer += data
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        line, *fields = head.decode("latin-1").split("\r\n")
        pairs = (field.split(": ", 1) for field in fields)
        return line, {name.lower(): value for name, value in pairs}

    def body(self, size: int) -> bytes:
        """Exactly ``size`` bytes of body."""
        parts, have = [self._buffer], len(self._buffer)
        self._buffer = b""
        while have < size:
            data = self.raw.recv(1 << 20)
            if not data:
                raise ConnectionError("the client closed in the middle")
            parts.append(data)
            have += len(data)
        return b"".join(parts)

    def answer(self, status: str, body: bytes = b"", *headers: str) -> None:
        """A whole answer."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        self.raw.sendall("\r\n".join(lines).encode() + body)


Script = Callable[[Conversation], None]


class TlsBank:
    """A bank's HTTPS server on sockets, without any HTTP library: it does to a connection what its script says."""

    def __init__(self, ca: trustme.CA, server: trustme.LeafCert, clients: trustme.CA, version: ssl.TLSVersion):
        self.ca = ca
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.configure_cert(self.context)
        clients.configure_trust(self.context)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.maximum_version = version
        self.script: Script = polite
        self.before_handshake: Callable[[socket.socket], None] = lambda _raw: None
        self.connections = 0
        self.requests: list[tuple[str, dict[str, str], int]] = []
        self.stopping = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(raw,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        raw.settimeout(20)
        with raw, suppress(OSError):
            self.before_handshake(raw)
            with self.context.wrap_socket(raw, server_side=True) as secured:
                conversation = Conversation(secured)
                conversation.bank = self  # type: ignore[attr-defined]
                self.script(conversation)

    def stop(self) -> None:
        self.stopping.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def polite(conversation: Conversation) -> None:
    """Reads every request whole and takes it."""
    while (request := conversation.head()) is not None:
        line, headers = request
        body = conversation.body(int(headers.get("content-length", "0")))
        conversation.bank.requests.append((line, headers, zlib.crc32(body)))  # type: ignore[attr-defined]
        conversation.answer("202 Accepted", b"<Document/>", "X-Signature: c2ln")


@dataclass
class TlsKit:
    """Certificates, and banks and clients made of them."""

    reactor: Any
    bank_ca: trustme.CA = field(default_factory=trustme.CA)
    client_ca: trustme.CA = field(default_factory=trustme.CA)
    opened: list[Any] = field(default_factory=list)
    body: bytes = field(default_factory=lambda: os.urandom(3_000_000))

    def sink(self) -> Kept:
        return Kept()

    async def submit(self, client: HttpsTransport, body: bytes | None = None, sink: Any = None) -> Reply:
        """Post ``body``, in uneven chunks; answers of up to 1000 bytes are taken."""
        content = self.body if body is None else body

        def chunks() -> Iterator[bytes]:
            return (content[start : start + 1_000_003] for start in range(0, len(content), 1_000_003))

        headers = {"Content-Type": "application/xml", "X-Signature": "c2ln"}
        return await client.submit("B2026112300000001", chunks, len(content), headers, sink or Kept(), 1000)

    async def fault(self, client: HttpsTransport, body: bytes | None = None) -> TransportFault:
        """The fault that a post ends in."""
        with pytest.raises(TransportFault) as caught:
            await self.submit(client, body)
        return caught.value

    def bank(
        self, *names: str, ca: trustme.CA | None = None, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ) -> TlsBank:
        issuer = ca or self.bank_ca
        bank = TlsBank(self.bank_ca, issuer.issue_cert(*(names or ("127.0.0.1", "localhost"))), self.client_ca, version)
        self.opened.append(bank)
        return bank

    def client(
        self, port: int, host: str = "127.0.0.1", issuer: trustme.CA | None = None, **changes: Any
    ) -> HttpsTransport:
        leaf = (issuer or self.client_ca).issue_cert("gateway@example.org")
        pem = leaf.private_key_pem.bytes() + b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        values: dict[str, Any] = {
            "kind": "https", "base_url": f"https://{host}:{port}", "submit_path": "/payments",
            "inquiry_path": "/payments/{message_id}", "client_certificate": "city-iso-tls-client",
            "trusted_ca": "city-iso-ca", "timeout_seconds": 1,
        }  # fmt: skip
        transport = HttpsTransport(
            self.reactor, HttpsEndpoint(**(values | changes)), pem, self.bank_ca.cert_pem.bytes(), 10_000_000
        )
        self.opened.append(transport)
        return transport


class Kept:
    """A sink in memory."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


@pytest_twisted.async_yield_fixture
async def tls() -> AsyncIterator[TlsKit]:
    """Everything TLS, closed at the end."""
    from twisted.internet import reactor

    kit = TlsKit(reactor)
    yield kit
    for thing in kit.opened:
        if isinstance(thing, TlsBank):
            thing.stop()
        else:
            await thing.close()
