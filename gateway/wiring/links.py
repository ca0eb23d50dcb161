"""The wires to banks that exchange messages: opened when first needed, by the edition of the profile in force."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.python.failure import Failure

from adapters.endpoints import AmqpEndpoint, HttpsEndpoint, TcpEndpoint
from crypto.contract import KeyUnusable
from crypto.keystore import Keystore
from gateway.services import arrivals
from gateway.services.context import Context
from gateway.store import alerts
from gateway.transports.amqp import AmqpTransport
from gateway.transports.amqp_consumer import AmqpConsumer
from gateway.transports.contract import Arrival, Handler, MessagePost, Misconfigured
from gateway.transports.https import HttpsTransport
from gateway.transports.tcp import TcpTransport
from gateway.transports.tcp_listener import TcpListener

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
        self._closers: list[Callable[[], Awaitable[None]]] = []

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
            profile = self._context.bank_today(name).profile
            try:
                self._hear(name, profile.transport, profile.limits.result_bytes)
            except (KeyUnusable, Misconfigured, CannotListenError) as fault:
                self._alert(name, fault)

    def _hear(self, bank: str, endpoint: Any, limit: int) -> None:
        if isinstance(endpoint, AmqpEndpoint):
            password, tls = self._keys.secret(endpoint.password), self._tls_or_none(endpoint)
            consumer = AmqpConsumer(
                self._reactor,
                endpoint,
                password,
                self._handler(bank),
                limit,
                *tls,
                buried=partial(self._buried, bank),
                troubled=partial(self._alert, bank),
            )
            consumer.start()
            self._closers.append(consumer.stop)
        elif isinstance(endpoint, TcpEndpoint) and endpoint.listen_port is not None:
            listener = TcpListener(self._reactor, endpoint, self._handler(bank), *self._tls_or_none(endpoint))
            listener.open()
            self._closers.append(listener.close)

    async def close(self) -> None:
        """Hear nothing more, then close every wire."""
        for close in self._closers:
            await close()
        for wire in self._open.values():
            await wire.close()

    def _alert(self, bank: str, fault: Exception) -> None:
        log.error("bank cannot be heard", bank=bank, why=str(fault))
        self._blocking(self._unheard, bank, str(fault)).addErrback(self._unsaid)

    def _unheard(self, bank: str, why: str) -> None:
        zh = f"无法接收银行 {bank} 的来报：{why}；将自动重试，其他银行不受影响。"
        en = f"messages of bank {bank} cannot be received: {why}; it is tried again by itself, other banks go on"
        with self._context.store.begin() as tx:
            alerts.raise_alert(tx, "bank-unheard", bank, zh, en, self._context.clock.now_ms())

    def _buried(self, bank: str, name: str) -> None:
        self._blocking(self._dead_letter, bank, name).addErrback(self._unsaid)

    def _dead_letter(self, bank: str, name: str) -> None:
        zh = f"银行 {bank} 的来报 {name} 多次无法入库，已转入死信队列；请检查存储后从死信队列重新投递。"
        en = (
            f"message {name} of bank {bank} could not be stored and is a dead letter: see to the store, then requeue it"
        )
        with self._context.store.begin() as tx:
            alerts.raise_alert(tx, "message-buried", f"{bank}/{name}", zh, en, self._context.clock.now_ms())

    def _unsaid(self, failure: Failure) -> None:
        log.error("an alert could not be stored", failure=failure.getErrorMessage())

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

    def _tls_or_none(self, endpoint: TcpEndpoint | AmqpEndpoint) -> tuple[bytes | None, bytes | None]:
        if endpoint.client_certificate is None or endpoint.trusted_ca is None:
            return None, None
        return self._tls(endpoint.client_certificate, endpoint.trusted_ca)

    def _tls(self, certificate: str, authority: str) -> tuple[bytes, bytes]:
        """PEM of our certificate, chain and key; PEM of the CAs that we trust. Raises KeyUnusable."""
        own, key = self._keys.tls_identity(certificate)
        return own + key, b"".join(self._keys.trusted_certificates(authority))
