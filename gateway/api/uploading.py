"""Bodies while they arrive (正文接收): small JSON in memory, items straight to the vault.

Items are written in a thread, in pieces of half a megabyte; when the disk is slower than the network
the sender is paused, so that memory stays at some megabytes however large the upload. Nothing is
attached to a batch before the last byte is durable; whatever ends early is thrown away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from gateway.api.problems import Problem
from gateway.api.threads import Threads
from gateway.store.records import Content

PIECE_BYTES: Final = 512 * 1024
PAUSE_BYTES: Final = 4 * 1024 * 1024
RESUME_BYTES: Final = 1024 * 1024

_log = Logger()


class Sender(Protocol):
    """The other end of an upload, as far as it can be held back."""

    def pause(self) -> None:
        """Let nothing more arrive."""

    def resume(self) -> None:
        """Go on."""


class Writer(Protocol):
    """Where items go: the vault, or only their digest when the batch has them already."""

    def write(self, data: bytes) -> object:
        """More bytes; in a thread."""

    def commit(self) -> Content:
        """All bytes durable, with their digest; in a thread."""

    def abandon(self) -> None:
        """Leave no trace; in a thread."""


class Upload(Protocol):
    """One body while it arrives; all calls on the reactor."""

    def write(self, data: bytes) -> None:
        """More bytes; may raise what makes the body unwanted."""

    def lost(self) -> None:
        """The sender went away: forget it."""


@dataclass(slots=True)
class MemoryUpload:
    """A small body, held whole up to ``limit`` bytes."""

    limit: int
    size: int = 0
    _parts: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        """More bytes; raises Problem when they are too many."""
        self.size += len(data)
        if self.size > self.limit:
            self._parts.clear()
            raise Problem("TOO_LARGE")
        self._parts.append(data)

    def lost(self) -> None:
        """Forget it."""
        self._parts.clear()

    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self._parts)


class SpooledUpload:
    """A body of any size on its way through ``open_writer()``'s writer, which is opened in a thread at once.

    A failure (no such batch, disk full) is raised by the next ``write`` or by ``finish``; nothing is left of it.
    """

    def __init__(self, threads: Threads, open_writer: Callable[[], Writer], limit: int, sender: Sender):
        self._threads, self._open_writer, self._limit, self._sender = threads, open_writer, limit, sender
        self._writer: Writer | None = None
        self._parts: list[bytes] = []
        self._held = 0
        self._paused = self._over = False
        self._failure: Exception | None = None
        self._writing: Deferred[None] | None = None
        self._ended: list[Callable[[], None]] = []
        self.size = 0
        self._flush()

    def on_end(self, call: Callable[[], None]) -> None:
        """Call once when the upload is over, one way or the other."""
        self._ended.append(call)

    def write(self, data: bytes) -> None:
        """More bytes; pauses the sender when too many are waiting. Raises what has gone wrong, so that it may stop."""
        self.size += len(data)
        if self.size > self._limit:
            self._failure = self._failure or Problem("TOO_LARGE")
        if self._failure is not None:
            raise self._failure
        self._parts.append(data)
        self._held += len(data)
        if self._held >= PAUSE_BYTES and not self._paused:
            self._paused = True
            self._sender.pause()
        if self._held >= PIECE_BYTES and self._writing is None:
            self._flush()

    def lost(self) -> None:
        """The sender went away before the end, or nobody wants the content: leave no trace."""
        if self._over:
            return
        self._failure = self._failure or ConnectionError("the upload ended early")
        self._end()
        if self._writing is None:
            self._discard()

    async def finish(self) -> Content:
        """The content, durable; raises what went wrong, and then nothing is left of it."""
        while self._writing is not None or (self._parts and self._failure is None):
            if self._writing is None:
                self._flush()
            assert self._writing is not None  # noqa: S101 - narrowed for the type checker
            await _settled(self._writing)
        try:
            if self._failure is not None:
                raise self._failure
            assert self._writer is not None  # noqa: S101 - opened by the first flush
            writer, self._writer = self._writer, None
            return await self._threads.run(_committed, writer)
        finally:
            self._end()
            self._discard()

    def _flush(self) -> None:
        piece, self._parts, self._held = b"".join(self._parts), [], 0
        self._writing = self._threads.run(self._write_piece, piece)
        self._writing.addBoth(self._flushed)

    def _write_piece(self, piece: bytes) -> None:
        if self._writer is None:
            self._writer = self._open_writer()
        self._writer.write(piece)

    def _flushed(self, result: Any) -> None:
        self._writing = None
        if result is not None:
            self._failure = self._failure or result.value
        if self._failure is not None:
            self._parts, self._held = [], 0
        if self._over:
            self._discard()
        elif self._held >= PIECE_BYTES:
            self._flush()
        if self._paused and self._held <= RESUME_BYTES:
            self._paused = False
            self._sender.resume()

    def _end(self) -> None:
        if not self._over:
            self._over = True
            self._parts, self._held = [], 0
            for call in self._ended:
                call()

    def _discard(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            self._threads.run(writer.abandon).addErrback(lambda f: _log.failure("upload not removed", failure=f))


def _committed(writer: Writer) -> Content:
    try:
        return writer.commit()
    except BaseException:
        writer.abandon()
        raise


def _settled(running: Deferred[None]) -> Deferred[None]:
    """Fires when ``running`` does, without taking its result; cancelling it leaves ``running`` alone."""
    waiting: Deferred[None] = Deferred()

    def fire(result: Any) -> Any:
        if not waiting.called:
            waiting.callback(None)
        return result

    running.addBoth(fire)
    return waiting
