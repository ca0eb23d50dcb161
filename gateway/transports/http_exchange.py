"""One HTTP request and its answer: bounded in time and size, and honest about what may have been sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http_headers import Headers

from gateway.transports.contract import Misconfigured, Reply, Sink, TransportFault
from gateway.transports.http_body import StreamedBody
from gateway.transports.patience import Patience
from gateway.transports.peer_faults import fault


@dataclass(frozen=True, slots=True)
class Limits:
    """What one exchange may take."""

    idle_seconds: float  # without a byte either way
    overall_seconds: float
    answer_bytes: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request; ``size`` bytes of ``body``, or no body at all."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Callable[[], Iterator[bytes]] | None = None
    size: int = 0


class AnswerTooLarge(Exception):
    """The answer is above the limit."""


async def exchange(agent: Any, clock: Any, request: Outgoing, sink: Sink, limits: Limits) -> Reply:
    """Send a request, its answer's body to ``sink``; any status is a reply, redirects are not followed.

    Raises TransportFault: ``maybe_sent`` is True from the moment that the head of a request *with a
    body* was written; a request without one asks, and changes nothing. Raises Misconfigured where the
    two sides do not trust each other.
    """
    _check_address(request.url)
    patience = Patience(clock, limits.idle_seconds, limits.overall_seconds)
    body = None if request.body is None else StreamedBody(clock, request.body, request.size, patience.progress)
    try:
        return await _converse(agent, request, body, sink, limits, patience)
    except TransportFault:
        raise
    except Exception as error:
        what, started = f"{request.method} {request.url}", body is not None and body.started
        raise fault(what, error, maybe_sent=started, told=patience.expired) from error
    finally:
        patience.end()
        if body is not None:
            body.abandon()


async def _converse(
    agent: Any, request: Outgoing, body: StreamedBody | None, sink: Sink, limits: Limits, patience: Patience
) -> Reply:
    headers = Headers({name: [value] for name, value in request.headers.items()})
    response: Any = await patience.watch(
        agent.request(request.method.encode("ascii"), request.url.encode("ascii"), headers, body)
    )
    received = await patience.watch(_collect(response, sink, limits.answer_bytes, patience.progress))
    return Reply(response.code, _readable(response.headers), received)


def _check_address(url: str) -> None:
    """Twisted would look an empty or non-ASCII host up, and fail much later and less clearly."""
    try:
        parts = urlsplit(url)
        sound = url.isascii() and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise Misconfigured(f"{url!r} is not an http or https address; correct it in the configuration")


def _readable(headers: Headers) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): ", ".join(value.decode("latin-1") for value in values)
        for name, values in headers.getAllRawHeaders()
    }


def _collect(response: Any, sink: Sink, limit_bytes: int, progress: Callable[[], None]) -> Deferred[int]:
    collector = _Collector(sink, limit_bytes, progress)
    response.deliverBody(collector)
    return collector.done


class _Collector(Protocol):
    """Passes an answer's body on, up to the limit."""

    def __init__(self, sink: Sink, limit_bytes: int, progress: Callable[[], None]):
        self.done: Deferred[int] = Deferred(lambda _cancelled: self._leave())
        self._sink = sink
        self._limit = limit_bytes
        self._progress = progress
        self._received = 0

    def _leave(self) -> None:
        transport: Any = self.transport
        if transport is not None:
            transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        if self.done.called:
            return
        self._progress()
        self._received += len(data)
        try:
            if self._received > self._limit:
                raise AnswerTooLarge(f"the answer is above the limit of {self._limit} bytes")
            self._sink.write(data)
        except Exception:
            self.done.errback()
            self._leave()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        if self.done.called:
            return
        if isinstance(reason.value, ResponseDone):
            self.done.callback(self._received)
        else:
            self.done.errback(reason)
