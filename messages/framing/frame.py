"""One frame (报文帧) as it was taken from a line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Frame:
    """The body without its length; an empty one is a heartbeat (心跳)."""

    body: bytes

    @property
    def is_heartbeat(self) -> bool:
        """Whether this only says that the line is alive."""
        return not self.body
