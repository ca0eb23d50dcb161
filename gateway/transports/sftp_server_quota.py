"""How much a bank may lay down (空间配额): bytes over its two directories and what it is uploading."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from gateway.transports.sftp_names import ENTRIES_PER_DIRECTORY
from gateway.transports.sftp_server_root import BankRoot, TooMany

RECOUNT_SECONDS: Final = 1.0  # somebody may have cleared the directories by hand


class QuotaExceeded(Exception):
    """The bank's room is used up; the text is for the bank."""


class Quota:
    """Counts in memory and looks at the disk again before it says no. Bytes are counted by the length of files."""

    def __init__(self, root: BankRoot, quota_bytes: int, clock: Callable[[], float] = time.monotonic):
        self._root, self._limit, self._clock = root, quota_bytes, clock
        self._uploading = 0
        self._held, self._files = 0, 0
        self._counted_at: float | None = None

    def reserve(self, more: int) -> None:
        """Room for ``more`` bytes of an upload; raises QuotaExceeded, then nothing is reserved."""
        if not self._fits(more):
            self._recount()
        if not self._fits(more):
            raise QuotaExceeded(
                f"quota exceeded: this login may hold {self._limit} bytes and {ENTRIES_PER_DIRECTORY} files; "
                "ask the gateway's operator to clear old files"
            )
        self._uploading += more

    def drop(self, size: int) -> None:
        """An upload of ``size`` bytes was given up."""
        self._uploading -= size

    def keep(self, size: int) -> None:
        """An upload of ``size`` bytes is a file now."""
        self._uploading -= size
        self._held += size
        self._files += 1

    def freed(self, size: int) -> None:
        """A file of ``size`` bytes is gone."""
        self._held -= size
        self._files -= 1

    def _fits(self, more: int) -> bool:
        if self._counted_at is None:
            self._recount()
        return self._held + self._uploading + more <= self._limit and self._files < ENTRIES_PER_DIRECTORY

    def _recount(self) -> None:
        now = self._clock()
        if self._counted_at is not None and now - self._counted_at < RECOUNT_SECONDS:
            return
        self._counted_at = now
        try:
            found = [seen for place in self._root.incoming for _, seen in self._root.files(place)]
        except TooMany:
            self._files = ENTRIES_PER_DIRECTORY
            return
        self._held, self._files = sum(seen.st_size for seen in found), len(found)
