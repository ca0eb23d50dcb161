"""One at a time: steps that look first and write afterwards, where no unique key can stand guard."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection

from gateway.store import postgres, sqlite


def serialize(tx: Connection, *names: str) -> None:
    """Let only one transaction at a time do what ``names`` name; held until ``tx`` ends."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    key = int.from_bytes(digest[:8], "big", signed=True)
    backend = sqlite if tx.dialect.name == "sqlite" else postgres
    backend.serialize(tx, key)
