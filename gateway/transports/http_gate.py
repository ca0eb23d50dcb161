"""TLS connections that are only handed over once proven, and that end when they are told to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from cryptography import x509
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHandshakeListener, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer  # type: ignore[import-untyped]

from gateway.transports.contract import Misconfigured

FAREWELL_SECONDS = 1.0  # for the peer's close_notify

Refusal: TypeAlias = Callable[[Sequence[x509.Certificate]], str | None]
"""Why a peer is refused though its chain, leaf first, is sound (a certificate of it was revoked, 吊销), or None."""


@implementer(IStreamClientEndpoint)
class ProvenEndpoint:
    """Connects only when the TLS handshake is done.

    Twisted's own endpoint reports a connection as soon as TCP is up, and a request is then written
    before anyone knows who is at the other end. Here a certificate problem is a failed *connection*:
    no byte of a request has been written, and the caller may say so.
    """

    def __init__(self, reactor: Any, secured: Any, seconds: float, refusal: Refusal | None = None):
        self._reactor = reactor
        self._secured = secured
        self._seconds = seconds
        self._refusal = refusal

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Fires with the protocol, connected and proven, or with why not."""
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: Any) -> Any:
        gate = _Gate(factory, self._reactor, self._refusal)
        await self._secured.connect(Factory.forProtocol(lambda: gate))
        return await gate.proven.addTimeout(self._seconds, self._reactor)


@implementer(IHandshakeListener)
class _Gate(Protocol):
    """Stands between TLS and the real protocol until the handshake is done."""

    def __init__(self, factory: Any, clock: Any, refusal: Refusal | None):
        self._factory = factory
        self._clock = clock
        self._refusal = refusal
        self._inner: Any = None
        self._line: _Line | None = None
        self.proven: Deferred[Any] = Deferred(lambda _cancelled: self._abort())

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abortConnection()

    def handshakeCompleted(self) -> None:
        """Also called when our check of the server's name has just failed: then the connection is closing."""
        transport: Any = self.transport
        if transport.disconnecting or self.proven.called:
            return
        if (why := self._refused(transport)) is not None:
            self.proven.errback(Misconfigured(f"the server's certificate is refused: {why}"))
            self._abort()
            return
        inner = self._factory.buildProtocol(transport.getPeer())
        if inner is None:
            self._abort()
            return
        transport.setTcpNoDelay(True)
        self._inner, self._line = inner, _Line(transport, self._clock)
        inner.makeConnection(self._line)
        self.proven.callback(inner)

    def _refused(self, transport: Any) -> str | None:
        if self._refusal is None:
            return None
        chain = transport.getHandle().get_verified_chain() or []
        return self._refusal([one.to_cryptography() for one in chain])

    def dataReceived(self, data: bytes) -> None:
        if self._inner is not None:
            self._inner.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._line is not None:
            self._line.gone()
        if self._inner is not None:
            self._inner.connectionLost(reason)
        elif not self.proven.called:
            self.proven.errback(reason)


class _Line:
    """A TLS transport whose polite end has a limit.

    Twisted's ``loseConnection`` waits for the peer's close_notify for ever, and reads on meanwhile: a
    peer that never says goodbye, or never stops sending, would keep the connection and us busy.
    """

    def __init__(self, transport: Any, clock: Any):
        self._transport = transport
        self._clock = clock
        self._farewell: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def loseConnection(self) -> None:
        """Close politely, and otherwise soon."""
        if self._farewell is None:
            self._farewell = self._clock.callLater(FAREWELL_SECONDS, self._transport.abortConnection)
        self._transport.loseConnection()

    def gone(self) -> None:
        """The connection is closed."""
        if self._farewell is not None and self._farewell.active():
            self._farewell.cancel()
