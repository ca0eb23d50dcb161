"""Why bytes on a line are not frames (报文帧)."""

from __future__ import annotations

from messages.framing.frame import Frame


class FrameRefused(Exception):
    """The line does not speak this framing, or a frame is too long; nothing after it can be trusted.

    ``before`` holds the frames that were whole before the trouble. Carries no content, only the head.
    """

    def __init__(self, what: str, before: tuple[Frame, ...] = ()):
        super().__init__(what)
        self.before = before
