"""The daily anchor (每日锚定): what the chain's end is, signed and put outside the database."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crypto.contract import CryptoError
from crypto.key_entry import KeyState
from crypto.keystore import Keystore
from gateway.clock import business_date
from gateway.core.authority import Actor
from gateway.services import auditing
from gateway.services.anchor_files import ALIAS, PARAMETERS, Anchor, path_of, signed, write_once
from gateway.store import alerts, audit, audit_reading
from gateway.store.database import Store

_BELIEVED = frozenset({KeyState.ACTIVE, KeyState.RETIRING, KeyState.RETIRED})


@dataclass(frozen=True, slots=True)
class Anchored:
    """An anchor, and where it is."""

    anchor: Anchor
    path: Path


def anchor_today(store: Store, keys: Keystore, directory: Path, now_ms: int, actor: Actor) -> Anchored | None:
    """Anchor the chain, once a day; None where today has its anchor, or nothing was ever written.

    Raises KeyUnusable where there is no key to sign with, OSError where the directory cannot be written.
    """
    day = business_date(now_ms).isoformat()
    if path_of(directory, day).exists():
        return None
    with store.read() as tx:
        head, count = audit.head_of(tx), audit_reading.count(tx)
    if head is None or head.seq == 0:
        return None
    unsigned = Anchor(head.gateway_code, day, head.seq, head.hash, count, now_ms, "")
    anchor = signed(unsigned, keys.signer(ALIAS, PARAMETERS))
    path = write_once(directory, anchor)
    if path is None:
        return None
    after = {"day": day, "last_seq": head.seq, "count": count, "digest": head.hash, "key_id": anchor.key_id}
    with store.begin() as tx:
        auditing.write(tx, actor, "audit.anchored", day, now_ms, after=after)
    return Anchored(anchor, path)


def keep_anchored(store: Store, keys: Keystore, directory: Path, now_ms: int) -> None:
    """The same for the hourly sweep: where it cannot be done, the alert ``audit-not-anchored`` says why."""
    try:
        anchor_today(store, keys, directory, now_ms, auditing.GATEWAY)
    except (CryptoError, OSError) as fault:
        why = str(fault) if isinstance(fault, CryptoError) else f"{directory}: {fault.strerror}"
        zh = f"今日审计锚未能生成：{why}。请检查密钥 {ALIAS} 和锚目录，每小时自动重试。"
        en = f"today's anchor of the audit cannot be made: {why}; see to key {ALIAS} and the directory, it is tried hourly"
        with store.begin() as tx:
            alerts.raise_alert(tx, "audit-not-anchored", business_date(now_ms).isoformat(), zh, en, now_ms)


def anchor_publics(keys: Keystore) -> dict[str, str]:
    """The public keys by which anchors and exports are verified, by id: every one that was ever in use, none revoked."""
    return {entry.key_id: entry.public for entry in keys.entries(ALIAS) if entry.state in _BELIEVED}
