"""The contract between the HTTP server and whoever takes a request's body while it arrives (正文接收)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

from twisted.web.http_headers import Headers


class BodyReceiver(Protocol):
    """Takes one body: any number of ``write``, then exactly one of ``finished`` and ``aborted``; all on the reactor.

    ``write`` and ``finished`` may raise BodyRefused to answer at once. Anything else that they raise is
    answered with 500. After a refusal ``aborted`` is called too, and nothing else.
    """

    def write(self, data: bytes) -> None:
        """The next piece, up to 64 KB, chunked coding already undone."""

    def finished(self) -> None:
        """The body is complete; the request's handler runs next and finds this object as ``request.receiver``."""

    def aborted(self, reason: str) -> None:
        """The body will never be complete: disconnected, idle too long, too large, malformed or refused."""


class BodyRefused(Exception):
    """Answer now, read no further, close the connection."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None, body: bytes | None = None):
        """Without ``body`` the answer is problem details (RFC 9457) with ``detail``, which the client reads."""
        super().__init__(detail)
        self.status = status
        self._detail = detail
        self._headers = headers or {}
        self._body = body

    def answer(self) -> bytes:
        """The whole HTTP/1.1 answer."""
        title = HTTPStatus(self.status).phrase
        problem = {"type": "about:blank", "title": title, "status": self.status, "detail": self._detail}
        body = json.dumps(problem).encode() if self._body is None else self._body
        headers = {
            "Content-Type": "application/problem+json",
            "Cache-Control": "no-store",
            **self._headers,
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
        lines = [f"HTTP/1.1 {self.status} {title}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode("latin-1") + body


@dataclass(frozen=True, slots=True)
class Head:
    """A request whose body is about to arrive."""

    method: bytes
    target: bytes  # path and query, exactly as sent
    headers: Headers
    length: int | None  # bytes of body; None when it is chunked
    request: Any  # the BoundedRequest, for its peer certificate, and to leave something for the handler
    flow: Flow

    @property
    def path(self) -> bytes:
        """The target without its query."""
        return self.target.split(b"?", 1)[0]


@dataclass(slots=True)
class Flow:
    """Holds the sender back while the receiver is behind; the server's idle time runs on meanwhile."""

    transport: Any = field(repr=False)
    open: bool = True

    def pause(self) -> None:
        """Let nothing more arrive, but for what has been read already (up to 64 KB)."""
        if self.open:
            self.transport.pauseProducing()

    def resume(self) -> None:
        """Go on."""
        if self.open:
            self.transport.resumeProducing()

    def end(self) -> None:
        """The receiver has no more say; what still arrives is read and dropped."""
        self.resume()
        self.open = False


ChooseReceiver = Callable[[Head], BodyReceiver | None]
"""Called with the head, before any of the body is read or asked for; None keeps a small body in
``request.content`` as usual. May raise BodyRefused."""
