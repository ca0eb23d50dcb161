"""Full disks, lost connections, damaged files: a clear error, nothing half done, and it goes on afterwards."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from sqlalchemy import select, text

from gateway.store import batches, outbox, tables, work
from gateway.store.database import Store, StoreFull, StoreRefused, StoreUnavailable

COMMIT_FOR_EVER = """
import sys
from gateway.store import outbox, work
from gateway.store.database import Store

store = Store(sys.argv[1])
for number in range(100_000):
    with store.begin() as tx:
        outbox.put(tx, "webhook", str(number), "platform", b"x" * 5_000, number)
        work.put(tx, "webhook", str(number), {"number": number}, due_at_ms=number)
    print(number, flush=True)
"""


@pytest.fixture
def sqlite_store(tmp_path: Path, migrated_file: Path) -> Store:
    (tmp_path / "store.db").write_bytes(migrated_file.read_bytes())
    return Store(f"sqlite:///{tmp_path}/store.db", busy_timeout_seconds=0.2)


@pytest.fixture
def postgres_store(postgres_url: str) -> Store:
    return Store(postgres_url, busy_timeout_seconds=2)


def test_a_full_disk_on_sqlite(sqlite_store: Store) -> None:
    with sqlite_store.begin() as tx:
        pages = tx.execute(text("PRAGMA page_count")).scalar_one()
        tx.execute(text(f"PRAGMA max_page_count = {pages + 4}"))
    with pytest.raises(StoreFull, match=r"store\.db.*free some space"), sqlite_store.begin() as tx:
        work.put(tx, "webhook", "k", {}, due_at_ms=1)
        outbox.put(tx, "webhook", "k", "platform", b"x" * 1_000_000, 1)
    with sqlite_store.begin() as tx:
        assert work.counts(tx) == {}
        tx.execute(text("PRAGMA max_page_count = 1000000"))
        outbox.put(tx, "webhook", "k", "platform", b"x" * 1_000_000, 1)


def test_a_full_disk_on_postgresql(postgres_store: Store) -> None:
    with pytest.raises(StoreFull, match="free some space"), postgres_store.begin() as tx:
        tx.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$"))
    postgres_store.ping()


@pytest.mark.parametrize(
    "lost", ["deadlock_detected", "serialization_failure", "lock_not_available", "too_many_connections"]
)
def test_what_may_be_done_again_says_so(postgres_store: Store, lost: str) -> None:
    with pytest.raises(StoreUnavailable), postgres_store.begin() as tx:
        tx.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{lost}'; END $$"))


def test_a_lost_connection_and_the_next_one(postgres_store: Store, postgres_url: str) -> None:
    other = Store(postgres_url)
    with pytest.raises(StoreUnavailable, match="cannot be reached"), postgres_store.begin() as tx:
        me = tx.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with other.begin() as killer:
            killer.execute(text("SELECT pg_terminate_backend(:me, 5000)"), {"me": me})
        work.put(tx, "webhook", "k", {}, due_at_ms=1)
    postgres_store.ping()
    other.dispose()


def test_no_server_and_no_password_in_the_error() -> None:
    store = Store("postgresql://gateway:s3cret@127.0.0.1:1/gateway", busy_timeout_seconds=2)
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1/gateway") as raised:
        store.ping()
    assert "s3cret" not in str(raised.value)


def test_a_locked_file(sqlite_store: Store) -> None:
    other = Store(sqlite_store_url(sqlite_store))
    with other.begin(), pytest.raises(StoreUnavailable, match="locked"), sqlite_store.begin():
        pass
    with sqlite_store.begin():
        pass


def sqlite_store_url(store: Store) -> str:
    with store.read() as tx:
        return f"sqlite:///{tx.engine.url.database}"


def test_a_writer_inside_a_writer_is_refused_at_once(sqlite_store: Store) -> None:
    with pytest.raises(RuntimeError, match="inside"), sqlite_store.begin(), sqlite_store.begin():
        pass
    with sqlite_store.begin() as tx:
        work.put(tx, "webhook", "k", {}, due_at_ms=1)


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be opened"):
        Store(f"sqlite:///{tmp_path}/nowhere/store.db").migrate()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"not a database at all" * 400)
    with pytest.raises(StoreUnavailable, match="not an SQLite database"):
        Store(f"sqlite:///{tmp_path}/store.db").migrate()


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://host/db", "postgresql+psycopg2://h/d", "x"]
)
def test_a_url_that_can_be_no_store(url: str) -> None:
    with pytest.raises(ValueError, match="store"):
        Store(url)


def test_errors_carry_no_values(store: Store, new_batch) -> None:
    private = new_batch(header="张三 6228480000000012345")
    with pytest.raises(StoreRefused) as raised, store.begin() as tx:
        batches.open_batch(tx, private, None)  # type: ignore[arg-type]
    assert "6228480000000012345" not in "".join(traceback.format_exception(raised.value))


def test_what_was_committed_survives_a_kill(sqlite_store: Store) -> None:
    url = sqlite_store_url(sqlite_store)
    sqlite_store.dispose()
    writer = subprocess.Popen([sys.executable, "-c", COMMIT_FOR_EVER, url], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    committed = [int(writer.stdout.readline()) for _ in range(100)][-1]
    writer.send_signal(signal.SIGKILL)
    committed = max([committed, *(int(line) for line in writer.stdout.read().split("\n")[:-1])])
    writer.wait(10)
    survivor = Store(url)
    with survivor.read() as tx:
        assert tx.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        sent = tx.execute(select(tables.outbox.c.key)).scalars().all()
        asked = tx.execute(select(tables.work.c.key)).scalars().all()
    survivor.dispose()
    assert set(map(str, range(committed + 1))) <= set(sent)
    assert set(sent) == set(asked), "a transaction is there whole or not at all"
    assert len(sent) <= committed + 2


def test_sqlite_writes_through(sqlite_store: Store) -> None:
    with sqlite_store.begin() as tx:
        assert tx.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert tx.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert tx.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    sqlite_store.dispose()


def test_postgresql_writes_through(postgres: object, postgres_url: str) -> None:
    asking = re.sub(r"\?", "?options=-c%20synchronous_commit%3Doff&", postgres_url)
    store = Store(asking)
    with store.begin() as tx:
        assert tx.execute(text("SHOW synchronous_commit")).scalar_one() == "on"
        assert tx.execute(text("SHOW transaction_isolation")).scalar_one() == "read committed"
    with store.read() as tx:
        assert tx.execute(text("SHOW transaction_isolation")).scalar_one() == "repeatable read"
    store.dispose()
