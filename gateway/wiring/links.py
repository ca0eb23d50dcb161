"""The wires to banks that exchange messages: opened when first needed, by the edition of the profile in force.

A wire whose keys have changed is replaced: what goes out now goes over a new one, what is on the way ends on the old.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred

from adapters.endpoints import AmqpEndpoint, Endpoint, HttpsEndpoint, TcpEndpoint
from crypto.contract import KeyUnusable
from gateway.services.context import Bank, Context
from gateway.transports.amqp import AmqpTransport
from gateway.transports.contract import MessagePost, Misconfigured
from gateway.transports.https import HttpsTransport
from gateway.transports.tcp import TcpTransport
from gateway.wiring.hearing import Hearing
from gateway.wiring.live_keys import LiveKeys
from gateway.wiring.peer_checks import PeerChecks
from gateway.wiring.wire_keys import WireKeys, wire_keys
from gateway.wiring.wires import Wire, replaceable


@dataclass(frozen=True, slots=True)
class _Held:
    edition: str
    keys: WireKeys
    wire: Wire


class Links:
    """One wire a bank; a bank whose keys are missing holds up no other."""

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
        self._hearing = Hearing(context, keys, reactor, blocking, hurry, peers)
        self._open: dict[str, _Held] = {}

    def of(self, bank: str) -> MessagePost:
        """The wire to ``bank`` as of now; raises Misconfigured."""
        known = self._context.bank_today(bank)
        try:
            keys = self._drawn(bank, known)
        except KeyUnusable as missing:
            self._retire(bank)
            raise Misconfigured(str(missing)) from missing
        held = self._open.get(bank)
        if held is None or (held.edition, held.keys) != (known.edition, keys):
            wire = replaceable(self._wire(known.profile.transport, keys))
            self._retire(bank)
            held = self._open[bank] = _Held(known.edition, keys, wire)
        return held.wire

    def listen(self) -> None:
        """Hear the banks that send of their own accord; one that cannot be heard is said so and holds up no other."""
        self._hearing.listen()

    def refresh(self) -> None:
        """Let go of wires whose keys have changed, also of those that nobody uses just now."""
        for bank, held in list(self._open.items()):
            try:
                current = self._drawn(bank, self._context.bank_today(bank))
            except (KeyUnusable, Misconfigured):
                current = None
            if current != held.keys:
                self._retire(bank)
        self._hearing.refresh()

    async def close(self) -> None:
        """Hear nothing more, then close every wire."""
        await self._hearing.close()
        for held in self._open.values():
            await held.wire.close()

    def _drawn(self, bank: str, known: Bank) -> WireKeys:
        endpoint = known.profile.transport
        return self._keys.kept(f"wire {bank} {known.edition}", lambda keys: wire_keys(keys, endpoint))

    def _retire(self, bank: str) -> None:
        held = self._open.pop(bank, None)
        if held is not None:
            held.wire.retire()

    def _wire(self, endpoint: Endpoint, keys: WireKeys) -> MessagePost:
        """Raises Misconfigured for keys that are not what they should be."""
        match endpoint:
            case HttpsEndpoint():
                assert keys.identity is not None and keys.trusted is not None  # noqa: S101 - both are required there
                check = self._peers.refusal(endpoint.trusted_ca)
                return HttpsTransport(self._reactor, endpoint, keys.identity, keys.trusted, refusal=check)
            case TcpEndpoint():
                check = self._peers.refusal(endpoint.trusted_ca)
                return TcpTransport(self._reactor, endpoint, keys.identity, keys.trusted, refusal=check)
            case AmqpEndpoint():
                assert keys.password is not None  # noqa: S101 - required there
                check = self._peers.refusal(endpoint.trusted_ca)
                return AmqpTransport(self._reactor, endpoint, keys.password, keys.identity, keys.trusted, refusal=check)
        raise Misconfigured("the bank's profile has a transport that moves files, not messages")
