"""How often somebody read personal data in clear (明文查看次数): counted in the audit, which forgets nothing."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, func, select

from gateway.store import audit_tables

ACTION: Final = "personal.read-clear"
_t = audit_tables.audit


def since(tx: Connection, actor: str, from_ms: int) -> int:
    """Entries of readings by ``actor`` (as the audit names them) from ``from_ms`` on."""
    mine = (_t.c.at_ms >= from_ms) & (_t.c.actor == actor) & (_t.c.action == ACTION)
    return int(tx.execute(select(func.count()).where(mine)).scalar_one())
