"""Messages to a bank over HTTPS with mutual TLS (报文直连): post an instruction, ask what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from twisted.internet.defer import Deferred

from adapters.endpoints import HttpsEndpoint
from gateway.transports.contract import Misconfigured, Reply, Sink
from gateway.transports.http_exchange import Limits, Outgoing, exchange
from gateway.transports.http_gate import Refusal
from gateway.transports.http_pool import Connections
from gateway.transports.http_tls import Endpoints, read_identity, read_trust

SLOWEST_BYTES_PER_SECOND = 64 * 1024  # a line slower than this counts as broken


class HttpsTransport:
    """A ``MessageTransport`` to one bank; answers of any status are replies, redirects are never followed."""

    def __init__(
        self,
        reactor: Any,
        endpoint: HttpsEndpoint,
        client_certificate: bytes,
        trusted_ca: bytes,
        slowest_bytes_per_second: int = SLOWEST_BYTES_PER_SECOND,
        refusal: Refusal | None = None,
    ):
        """``client_certificate``: PEM of certificate, chain and key; ``trusted_ca``: PEM. Raises Misconfigured."""
        self._reactor = reactor
        self._endpoint = endpoint
        self._slowest = slowest_bytes_per_second
        trust, identity = read_trust(trusted_ca), read_identity(client_certificate)
        way = Endpoints(reactor, trust, identity, endpoint.timeout_seconds, refusal=refusal)
        self._connections = Connections(reactor, way)

    async def submit(
        self,
        message_id: str,
        body: Callable[[], Iterator[bytes]],
        size: int,
        headers: Mapping[str, str],
        sink: Sink,
        limit_bytes: int,
    ) -> Reply:
        """Post ``size`` bytes made by ``body()`` while they are sent, with X-Message-Id; see the contract."""
        marked = {"Content-Type": self._endpoint.content_type, "X-Message-Id": message_id, **headers}
        outgoing = Outgoing("POST", self._url(self._endpoint.submit_path, message_id), marked, body, size)
        return await exchange(self._connections.agent, self._reactor, outgoing, sink, self._limits(size, limit_bytes))

    async def inquire(self, message_id: str, sink: Sink, limit_bytes: int, known_tag: str | None = None) -> Reply:
        """Ask what became of a message; 404, and 304 to ``known_tag``, are answers."""
        if self._endpoint.inquiry_path is None:
            raise Misconfigured("the bank's profile has no transport.inquiry_path: it is asked by message")
        headers = {} if known_tag is None else {"If-None-Match": known_tag}
        outgoing = Outgoing("GET", self._url(self._endpoint.inquiry_path, message_id), headers)
        return await exchange(self._connections.agent, self._reactor, outgoing, sink, self._limits(0, limit_bytes))

    def close(self) -> Deferred[None]:
        """Close the connections that are kept for reuse."""
        return self._connections.close()

    def _url(self, path: str, message_id: str) -> str:
        if not path.isascii() or not path.startswith("/"):
            raise Misconfigured(f"path {path!r} of the bank's profile must start with / and be ASCII")
        return self._endpoint.base_url.rstrip("/") + path.replace("{message_id}", quote(message_id, safe=""))

    def _limits(self, size: int, answer_bytes: int) -> Limits:
        """In all: twice the silence that we bear, and the time that both bodies take on the slowest line."""
        idle = float(self._endpoint.timeout_seconds)
        return Limits(idle, 2 * idle + (size + answer_bytes) / self._slowest, answer_bytes)
