"""The store's door (存储入口): transactions on SQLite or PostgreSQL, and errors that an operator understands."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.store import locks, postgres, schema, sqlite
from gateway.store.errors import StoreFull as StoreFull
from gateway.store.errors import StoreRefused as StoreRefused
from gateway.store.errors import StoreUnavailable as StoreUnavailable

_BACKENDS = {"sqlite": sqlite, "postgresql": postgres}


class Store:
    """One database, opened by one process. ``url``: sqlite:///path or postgresql+psycopg://user:password@host/name."""

    def __init__(self, url: str, *, busy_timeout_seconds: float = 30):
        """Opens nothing yet; raises ValueError for a URL that cannot be a store."""
        self._url = _understood(url)
        self._backend = _BACKENDS[self._url.get_backend_name()]
        self._timeout_seconds = busy_timeout_seconds
        self._writing, self._reading = self._backend.engines(self._url, busy_timeout_seconds)
        self._alone = threading.Lock() if self._backend is sqlite else None
        self._writer: int | None = None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A writing transaction: committed and durable when the block ends, undone when it raises.

        On SQLite one writer at a time; a second ``begin`` inside the block is refused there, as it could
        only wait for itself. Raises StoreFull, StoreUnavailable, StoreRefused.
        """
        with self._turn(), self._explained(), self._writing.begin() as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot: every query in the block sees the same moment. Keep it short. Raises StoreUnavailable."""
        with self._explained(), self._reading.begin() as tx:
            yield tx

    def migrate(self) -> None:
        """Bring the tables up to this release; safe when many processes do it at once.

        Raises StoreUnavailable, also when the database was written by a newer release.
        """
        with self.begin() as tx:
            locks.serialize(tx, "migrate")
            schema.upgrade(tx)

    def ping(self) -> None:
        """Ask the database for a sign of life; raises StoreUnavailable."""
        with self.read() as tx:
            tx.execute(text("SELECT 1"))

    def dispose(self) -> None:
        """Close every connection; the store may be used again afterwards."""
        self._writing.dispose()
        self._reading.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._alone is None:
            yield
            return
        me = threading.get_ident()
        if self._writer == me:
            raise RuntimeError("a writing transaction inside a writing transaction: use the one that is open")
        if not self._alone.acquire(timeout=self._timeout_seconds):
            raise StoreUnavailable(f"database {self._url.database}: another thread has been writing for too long")
        self._writer = me
        try:
            yield
        finally:
            self._writer = None
            self._alone.release()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            known = self._backend.translated(error, self._url)
            if known is None:
                raise StoreRefused(f"the database refused a step: {self._backend.wording(error)}") from None
            raise known from error
        except PoolTimeout as error:
            raise StoreUnavailable(f"database {self._url.database}: all connections stayed in use") from error


def _understood(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError("the store's URL cannot be read: write sqlite:///path or postgresql+psycopg://...") from None
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ValueError(f"no store on {parsed.drivername}: use sqlite:///path or postgresql+psycopg://...")
    return parsed
