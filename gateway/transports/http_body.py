"""A request body that is made while it is sent, at the pace of the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import CooperativeTask, Cooperator, TaskFinished
from twisted.python.failure import Failure
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer  # type: ignore[import-untyped]

SLICE_BYTES = 64 * 1024  # encrypting one slice takes well under a millisecond of the reactor's time


@implementer(IBodyProducer)
class StreamedBody:
    """Writes ``chunks`` in slices of at most 64 KB, stops when the connection is full, goes on when it drains."""

    def __init__(self, clock: Any, chunks: Callable[[], Iterator[bytes]], size: int, progress: Callable[[], None]):
        self.length = size
        self.started = False  # from here on the other side may have something
        self._cooperator = Cooperator(scheduler=lambda step: clock.callLater(0, step))
        self._chunks = chunks
        self._progress = progress
        self._task: CooperativeTask[Iterator[None]] | None = None
        self._done: Deferred[None] | None = None

    def startProducing(self, consumer: Any) -> Deferred[None]:
        """Called when the head of the request has been written."""
        self.started = True
        self._done = Deferred(lambda _cancelled: self.stopProducing())
        task = self._task = self._cooperator.cooperate(self._write(consumer))
        task.whenDone().addCallbacks(self._finish, self._fail)
        return self._done

    def _write(self, consumer: Any) -> Iterator[None]:
        for chunk in self._chunks():
            for start in range(0, len(chunk), SLICE_BYTES):
                consumer.write(chunk[start : start + SLICE_BYTES])
                self._progress()
                yield None

    def _finish(self, _iterator: object) -> None:
        done, self._done = self._done, None
        if done is not None:
            done.callback(None)

    def _fail(self, failure: Failure) -> None:
        done, self._done = self._done, None
        if done is not None:
            done.errback(failure)

    def pauseProducing(self) -> None:
        """The connection's buffer is full."""
        if self._task is not None:
            self._task.pause()

    def resumeProducing(self) -> None:
        """The connection's buffer has drained."""
        if self._task is not None:
            self._task.resume()

    def stopProducing(self) -> None:
        """The connection is gone; whoever waits for us has been told otherwise."""
        self._done = None
        if self._task is not None:
            with suppress(TaskFinished):
                self._task.stop()

    def abandon(self) -> None:
        """The answer is here already: end an upload that nobody needs, so that the connection can close."""
        done = self._done
        if done is not None:
            self.stopProducing()
            done.callback(None)
