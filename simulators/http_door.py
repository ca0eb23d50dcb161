"""Small pieces that every HTTP simulator needs: bodies, JSON answers, lost and late answers, listening."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.web.server import Site

from simulators.answers import of_type
from simulators.counterparty import Clock, wall_clock_ms
from simulators.script import DelayAcknowledgement, Effect, LoseReply

LOOPBACK = "127.0.0.1"
_LOOK_SECONDS = 0.02
Answer = bytes | Deferred[bytes]


class HttpSite(Site):
    """HTTP/1.1 only, so that a handler always sees the client's certificate."""

    def acceptableProtocols(self) -> Sequence[bytes]:
        """What is offered during the TLS handshake."""
        return [b"http/1.1"]


def listen(reactor: Any, resource: Any, port: int, host: str = LOOPBACK, tls: Any = None) -> int:
    """Serve ``resource``; port 0 takes any free one; the port taken is answered. ``tls`` is a context factory."""
    site = HttpSite(resource)  # type: ignore[no-untyped-call]
    opened = (
        reactor.listenTCP(port, site, interface=host)
        if tls is None
        else reactor.listenSSL(port, site, tls, interface=host)
    )
    return int(opened.getHost().port)


def body_of(request: Any) -> bytes:
    """The whole body; large ones lie in a temporary file until here."""
    return bytes(request.content.read())


def header_of(request: Any, name: str) -> str | None:
    """A request header as text; None when it is not there."""
    value: str | None = request.getHeader(name)
    return value


def answer(request: Any, content: bytes, media_type: str, code: int = 200) -> bytes:
    """An answer's body, with its status and media type set."""
    request.setResponseCode(code)
    request.setHeader("content-type", media_type)
    return content


def answer_json(request: Any, data: Any, code: int = 200) -> bytes:
    """A JSON answer."""
    return answer(request, orjson.dumps(data), "application/json", code)


def drop(request: Any) -> Deferred[bytes]:
    """Cut the connection without an answer, as a network fault does."""
    request.transport.abortConnection()
    never: Deferred[bytes] = Deferred()
    return never


def replied(
    reactor: Any, request: Any, effects: tuple[Effect, ...], content: bytes, clock: Clock = wall_clock_ms
) -> Answer:
    """The answer as the script lets it through: at once, late by the counterparty's ``clock``, or never."""
    for lost in of_type(effects, LoseReply):
        return drop(request) if lost.answer_after is None else _late(reactor, clock, lost.answer_after, content)
    wait = sum(effect.seconds for effect in of_type(effects, DelayAcknowledgement))
    return _late(reactor, clock, wait, content) if wait else content


async def _waited(reactor: Any, clock: Clock, due_ms: int, content: bytes) -> bytes:
    while clock() < due_ms:
        await deferLater(reactor, _LOOK_SECONDS, lambda: None)
    return content


def _late(reactor: Any, clock: Clock, seconds: float, content: bytes) -> Deferred[bytes]:
    return Deferred.fromCoroutine(_waited(reactor, clock, clock() + round(seconds * 1000), content))
