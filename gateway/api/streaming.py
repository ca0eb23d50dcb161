"""Long answers, piece by piece (流式应答): one piece is sent while the next is made in a thread.

At most two pieces are in memory, however slowly the client reads. Once the first byte is out, a
failure can only be told by breaking the connection before the end of the chunked body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.web.server import Request
from zope.interface import implementer

from gateway.api.threads import Threads

WRITE_BYTES: Final = 64 * 1024

_log = Logger()


@implementer(IPushProducer)
class Flow:
    """The client's pace: ``ready`` fires when its connection can take more."""

    def __init__(self) -> None:
        self._resumed: Deferred[None] | None = None
        self.stopped = False

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's interface
        """The send buffer is full."""
        if self._resumed is None:
            self._resumed = Deferred()

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's interface
        """There is room again."""
        resumed, self._resumed = self._resumed, None
        if resumed is not None and not resumed.called:
            resumed.callback(None)

    def stopProducing(self) -> None:  # noqa: N802 - Twisted's interface
        """The client is gone."""
        self.stopped = True
        self.resumeProducing()

    async def ready(self) -> None:
        """Return when more may be written."""
        if self._resumed is not None:
            await self._resumed


async def send(request: Request, threads: Threads, pieces: Iterator[bytes]) -> None:
    """Write every piece; ``pieces`` is advanced in threads, one call at a time. Aborts the connection on failure."""
    flow = Flow()
    request.registerProducer(flow, True)
    try:
        await _pump(request, threads, pieces, flow)
    except Exception:
        _log.failure("stream broken off: {uri}", uri=request.path)
        request.transport.abortConnection()
        await Deferred()  # the lost connection cancels this request
    finally:
        close: Callable[[], Any] = getattr(pieces, "close", lambda: None)
        threads.run(close).addErrback(lambda failure: None)
        if not flow.stopped and not request._disconnected:
            request.unregisterProducer()


async def _pump(request: Request, threads: Threads, pieces: Iterator[bytes], flow: Flow) -> None:
    coming = threads.run(next, pieces, None)
    while (piece := await coming) is not None:
        coming = threads.run(next, pieces, None)
        for start in range(0, len(piece), WRITE_BYTES):
            await flow.ready()
            if flow.stopped:
                return
            request.write(piece[start : start + WRITE_BYTES])
