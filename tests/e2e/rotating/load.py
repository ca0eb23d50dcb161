"""The platform, which submits one batch after the other while keys change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from simulators.platform_client import PlatformClient
from simulators.roster import roster

ITEMS = 24  # a batch
PAUSE_SECONDS = 0.3
MOST_AHEAD = 5  # batches that are not settled: a slow machine gets no more of them than a quick one


class Load(threading.Thread):
    """Never refused: the first trouble ends it, and the test with it."""

    def __init__(self, url: str, keys: Path, unsettled: Callable[[list[str]], int]):
        super().__init__(daemon=True)
        self.numbers: list[str] = []
        self.key_files = threading.Lock()  # whoever exchanges them
        self._url, self._keys, self._unsettled, self._enough = url, keys, unsettled, threading.Event()
        self._trouble: list[BaseException] = []
        self._today = datetime.now(UTC).astimezone(timezone(timedelta(hours=8))).date()

    def run(self) -> None:
        seed = 1000
        while not self._enough.wait(PAUSE_SECONDS):
            if self._unsettled(list(self.numbers)) >= MOST_AHEAD:
                continue
            seed += 1
            options: Any = {"batches": 1, "requested_on": self._today, "bad_share": Decimal(0), "everywhere": True}
            (batch,) = roster(ITEMS, seed, **options)
            try:
                with self.key_files:
                    PlatformClient(self._url, self._keys, timeout_seconds=60).submit(batch)
            except BaseException as trouble:
                self._trouble.append(trouble)
                return
            self.numbers.append(batch.header["batch_no"])

    def more(self, count: int) -> None:
        """Wait until so many more batches were submitted."""
        target, ends = len(self.numbers) + count, time.monotonic() + 180
        while len(self.numbers) < target:
            assert not self._trouble, self._trouble
            assert time.monotonic() < ends, "the gateway takes no batches"
            time.sleep(0.05)

    def stop(self) -> None:
        """No more batches; how many items there were."""
        self._enough.set()
        self.join()
        assert not self._trouble, self._trouble

    @property
    def items(self) -> int:
        return ITEMS * len(self.numbers)
