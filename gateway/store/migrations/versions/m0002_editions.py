"""An instruction remembers the edition of its bank's profile: files in flight keep their format."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text, text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was built so far was built by the first edition."""
    op.add_column("instruction", Column("edition", Text, nullable=False, server_default=text("''")))
