"""PostgreSQL as the store's database: several nodes, the same functions.

Writes run READ COMMITTED (every guard is in the statement itself), reads in a REPEATABLE READ, READ ONLY snapshot.
"""

from __future__ import annotations

from typing import Any, Final

from psycopg import Connection as RawConnection
from psycopg import Cursor, errors
from psycopg.pq import Format
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from gateway.store.errors import StoreError, StoreFull, StoreUnavailable
from gateway.store.jsontext import JSON_OPTIONS

CONNECTIONS: Final = 8
IDLE_TRANSACTION_MS: Final = 300_000  # a stalled worker must not hold its locks for ever

_LOST_RACE: Final = (errors.DeadlockDetected, errors.SerializationFailure)
_AWAY: Final = (
    errors.TooManyConnections,
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.CannotConnectNow,
    errors.ReadOnlySqlTransaction,
    errors.IdleInTransactionSessionTimeout,
    errors.OperatorIntervention,
    errors.IoError,
)


class _BinaryCursor(Cursor[Any]):
    """Takes results in binary: as text, sealed bytes would travel in hexadecimal (measured 3 times slower)."""

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.format = Format.BINARY


def engines(url: URL, busy_timeout_seconds: float) -> tuple[Engine, Engine]:
    """(writing engine, reading engine) over one pool of connections."""
    settings = (
        f"-c lock_timeout={int(busy_timeout_seconds * 1000)} "
        f"-c idle_in_transaction_session_timeout={IDLE_TRANSACTION_MS} -c client_encoding=utf8"
    )
    options: dict[str, Any] = {
        "connect_args": {
            "connect_timeout": max(2, int(busy_timeout_seconds)),
            "options": settings,
            "cursor_factory": _BinaryCursor,
        },
        "hide_parameters": True,
        **JSON_OPTIONS,
    }
    writing = create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=CONNECTIONS,
        pool_timeout=busy_timeout_seconds,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        **options,
    )
    event.listen(writing, "connect", _insist_on_durability)
    reading = writing.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return writing, reading


def _insist_on_durability(raw: RawConnection[Any], _record: Any) -> None:
    """A commit must be on disk when it returns; stricter settings of the server are left alone."""
    raw.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    raw.commit()


def translated(error: DBAPIError, url: URL) -> StoreError | None:
    """The store's own error for what the driver said, or None where it is no matter of disk or connection."""
    where, cause = f"{url.host or url.query.get('host', 'local')}/{url.database}", error.orig
    if isinstance(cause, errors.DiskFull):
        return StoreFull(
            f"no room left for database {where}: nothing of this step was stored; "
            "free some space on the database server, the work then goes on by itself"
        )
    if isinstance(cause, errors.LockNotAvailable):
        return StoreUnavailable(f"database {where}: a row stayed locked for too long: find the session that holds it")
    if isinstance(cause, _LOST_RACE):
        return StoreUnavailable(
            f"database {where}: another transaction was in the way, nothing was stored: do it again"
        )
    if error.connection_invalidated or isinstance(cause, _AWAY) or _never_reached(cause):
        return StoreUnavailable(f"database {where} cannot be reached: check that the server runs and is the primary")
    return None


def _never_reached(cause: BaseException | None) -> bool:
    return isinstance(cause, errors.OperationalError) and cause.sqlstate is None


def wording(error: DBAPIError) -> str:
    """What the server said, without the DETAIL line, which may quote the row."""
    if isinstance(error.orig, errors.Error):
        return error.orig.diag.message_primary or type(error.orig).__name__
    return type(error.orig).__name__


def serialize(tx: Connection, key: int) -> None:
    """Wait until no other transaction holds ``key`` (64 bits, signed); held until this one ends."""
    tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
