"""An outer limit on blocking work: whatever hangs below is cut off when the time is over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType


class Deadline:
    """Run ``cut`` from another thread if the block takes longer than ``seconds``.

    Channel timeouts only bound the wait for one answer; a peer that dribbles one byte a second
    passes them for ever. ``cut`` must be safe from any thread and wake whoever is blocked.
    """

    def __init__(self, seconds: float, cut: Callable[[], None]):
        self._cut = cut
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True
        self.expired = False

    def _expire(self) -> None:
        self.expired = True
        self._cut()

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
