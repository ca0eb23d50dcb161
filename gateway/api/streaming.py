"""Long answers, piece by piece (流式应答): one piece is sent while the next is made in a thread.

At most two pieces are in memory, however slowly the client reads. Once the first byte is out, a
failure can only be told by breaking the connection before the end of the chunked body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.web.server import Request
from zope.interface import implementer  # type: ignore[import-untyped]

from gateway.api.threads import Threads

WRITE_BYTES: Final = 64 * 1024
STALLED_SECONDS: Final = 60

_log = Logger()


@implementer(IPushProducer)
class Flow:
    """The client's pace: ``ready`` fires when its connection can take more."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._resumed: Deferred[None] | None = None
        self.stopped = False

    def pauseProducing(self) -> None:
        """The send buffer is full."""
        if self._resumed is None:
            self._resumed = Deferred()

    def resumeProducing(self) -> None:
        """There is room again."""
        resumed, self._resumed = self._resumed, None
        if resumed is not None and not resumed.called:
            resumed.callback(None)

    def stopProducing(self) -> None:
        """The client is gone."""
        self.stopped = True
        self.resumeProducing()

    async def ready(self) -> None:
        """Return when more may be written; raises TimeoutError for a client that reads nothing for a minute."""
        resumed = self._resumed
        if resumed is None:
            return
        resumed.addTimeout(STALLED_SECONDS, self._reactor)
        try:
            await resumed
        except DeferredTimeout:
            raise TimeoutError("the client stopped reading") from None


async def send(request: Request, threads: Threads, pieces: Iterator[bytes]) -> None:
    """Write every piece; ``pieces`` is advanced in threads, one call at a time. Aborts the connection on failure."""
    flow = Flow(threads.reactor)
    request.registerProducer(flow, True)  # type: ignore[no-untyped-call]
    try:
        await _pump(request, threads, pieces, flow)
    except Exception as fault:
        if not isinstance(fault, TimeoutError):
            _log.failure("stream broken off: {path}", path=request.path)
        transport: Any = request.transport
        transport.abortConnection()
        await Deferred()  # the lost connection cancels this request
    finally:
        close: Callable[[], Any] = getattr(pieces, "close", lambda: None)
        threads.run(close).addErrback(lambda _: None)
        if request.channel is not None:
            request.unregisterProducer()  # type: ignore[no-untyped-call]


async def _pump(request: Request, threads: Threads, pieces: Iterator[bytes], flow: Flow) -> None:
    coming = threads.run(next, pieces, None)
    while (piece := await coming) is not None:
        coming = threads.run(next, pieces, None)
        for start in range(0, len(piece), WRITE_BYTES):
            await flow.ready()
            if flow.stopped:
                return
            request.write(piece[start : start + WRITE_BYTES])  # type: ignore[no-untyped-call]
