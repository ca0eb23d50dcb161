"""The audit (审计): entries that are only ever appended, each bound to the one before it by SM3.

One chain a database. Whoever appends holds the row of its end until the transaction is over, so that nodes cannot
fork it: append last in a transaction, so that nobody waits for longer than the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives import hashes
from sqlalchemy import Connection, Row, insert, select, update

from gateway.core.act_values import fault_in, fault_in_name
from gateway.core.acts import ACTIONS, KEYS
from gateway.store import audit_tables
from gateway.store.errors import StoreError
from gateway.store.rows import insert_once

_DOMAIN: Final = "gateway-audit-1"
_HEAD: Final = 1
_t, _head = audit_tables.audit, audit_tables.audit_head


class ActRefused(StoreError):
    """An act that may not be written as it is: an unknown action or key, or a value that looks personal or secret."""


class WrongChain(StoreError):
    """The chain in this database belongs to another gateway."""


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what, to what, when and from where, and how the thing was before and after."""

    actor: str
    origin: str
    action: str  # of gateway.core.acts.ACTIONS
    subject: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    at_ms: int


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An act in its place in the chain; hashes are SM3 in hex."""

    seq: int
    at_ms: int
    actor: str
    origin: str
    action: str
    subject: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain as its own row says."""

    gateway_code: str
    seq: int
    hash: str
    at_ms: int


def append(tx: Connection, act: Act) -> AuditEntry:
    """Write an act down; raises ActRefused. Do it last in the transaction."""
    _require_writable(act)
    head = _locked_head(tx)
    entry = _entry(head, act)
    values = {
        "seq": entry.seq,
        "at_ms": entry.at_ms,
        "actor": entry.actor,
        "origin": entry.origin,
        "action": entry.action,
        "subject": entry.subject,
        "before": canonical(entry.before).decode(),
        "after": canonical(entry.after).decode(),
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }
    tx.execute(insert(_t).values(values))
    moved = {"seq": entry.seq, "hash": entry.hash, "at_ms": entry.at_ms}
    tx.execute(update(_head).where(_head.c.head_id == _HEAD).values(moved))
    return entry


def open_chain(tx: Connection, gateway_code: str, now_ms: int) -> None:
    """Begin the chain of this gateway, or see that it is its own; raises WrongChain."""
    if _begun(tx, gateway_code):
        append(tx, Act("gateway", "local", "audit.opened", gateway_code, {}, {"gateway_code": gateway_code}, now_ms))
        return
    head = _locked_head(tx)
    if head.gateway_code != gateway_code:
        raise WrongChain(
            f"the audit of this database belongs to gateway {head.gateway_code!r}, and the settings say "
            f"{gateway_code!r}: gateway_code never changes, and each gateway has a database of its own"
        )


def entries(tx: Connection, after_seq: int = 0, limit: int = 1000) -> list[AuditEntry]:
    """Up to ``limit`` entries after ``after_seq``, in their order."""
    query = select(_t).where(_t.c.seq > after_seq).order_by(_t.c.seq).limit(limit)
    return [read_entry(row) for row in tx.execute(query)]


def head_of(tx: Connection) -> Head | None:
    """The end of the chain; None where it has not begun."""
    row = tx.execute(select(_head).where(_head.c.head_id == _HEAD)).first()
    return Head(row.gateway_code, row.seq, row.hash, row.at_ms) if row is not None else None


def genesis(gateway_code: str) -> str:
    """What the first entry of a gateway's chain follows."""
    return sm3(canonical({"domain": _DOMAIN, "gateway_code": gateway_code}))


def hash_of(entry: AuditEntry) -> str:
    """The hash that binds an entry, with all it says, to the one before."""
    return sm3(
        canonical(
            {
                "seq": entry.seq,
                "at_ms": entry.at_ms,
                "actor": entry.actor,
                "origin": entry.origin,
                "action": entry.action,
                "subject": entry.subject,
                "before": entry.before,
                "after": entry.after,
                "previous_hash": entry.previous_hash,
            }
        )
    )


def canonical(value: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and nothing that could be written in two ways."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def sm3(data: bytes) -> str:
    """SM3 (GB/T 32905) in hex."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def read_entry(row: Row[Any]) -> AuditEntry:
    """An entry out of its row; raises ValueError where its JSON is none."""
    return AuditEntry(
        seq=row.seq,
        at_ms=row.at_ms,
        actor=row.actor,
        origin=row.origin,
        action=row.action,
        subject=row.subject,
        before=orjson.loads(row.before),
        after=orjson.loads(row.after),
        previous_hash=row.previous_hash,
        hash=row.hash,
    )


def _entry(head: Head, act: Act) -> AuditEntry:
    unsealed = AuditEntry(
        seq=head.seq + 1,
        at_ms=act.at_ms,
        actor=act.actor,
        origin=act.origin,
        action=act.action,
        subject=act.subject,
        before=_plain(act.before),
        after=_plain(act.after),
        previous_hash=head.hash,
        hash="",
    )
    return AuditEntry(**{name: getattr(unsealed, name) for name in _FIELDS if name != "hash"}, hash=hash_of(unsealed))


_FIELDS: Final = tuple(AuditEntry.__dataclass_fields__)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Lists and plain strings only, so that what is read back is what was hashed."""
    plain: dict[str, Any] = orjson.loads(canonical({key: _plain_value(value) for key, value in values.items()}))
    return plain


def _plain_value(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [str(one) for one in value]
    return str(value) if isinstance(value, str) else value


def _locked_head(tx: Connection) -> Head:
    query = select(_head).where(_head.c.head_id == _HEAD).with_for_update()
    row = tx.execute(query).first()
    if row is None:
        _begun(tx, "")
        row = tx.execute(query).one()
    return Head(row.gateway_code, row.seq, row.hash, row.at_ms)


def _begun(tx: Connection, gateway_code: str) -> bool:
    start = {"head_id": _HEAD, "gateway_code": gateway_code, "seq": 0, "hash": genesis(gateway_code), "at_ms": 0}
    return insert_once(tx, _head, start)


def _require_writable(act: Act) -> None:
    action = ACTIONS.get(act.action)
    if action is None:
        raise ActRefused(f"the audit knows no action {act.action[:40]!r}: add it to gateway/core/acts.py")
    for name in ("actor", "origin", "subject"):
        fault = fault_in_name(getattr(act, name))
        if fault:
            raise ActRefused(f"audit entry {act.action}: its {name} {fault}")
    for side, values in (("before", act.before), ("after", act.after)):
        for key, value in values.items():
            if key not in action.keys:
                raise ActRefused(f"audit entry {act.action}: {side} may not carry {key[:40]!r}")
            fault = fault_in(KEYS[key], value)
            if fault:
                raise ActRefused(f"audit entry {act.action}: {side}.{key} {fault}")
