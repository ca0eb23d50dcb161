"""The HTTP/1.1 server under the API: everything has a limit, and bodies go to a receiver while they arrive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.server import Request, Site

from gateway.transports.body_receiver import BodyReceiver, BodyRefused, ChooseReceiver, Flow, Head

_log = Logger()


@dataclass(frozen=True, slots=True)
class SiteLimits:
    """What one request may cost."""

    body_bytes: int = 1_000_000  # kept in memory for a handler
    streamed_bytes: int = 2_000_000_000  # given to a receiver
    header_bytes: int = 16_384  # request line and all headers; above is 400
    headers: int = 100
    idle_seconds: float = 60.0  # without a byte: between requests, in a head, in a body
    linger_seconds: float = 1.0  # in which a client that is turned away can read why
    linger_bytes: int = 1_000_000  # of its body that are read and dropped meanwhile
    farewell_seconds: float = 60.0  # for the last bytes of an answer and the peer's goodbye


class BoundedSite(Site):
    """A ``Site`` that enforces SiteLimits and streams bodies to receivers.

    A body above its limit is answered 413 and the connection closed, from its Content-Length alone
    where it has one. Form bodies are never parsed.
    """

    def __init__(
        self,
        resource: Any,
        reactor: Any,
        limits: SiteLimits | None = None,
        choose_receiver: ChooseReceiver | None = None,
    ):
        self.limits = limits or SiteLimits()
        self.choose_receiver: ChooseReceiver = choose_receiver or (lambda _head: None)
        super().__init__(  # type: ignore[no-untyped-call]
            resource,
            requestFactory=BoundedRequest,
            parsePOSTFormSubmission=False,
            reactor=reactor,
            timeout=self.limits.idle_seconds,
        )

    def buildProtocol(self, addr: Any) -> Any:
        """A channel of this site, for HTTP/1.1 only."""
        channel = super().buildProtocol(addr)  # type: ignore[no-untyped-call]
        channel.totalHeadersSize = channel.MAX_LENGTH = self.limits.header_bytes
        channel.maxHeaders = self.limits.headers
        return channel

    def protocol(self) -> Any:
        """Twisted's own protocol would switch to HTTP/2 where the package h2 is installed."""
        return BoundedChannel()  # type: ignore[no-untyped-call]

    def acceptableProtocols(self) -> list[bytes]:
        """Offer no HTTP/2 in TLS either: a request over it shows its handler no client certificate."""
        return [b"http/1.1"]

    def log(self, request: Any) -> None:
        """No access log here: addresses may name people; the API keeps its own record."""


class BoundedChannel(HTTPChannel):
    """One connection. Its polite end has a limit: over TLS it would wait for the peer's goodbye for ever."""

    def loseConnection(self) -> Any:
        """Close when everything is written, and otherwise after the farewell time."""
        if self._abortingCall is None:
            seconds = self.site.limits.farewell_seconds  # type: ignore[attr-defined]
            self._abortingCall = self.callLater(seconds, self.forceAbortClient)  # type: ignore[no-untyped-call]
        return super().loseConnection()  # type: ignore[no-untyped-call]


class BoundedRequest(Request):
    """One request; ``receiver`` is what took its body, if anything did."""

    channel: Any
    receiver: BodyReceiver | None = None
    _flow: Flow | None = None
    _receiving = False
    _turned_away = False
    _received = 0
    _body_limit = 0
    _closing: Any = None

    def gotLength(self, length: int | None) -> None:
        """The head is complete (length is None for a chunked body): choose who takes the body, or turn it away."""
        super().gotLength(0)  # type: ignore[no-untyped-call] # zero: kept in memory, which our limit bounds
        if length == 0:
            return
        limits: SiteLimits = self.channel.site.limits
        self._flow = Flow(self.channel.transport)
        head = Head(self.channel._command, self.channel._path, self.requestHeaders, length, self, self._flow)
        try:
            self.receiver = self.channel.site.choose_receiver(head)
        except Exception as error:
            self._turn_away(error)
            return
        self._receiving = self.receiver is not None
        self._body_limit = limits.body_bytes if self.receiver is None else limits.streamed_bytes
        if length is not None and length > self._body_limit:
            self._turn_away(self._too_large())

    def handleContentChunk(self, data: bytes) -> None:
        """A piece of the body."""
        self._received += len(data)
        if self._turned_away:
            self._drop()
        elif self._received > self._body_limit:
            self._turn_away(self._too_large())
        elif self.receiver is None:
            super().handleContentChunk(data)  # type: ignore[no-untyped-call]
        else:
            try:
                self.receiver.write(data)
            except Exception as error:
                self._turn_away(error)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The body is complete: tell its receiver, then let the resource answer."""
        if self._receiving and self.receiver is not None and not self._turned_away:
            try:
                self.receiver.finished()
                self._receiving = False
            except Exception as error:
                self._turn_away(error)
        if self._turned_away:
            self._close()
        else:
            super().requestReceived(command, path, version)  # type: ignore[no-untyped-call]

    def connectionLost(self, reason: Failure) -> None:
        """The client is gone, or was idle or malformed and has been cut off."""
        if self._flow is not None:
            self._flow.open = False
        if self._closing is not None and self._closing.active():
            self._closing.cancel()
        self._abort_receiver(f"the connection ended before the body did ({reason.value})")
        super().connectionLost(reason)  # type: ignore[no-untyped-call]

    def _too_large(self) -> BodyRefused:
        return BodyRefused(413, f"the body is above the limit of {self._body_limit} bytes")

    def _turn_away(self, error: Exception) -> None:
        """Answer, and close soon: at once would be a TCP reset, which destroys the answer before it is read."""
        if not isinstance(error, BodyRefused):
            _log.failure("A body's receiver failed", failure=Failure(error))  # type: ignore[no-untyped-call]
            error = BodyRefused(500, "the body could not be taken")
        self._turned_away = True
        self._received = 0
        if self._flow is not None:
            self._flow.end()
        self._abort_receiver(str(error))
        self.requestHeaders.removeHeader(b"Expect")  # else Twisted would now ask for the body
        self.channel.write(error.answer())
        self._later(self._close)

    def _drop(self) -> None:
        if self._received > self.channel.site.limits.linger_bytes:
            self.channel.transport.pauseProducing()

    def _later(self, step: Callable[[], None]) -> None:
        if self._closing is not None and self._closing.active():
            self._closing.cancel()
        site = self.channel.site
        self._closing = site.reactor.callLater(site.limits.linger_seconds, step)

    def _close(self) -> None:
        self.channel.loseConnection()
        self.channel.transport.resumeProducing()  # so that the peer's goodbye is seen
        self._later(self.channel.forceAbortClient)

    def _abort_receiver(self, reason: str) -> None:
        if self._receiving and self.receiver is not None:
            self._receiving = False
            self.receiver.aborted(reason)
