"""What the migrations make is what tables.py says, however many processes start at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from gateway.store.database import Store, StoreUnavailable
from gateway.store.tables import metadata

MIGRATE = "import sys; from gateway.store.database import Store; Store(sys.argv[1]).migrate()"
DECLARED = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND tbl_name <> 'alembic_version'"


def test_the_migrations_make_the_declared_tables(url: str) -> None:
    plain = create_engine(url)  # the store's own cursors read in binary, which reflection cannot
    with plain.connect() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    plain.dispose()


def _clauses(sql: str | None) -> frozenset[str]:
    """The parts of a statement, whatever their order: a column added later stands at the end."""
    depth, part, parts = 0, "", []
    for sign in " ".join((sql or "").split()).replace("( ", "(").replace(" )", ")"):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 1:
            parts.append(part.strip())
            part = ""
        else:
            part += sign
    head, _, first = parts[0].partition("(") if parts else (part, "", "")
    return frozenset({head.strip(), first.strip(), *parts[1:], part.strip().removesuffix(")")})


def test_on_sqlite_they_are_the_same_clause_by_clause(tmp_path: Path) -> None:
    """Alembic compares neither AUTOINCREMENT nor primary key names."""
    store, plain = Store(f"sqlite:///{tmp_path}/store.db"), create_engine("sqlite://")
    store.migrate()
    metadata.create_all(plain)
    with store.read() as migrated, plain.connect() as declared:
        made, wanted = (
            {name: _clauses(sql) for name, sql in tx.execute(text(DECLARED))} for tx in (migrated, declared)
        )
        assert made == wanted
    store.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    server = request.getfixturevalue("postgres")
    server.psql("DROP DATABASE IF EXISTS empty;")
    server.psql("CREATE DATABASE empty;")
    return str(server.get_uri(database="empty", driver="psycopg"))


def test_many_processes_may_migrate_at_once(empty_url: str) -> None:
    starting = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, empty_url], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=60)[1] for process in starting]
    assert [process.returncode for process in starting] == [0, 0, 0], "\n".join(said)
    store = Store(empty_url)
    with store.read() as tx:
        assert set(metadata.tables) <= set(inspect(tx).get_table_names())
    store.dispose()


def test_a_database_of_a_newer_release_is_refused(empty_url: str) -> None:
    store = Store(empty_url)
    store.migrate()
    with store.begin() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match="newer"):
        store.migrate()
    store.dispose()
