"""Banks that send of their own accord (银行主动来报): queues that are consumed and ports that banks connect to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.python.failure import Failure

from adapters.endpoints import AmqpEndpoint, TcpEndpoint
from crypto.contract import KeyUnusable
from gateway.services import arrivals
from gateway.services.context import Context
from gateway.store import alerts
from gateway.transports.amqp_consumer import AmqpConsumer
from gateway.transports.contract import Arrival, Handler, Misconfigured
from gateway.transports.site_tls import RenewedTls, ServerKeys
from gateway.transports.tcp_listener import TcpListener
from gateway.wiring.live_keys import LiveKeys
from gateway.wiring.peer_checks import PeerChecks
from gateway.wiring.wire_keys import WireKeys, wire_keys
from messages.redaction.faults import told

AGAIN_SECONDS: Final = 600.0
log = structlog.get_logger()


@dataclass(slots=True)
class _Consuming:
    """One bank's queue; ``consumer`` null while its keys are missing."""

    keys: WireKeys | None = None
    consumer: AmqpConsumer | None = None


class Hearing:
    """One bank that cannot be heard is said so, tried again when the keys change, and holds up no other."""

    def __init__(
        self,
        context: Context,
        keys: LiveKeys,
        reactor: Any,
        blocking: Callable[..., Deferred[Any]],
        hurry: Callable[[], None],
        peers: PeerChecks,
    ):
        self._context, self._keys, self._reactor, self._peers = context, keys, reactor, peers
        self._blocking, self._hurry = blocking, hurry
        self._said: dict[str, tuple[str, float]] = {}
        self._closed = False
        self._queues: dict[str, _Consuming] = {}
        self._ports: dict[str, TcpListener | None] = {}

    def listen(self) -> None:
        """Begin with every bank whose profile says so."""
        for name in self._context.banks:
            endpoint = self._context.bank_today(name).profile.transport
            if isinstance(endpoint, AmqpEndpoint):
                self._queues[name] = _Consuming()
            elif isinstance(endpoint, TcpEndpoint) and endpoint.listen_port is not None:
                self._ports[name] = None
        self.refresh()

    def refresh(self) -> None:
        """Go by the keys of this moment: a queue is consumed anew where they changed, what could not begin is begun."""
        if self._closed:
            return
        for name in self._queues:
            self._guarded(name, self._consume)
        for name, port in self._ports.items():
            if port is None:
                self._guarded(name, self._open)

    async def close(self) -> None:
        """Hear nothing more; what is being handled is finished."""
        self._closed = True
        for queue in self._queues.values():
            if queue.consumer is not None:
                await queue.consumer.stop()
        for port in self._ports.values():
            if port is not None:
                await port.close()

    def _guarded(self, bank: str, begin: Callable[[str], None]) -> None:
        """Tried every second: a trouble is told when it is new, and again after a while."""
        try:
            begin(bank)
        except (KeyUnusable, Misconfigured, CannotListenError) as fault:
            said, at = self._said.get(bank, ("", 0.0))
            if said != str(fault) or self._reactor.seconds() - at >= AGAIN_SECONDS:
                self._said[bank] = str(fault), self._reactor.seconds()
                self._alert(bank, fault)
        else:
            self._said.pop(bank, None)

    def _consume(self, bank: str) -> None:
        """A new consumer takes over before the old one lets go, unless a key of the old one was revoked."""
        endpoint, queue = self._context.bank_today(bank).profile.transport, self._queues[bank]
        try:
            drawn = self._keys.kept(f"queue {bank}", lambda keys: wire_keys(keys, endpoint))
        except KeyUnusable:
            self._stop(queue.consumer)
            self._queues[bank] = _Consuming()
            raise
        if queue.keys == drawn:
            return
        old = queue.consumer
        if queue.keys is not None and queue.keys.revoked(self._keys.now()):
            self._stop(old)
            old = None
        consumer = self._consumer(bank, drawn, partial(self._stop, old))
        self._queues[bank] = _Consuming(drawn, consumer)
        consumer.start()

    def _consumer(self, bank: str, keys: WireKeys, hearing: Callable[[], None]) -> AmqpConsumer:
        profile = self._context.bank_today(bank).profile
        assert isinstance(profile.transport, AmqpEndpoint) and keys.password is not None  # noqa: S101 - asked before
        return AmqpConsumer(
            self._reactor,
            profile.transport,
            keys.password,
            self._handler(bank),
            profile.limits.result_bytes,
            keys.identity,
            keys.trusted,
            buried=partial(self._buried, bank),
            troubled=partial(self._alert, bank),
            hearing=hearing,
            refusal=self._peers.refusal(profile.transport.trusted_ca),
        )

    def _open(self, bank: str) -> None:
        """The port stays open through every change of keys: each connection goes by those of its moment."""
        endpoint = self._context.bank_today(bank).profile.transport
        assert isinstance(endpoint, TcpEndpoint)  # noqa: S101 - asked before
        tls = None
        if endpoint.client_certificate is not None and endpoint.trusted_ca is not None:
            tls = RenewedTls(partial(self._port_keys, bank, endpoint))
        listener = TcpListener(self._reactor, endpoint, self._handler(bank), tls=tls)
        listener.open()
        self._ports[bank] = listener

    def _port_keys(self, bank: str, endpoint: TcpEndpoint) -> ServerKeys:
        drawn = self._keys.kept(f"port {bank}", lambda keys: wire_keys(keys, endpoint))
        assert drawn.identity is not None  # noqa: S101 - asked before
        return ServerKeys(drawn.identity, drawn.trusted, self._peers.refusal(endpoint.trusted_ca))

    def _stop(self, consumer: AmqpConsumer | None) -> None:
        if consumer is not None:
            Deferred.fromCoroutine(_stopped(consumer.stop)).addErrback(self._unsaid)

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
        log.error("what came of a bank's messages could not be told", failure=told(failure.value))

    def _handler(self, bank: str) -> Handler:
        async def handle(arrival: Arrival) -> None:
            header = self._context.bank_today(bank).profile.security.signature_header.lower()
            signature = arrival.headers.get(header)
            await self._blocking(
                arrivals.keep_pushed, self._context, bank, f"pushed/{arrival.name}", arrival.content, signature
            )
            self._hurry()

        return handle


async def _stopped(stop: Callable[[], Awaitable[None]]) -> None:
    await stop()
