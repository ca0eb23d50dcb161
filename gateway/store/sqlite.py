"""SQLite as the store's database (嵌入式库): durable, one writer at a time, readers never wait.

``isolation_level=None`` keeps the driver from starting transactions by itself; BEGIN IMMEDIATE takes
the write lock at once, so that a read-then-write step can never fail half way on a lost upgrade.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from gateway.store.errors import StoreError, StoreFull, StoreUnavailable
from gateway.store.jsontext import JSON_OPTIONS

PAGE_BYTES: Final = 8192
WAL_PAGES: Final = 2048  # checkpoint every 16 MB, so that a bulk load does not checkpoint at every commit
WAL_LEFT_BYTES: Final = 64 * 1024 * 1024
READERS: Final = 16
RETRY_SECONDS: Final = 0.002

_UNAVAILABLE: Final = {
    sqlite3.SQLITE_BUSY: "is locked by another process for too long: find out which process holds it",
    sqlite3.SQLITE_LOCKED: "is locked for too long",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: check that the directory exists and may be written",
    sqlite3.SQLITE_READONLY: "may not be written: check the owner and mode of the file and its directory",
    sqlite3.SQLITE_PERM: "may not be opened: check the owner and mode of the file",
    sqlite3.SQLITE_IOERR: "cannot be read or written (input/output error): check the disk",
    sqlite3.SQLITE_CORRUPT: "is damaged: stop the gateway and restore it from the backup",
    sqlite3.SQLITE_NOTADB: "is not an SQLite database: check the configured path",
}


def engines(url: URL, busy_timeout_seconds: float) -> tuple[Engine, Engine]:
    """(writing engine, reading engine) on one file; raises ValueError for a database in memory."""
    if not url.database or url.database == ":memory:":
        raise ValueError("the store needs a file that several processes can open: sqlite:///path/to/store.db")
    writing = _engine(url, busy_timeout_seconds, driver_waits_seconds=0, pool_size=1, max_overflow=0)
    event.listen(writing, "connect", lambda raw, _: _prepare_writer(raw, busy_timeout_seconds))
    event.listen(writing, "begin", lambda tx: _begin_immediate(tx, busy_timeout_seconds))
    reading = _engine(url, busy_timeout_seconds, driver_waits_seconds=busy_timeout_seconds, pool_size=READERS)
    event.listen(reading, "connect", lambda raw, _: raw.execute("PRAGMA query_only=ON"))
    event.listen(reading, "begin", _begin_deferred)
    return writing, reading


def _engine(url: URL, busy_timeout_seconds: float, *, driver_waits_seconds: float, **pool: int) -> Engine:
    driver = {"timeout": driver_waits_seconds, "isolation_level": None, "check_same_thread": False}
    return create_engine(
        url, connect_args=driver, hide_parameters=True, pool_timeout=busy_timeout_seconds, **JSON_OPTIONS, **pool
    )


def _begin_immediate(tx: Connection, busy_timeout_seconds: float) -> None:
    raw = tx.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - narrows the type
    try:
        _insist(raw, "BEGIN IMMEDIATE", busy_timeout_seconds)
    except sqlite3.OperationalError:
        tx.exec_driver_sql("BEGIN IMMEDIATE")  # once more, for SQLAlchemy to wrap what it says


def _begin_deferred(tx: Connection) -> None:
    tx.exec_driver_sql("BEGIN")


def _prepare_writer(raw: sqlite3.Connection, busy_timeout_seconds: float) -> None:
    raw.execute(f"PRAGMA page_size={PAGE_BYTES}")  # heeded only while the file is empty
    _insist(raw, "PRAGMA journal_mode=WAL", busy_timeout_seconds)  # the driver itself does not wait here
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("PRAGMA foreign_keys=ON")
    raw.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}")
    raw.execute(f"PRAGMA journal_size_limit={WAL_LEFT_BYTES}")


def _insist(raw: sqlite3.Connection, statement: str, busy_timeout_seconds: float) -> None:
    """Run ``statement`` as soon as no other process holds the lock.

    SQLite's own waiting sleeps longer and longer, up to 100 ms, so that whoever waits longest is served last.
    """
    deadline = time.monotonic() + busy_timeout_seconds
    while True:
        try:
            raw.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(RETRY_SECONDS)


def _primary_code(error: BaseException | None) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def translated(error: DBAPIError, url: URL) -> StoreError | None:
    """The store's own error for what the driver said, or None where it is no matter of disk or connection."""
    code, where = _primary_code(error.orig), Path(url.database or "")
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(
            f"no room left for database {where}: nothing of this step was stored; "
            "free some space on that disk, the work then goes on by itself"
        )
    if code in _UNAVAILABLE:
        return StoreUnavailable(f"database {where} {_UNAVAILABLE[code]}")
    return None


def wording(error: DBAPIError) -> str:
    """What the driver said; SQLite never quotes values."""
    return str(error.orig)


def serialize(tx: Connection, key: int) -> None:
    """Nothing to do: a writing transaction is alone already."""
