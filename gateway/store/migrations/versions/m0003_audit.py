"""The audit, and changes of keys."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Integer, Text, text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SQLITE = (
    """CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
    """CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
    """CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
)
_POSTGRES = (
    """CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$""",
    """CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_append_only()""",
    """CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()""",
)


def upgrade() -> None:
    """The chain itself begins when a gateway opens the database for the first time."""
    _audit()
    _changes()
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES:
        op.execute(statement)


def _audit() -> None:
    op.create_table(
        "audit",
        Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
        *(Column("at_ms", BigInteger, nullable=False), _text("actor"), _text("origin"), _text("action")),
        *(_text("subject"), _text("before"), _text("after"), _text("previous_hash"), _text("hash")),
    )
    op.create_index("ix_audit_at_ms", "audit", ["at_ms"])
    op.create_table(
        "audit_head",
        Column("head_id", Integer, primary_key=True, nullable=False, autoincrement=False),
        *(_text("gateway_code"), _big("seq"), _text("hash"), _big("at_ms")),
    )


def _changes() -> None:
    op.create_table(
        "key_change",
        Column("change_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        *(_text("action"), _text("alias"), _text("key_id"), _text("fingerprint"), _text("digest")),
        *(_text("from_state"), _text("reason")),
        Column("retire_others", Boolean, nullable=False),
        Column("emergency", Boolean, nullable=False),
        *(_text("others"), _text("proposed_by"), _text("proposed_key"), _big("proposed_at_ms"), _text("state")),
        Column("decided_by", Text),
        Column("decided_key", Text, nullable=False, server_default=text("''")),
        *(Column("decided_reason", Text), Column("decided_at_ms", BigInteger)),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_key_change_state_change_id", "key_change", ["state", "change_id"])


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _big(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)
