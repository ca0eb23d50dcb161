"""The wires to banks that exchange messages: opened when first needed, by the edition of the profile in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from twisted.internet.defer import Deferred, DeferredList

from adapters.endpoints import AmqpEndpoint, HttpsEndpoint, TcpEndpoint
from crypto.contract import KeyUnusable
from crypto.keystore import Keystore
from gateway.services import arrivals
from gateway.services.context import Context
from gateway.transports.amqp import AmqpConsumer, AmqpTransport
from gateway.transports.contract import Arrival, Handler, MessagePost, Misconfigured
from gateway.transports.https import HttpsTransport
from gateway.transports.tcp import TcpTransport
from gateway.transports.tcp_server import TcpPushServer

log = structlog.get_logger()


class Links:
    """One wire a bank and edition; a bank whose keys are missing holds up no other."""

    def __init__(
        self,
        context: Context,
        keys: Keystore,
        reactor: Any,
        blocking: Callable[..., Deferred[Any]],
        hurry: Callable[[], None],
    ):
        self._context, self._keys, self._reactor = context, keys, reactor
        self._blocking, self._hurry = blocking, hurry
        self._open: dict[tuple[str, str], Any] = {}
        self._ears: list[Any] = []

    def of(self, bank: str) -> MessagePost:
        """The wire to ``bank`` as of today; raises Misconfigured."""
        known = self._context.bank_today(bank)
        place = (bank, known.edition)
        if place not in self._open:
            try:
                self._open[place] = self._wire(known.profile.transport)
            except KeyUnusable as missing:
                raise Misconfigured(str(missing)) from missing
        wire: MessagePost = self._open[place]
        return wire

    def listen(self) -> None:
        """Hear the banks that send of their own accord; one that cannot be heard is said so and holds up no other."""
        for name in self._context.banks:
            endpoint = self._context.bank_today(name).profile.transport
            try:
                if isinstance(endpoint, AmqpEndpoint):
                    self._ears.append(self._consumer(endpoint, self._handler(name)))
                elif isinstance(endpoint, TcpEndpoint) and endpoint.listen_port is not None:
                    self._ears.append(self._push_server(endpoint, self._handler(name)))
            except (KeyUnusable, Misconfigured) as fault:
                log.error("bank cannot be heard", bank=name, why=str(fault))

    def close(self) -> Deferred[Any]:
        """Close every wire."""
        return DeferredList([one.close() for one in (*self._ears, *self._open.values())])

    def _handler(self, bank: str) -> Handler:
        async def handle(arrival: Arrival) -> None:
            header = self._context.bank_today(bank).profile.security.signature_header.lower()
            signature = arrival.headers.get(header)
            await self._blocking(
                arrivals.keep_pushed, self._context, bank, f"pushed/{arrival.name}", arrival.content, signature
            )
            self._hurry()

        return handle

    def _wire(self, endpoint: Any) -> MessagePost:
        match endpoint:
            case HttpsEndpoint():
                identity, trusted = self._tls(endpoint.client_certificate, endpoint.trusted_ca)
                return HttpsTransport(self._reactor, endpoint, identity, trusted)
            case TcpEndpoint():
                return TcpTransport(self._reactor, endpoint, *self._tls_or_none(endpoint))
            case AmqpEndpoint():
                password = self._keys.secret(endpoint.password)
                return AmqpTransport(self._reactor, endpoint, password, *self._tls_or_none(endpoint))
        raise Misconfigured("the bank's profile has a transport that moves files, not messages")

    def _consumer(self, endpoint: AmqpEndpoint, handler: Handler) -> Any:
        password = self._keys.secret(endpoint.password)
        return AmqpConsumer(self._reactor, endpoint, password, handler, *self._tls_or_none(endpoint))

    def _push_server(self, endpoint: TcpEndpoint, handler: Handler) -> Any:
        return TcpPushServer(self._reactor, endpoint, handler, *self._tls_or_none(endpoint))

    def _tls_or_none(self, endpoint: TcpEndpoint | AmqpEndpoint) -> tuple[bytes | None, bytes | None]:
        if endpoint.client_certificate is None or endpoint.trusted_ca is None:
            return None, None
        return self._tls(endpoint.client_certificate, endpoint.trusted_ca)

    def _tls(self, certificate: str, authority: str) -> tuple[bytes, bytes]:
        """PEM of our certificate, chain and key; PEM of the CAs that we trust. Raises KeyUnusable."""
        own, key = self._keys.tls_identity(certificate)
        return own + key, b"".join(self._keys.trusted_certificates(authority))
