"""The tables of the audit (审计表) and of key changes; the database itself refuses to change an audit entry.

To remove old entries after they were exported is maintenance, described in ``docs/audit.md``.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import DDL, BigInteger, Boolean, Column, Index, Integer, Table, Text, event, text

from gateway.store.columns import big, count, identity, words
from gateway.store.tables import metadata

audit: Final = Table(
    "audit",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    big("at_ms"),
    words("actor"),
    words("origin"),
    words("action"),
    words("subject"),
    words("before"),  # canonical JSON, exactly as hashed
    words("after"),
    words("previous_hash"),
    words("hash"),  # SM3, hex
    Index(None, "at_ms"),
)

audit_head: Final = Table(  # one row: the end of the chain, locked by whoever appends
    "audit_head",
    metadata,
    count("head_id", key=True),
    words("gateway_code"),
    big("seq"),
    words("hash"),
    big("at_ms"),
)

key_change: Final = Table(
    "key_change",
    metadata,
    identity("change_id"),
    words("action"),
    words("alias"),
    words("key_id"),
    words("fingerprint"),
    words("digest"),
    words("from_state"),
    words("reason"),
    Column("retire_others", Boolean, nullable=False),
    Column("emergency", Boolean, nullable=False),
    words("others"),  # key ids with spaces between
    words("proposed_by"),
    words("proposed_key"),
    big("proposed_at_ms"),
    words("state"),
    words("decided_by", nullable=True),
    Column("decided_key", Text, nullable=False, server_default=text("''")),
    words("decided_reason", nullable=True),
    big("decided_at_ms", nullable=True),
    Index(None, "state", "change_id"),
    sqlite_autoincrement=True,
)

_SQLITE = (
    """CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
    """CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
    """CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",  # INSERT OR REPLACE fires no DELETE trigger
)
_POSTGRES = (
    """CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$""",
    """CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_append_only()""",
    """CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()""",
)


def guard_statements(dialect: str) -> tuple[str, ...]:
    """The statements that make the database refuse UPDATE and DELETE of audit entries."""
    return _SQLITE if dialect == "sqlite" else _POSTGRES


def _guard(dialect: str) -> Any:
    for statement in guard_statements(dialect):
        ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
        event.listen(audit, "after_create", ddl.execute_if(dialect=dialect))


_guard("sqlite")
_guard("postgresql")
