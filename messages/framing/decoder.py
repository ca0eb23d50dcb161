"""Takes frames from a line as its bytes come in, whatever the pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from messages.framing.errors import FrameRefused
from messages.framing.frame import Frame

if TYPE_CHECKING:
    from messages.framing.framing import Framing


class Decoder:
    """Sans-IO. Holds at most one unfinished frame; a length above ``limit`` is refused before its body is held."""

    def __init__(self, framing: Framing, limit: int):
        """``limit``: octets of the longest body; it may be changed between frames."""
        self.limit = limit
        self._framing = framing
        self._held = bytearray()
        self._wanted: int | None = None  # octets of the body whose head is read
        self._refused: FrameRefused | None = None

    @property
    def unfinished(self) -> int:
        """Octets held of a frame that is not whole yet; 0 between frames."""
        return len(self._held) + (0 if self._wanted is None else self._framing.head_bytes)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes; raises FrameRefused, and again for all that comes after."""
        if self._refused is not None:
            raise FrameRefused(str(self._refused))
        self._held += data
        frames: list[Frame] = []
        try:
            self._take(frames)
        except FrameRefused as refused:
            self._held.clear()
            self._refused = FrameRefused(str(refused), tuple(frames))
            raise self._refused from None
        return frames

    def _take(self, frames: list[Frame]) -> None:
        start, held, head_bytes = 0, self._held, self._framing.head_bytes
        try:
            while True:
                if self._wanted is None:
                    head = bytes(held[start : start + head_bytes])
                    if len(head) < head_bytes:
                        self._framing.check_start(head)
                        return
                    self._wanted = self._allowed(self._framing.body_bytes(head))
                    start += head_bytes
                if len(held) - start < self._wanted:
                    return
                frames.append(Frame(bytes(held[start : start + self._wanted])))
                start += self._wanted
                self._wanted = None
        finally:
            del held[:start]

    def _allowed(self, body_bytes: int) -> int:
        if body_bytes > self.limit:
            raise FrameRefused(f"a frame of {body_bytes} octets is above the limit of {self.limit}")
        return body_bytes
