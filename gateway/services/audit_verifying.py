"""Verifying the whole audit (审计验证): the chain in the database, against its own end and the anchors outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.services.anchor_files import BadAnchor, read_anchors
from gateway.services.chain_check import ChainCheck, Finding, RawEntry, walk
from gateway.store import audit_reading
from gateway.store.database import Store

Progress = Callable[[int, int], None]
"""(entries walked, entries in all)."""


def unseen(done: int, total: int) -> None:
    """Nobody watches."""


def verify_database(
    store: Store, gateway_code: str, anchors: Path, publics: Mapping[str, str], progress: Progress = unseen
) -> ChainCheck:
    """Walk the chain in the database; what is wrong is in the answer's ``findings``. Raises StoreError."""
    known, bad = read_anchors(anchors, publics)
    check = ChainCheck(gateway_code, known)
    for fault in bad:
        check.add(bad_anchor(fault))
    head, last = audit_reading.end(store)
    for done in walk(check, (RawEntry(*row) for row in audit_reading.rows(store, last))):
        progress(done, last)
    check.finish(head)
    return check


def bad_anchor(fault: BadAnchor) -> Finding:
    """A file among the anchors that is none."""
    return Finding(0, "bad-anchor", f"锚文件无效：{fault}", str(fault))
