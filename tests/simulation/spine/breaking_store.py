"""The real store, with a possible death before, inside and after every transaction, and now and then a full disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from gateway.store.database import Store
from gateway.store.errors import StoreFull
from spine.chaos import Chaos


class BreakingStore(Store):
    """A ``Store`` whose process may die at each boundary of a transaction; ``committed`` is called after each commit."""

    def __init__(self, url: str, chaos: Chaos):
        super().__init__(url, busy_timeout_seconds=5)
        self._chaos = chaos
        self.committed: Callable[[], None] = lambda: None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """See ``Store.begin``."""
        self._chaos.boundary("before a transaction")
        with Store.begin(self) as tx:
            yield tx
            self._fails_uncommitted()
        if not self._chaos.is_quiet:
            with self._chaos.quiet():
                self.committed()
        self._chaos.boundary("after a commit")

    def _fails_uncommitted(self) -> None:
        if self._chaos.hit("lost-commit"):
            self._chaos.kill("inside a transaction")
        if self._chaos.hit("disk-full"):
            raise StoreFull("no room left on the disk")
