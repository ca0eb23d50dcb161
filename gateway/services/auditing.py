"""Writing acts down (审计记录): the words that services use, over ``gateway.store.audit``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection

from gateway.core.act_values import reference
from gateway.core.authority import Actor
from gateway.store import audit
from gateway.store.audit import Act, AuditEntry

GATEWAY: Final = Actor("gateway", frozenset(), origin="local")
"""The gateway itself, for what nobody asked for."""


def write(
    tx: Connection,
    actor: Actor,
    action: str,
    subject: str,
    now_ms: int,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """One act, by ``actor`` from where they are; what somebody else named is hidden where it looks personal.

    Do it last in the transaction. Raises ActRefused.
    """
    act = Act(
        actor=reference(actor.name),
        origin=reference(actor.origin),
        action=action,
        subject=reference(subject),
        before=before or {},
        after=after or {},
        at_ms=now_ms,
    )
    return audit.append(tx, act)
