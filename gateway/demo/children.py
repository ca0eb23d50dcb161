"""Child processes that say when they are ready, by one JSON line, and are stopped for certain."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

READY_SECONDS = 120


class ChildFailed(Exception):
    """A process of the demonstration did not start or ended by itself; says where its log is."""


def _own_environment() -> dict[str, str]:
    """Without ``GATEWAY_…``: what is set for a gateway on this machine must not reach into a world of its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}


class Child:
    """One process: ``python -m module arguments``."""

    def __init__(self, name: str, module: str, arguments: list[str], log: Path):
        self.name, self._log = name, log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                stdin=subprocess.DEVNULL,
                env=_own_environment(),
            )
        self.ready = self._await_ready()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def _await_ready(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - PIPE was asked for
        until = time.monotonic() + READY_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while time.monotonic() < until and self._process.poll() is None:
                if selector.select(0.2) and (line := self._process.stdout.readline()).startswith(b"{"):
                    found: dict[str, Any] = json.loads(line)
                    return found
        self.stop()
        raise ChildFailed(f"{self.name} did not start: {self.last_words()}")

    def require_alive(self) -> None:
        """Raise ChildFailed when the process has ended."""
        if self._process.poll() is not None:
            raise ChildFailed(f"{self.name} ended with status {self._process.returncode}: {self.last_words()}")

    def last_words(self) -> str:
        """The end of its log."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:]

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ask it to end; insist after ten seconds."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
