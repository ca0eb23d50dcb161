"""Which files of the vault the database knows."""

from __future__ import annotations

from sqlalchemy import Connection, select, union_all

from gateway.store import tables


def vault_names(tx: Connection) -> set[str]:
    """The vault names of all contents: of batches, instructions and messages from banks."""
    owners = (tables.batch, tables.instruction, tables.inbox)
    query = union_all(*(select(owner.c.vault_name).where(owner.c.vault_name.is_not(None)) for owner in owners))
    return set(tx.execute(query).scalars())
