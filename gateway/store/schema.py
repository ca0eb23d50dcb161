"""Bringing the tables up to date: Alembic's migrations, run inside the caller's transaction."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from gateway.store import data_tables  # noqa: F401 - declared beside those of tables.py
from gateway.store.errors import StoreUnavailable

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_one_at_a_time = threading.Lock()  # Alembic keeps its context in module globals


def upgrade(tx: Connection) -> None:
    """Run what is missing, all or nothing; raises StoreUnavailable for a database of a newer release."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = tx
    with _one_at_a_time:
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise StoreUnavailable(
                f"the database cannot be brought up to this release ({error}): "
                "it was written by a newer one, install that"
            ) from error
