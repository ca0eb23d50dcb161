"""A wire that can be replaced (可更换线路): told to retire, it is closed once the requests on it have ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.transports.contract import MessagePost, MessageTransport, Reply, Sink
from messages.redaction.faults import told

log = structlog.get_logger()


class Wire:
    """A ``MessagePost`` over another one."""

    def __init__(self, inner: Any):
        self._inner, self._busy, self._retired = inner, 0, False

    async def submit(
        self,
        message_id: str,
        body: Callable[[], Iterator[bytes]],
        size: int,
        headers: Mapping[str, str],
        sink: Sink,
        limit_bytes: int,
    ) -> Reply:
        """See MessagePost."""
        return await self._counted(self._inner.submit(message_id, body, size, headers, sink, limit_bytes))

    def retire(self) -> None:
        """Close when nothing is on the way any more; a request that comes late is still served, and then it closes."""
        self._retired = True
        self._settle()

    async def close(self) -> None:
        """Close now."""
        await self._inner.close()

    async def _counted(self, request: Awaitable[Reply]) -> Reply:
        self._busy += 1
        try:
            return await request
        finally:
            self._busy -= 1
            self._settle()

    def _settle(self) -> None:
        if self._retired and not self._busy:
            Deferred.fromCoroutine(self.close()).addErrback(_not_closed)


class AskingWire(Wire):
    """A ``MessageTransport`` over another one."""

    async def inquire(self, message_id: str, sink: Sink, limit_bytes: int, known_tag: str | None = None) -> Reply:
        """See MessageTransport."""
        return await self._counted(self._inner.inquire(message_id, sink, limit_bytes, known_tag))


def replaceable(inner: MessagePost) -> Wire:
    """``inner`` with a way to retire it."""
    return AskingWire(inner) if isinstance(inner, MessageTransport) else Wire(inner)


def _not_closed(failure: Failure) -> None:
    log.warning("an old wire could not be closed", failure=told(failure.value))
