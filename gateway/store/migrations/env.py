"""Alembic's entry: migrations run on the connection, and in the transaction, that the store hands over."""

from __future__ import annotations

from alembic import context

from gateway.store import audit_tables  # noqa: F401 - their tables are declared beside those of tables.py
from gateway.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
