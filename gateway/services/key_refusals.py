"""Refused acts upon keys (拒绝记录): whoever is refused is told why, and the audit remembers it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from crypto.contract import CryptoError
from gateway.clock import Clock
from gateway.core.act_values import Kind, fault_in, reference
from gateway.core.authority import Actor, NotAllowed
from gateway.core.key_changes import ChangeRefused
from gateway.services import auditing
from gateway.store.database import Store


@contextmanager
def refusals(store: Store, clock: Clock, actor: Actor, subject: str, said: Mapping[str, Any]) -> Iterator[None]:
    """Write down what is refused within the block, then let the refusal go on to whoever asked."""
    try:
        yield
    except (NotAllowed, ChangeRefused, CryptoError, ValueError) as refusal:
        with store.begin() as tx:
            after = {key: value for key, value in said.items() if value is not None} | _why(refusal)
            auditing.write(tx, actor, "key.refused", subject, clock.now_ms(), after=after)
        raise


def require_reason(reason: str) -> str:
    """The reason without spaces around it; ChangeRefused where it is empty or holds what must not be written down."""
    reason = reason.strip()
    if not reason:
        raise ChangeRefused("no-reason", "请说明变更原因。", "say why: the reason must not be empty")
    fault = fault_in(Kind.TEXT, reason)
    if fault:
        raise ChangeRefused(
            "bad-reason",
            "变更原因过长，或疑似含有个人信息或密钥，请修改。",
            f"the reason {fault}",
        )
    return reason


def shown_name(name: str) -> str:
    """A name as somebody typed it, as the audit may show it."""
    return reference(name)


def _why(refusal: Exception) -> dict[str, Any]:
    if isinstance(refusal, NotAllowed):
        roles = sorted(role.value for role in refusal.actor.roles)
        return {"code": "not-allowed", "permission": refusal.permission.value, "roles": roles}
    if isinstance(refusal, ChangeRefused):
        return {"code": refusal.code}
    return {"code": _plain_code(getattr(refusal, "reason", None)) or "key-unusable"}


def _plain_code(code: object) -> str | None:
    """Why a key cannot be used, where the keystore says it in a word."""
    text = str(code) if code is not None else ""
    return text if text and fault_in(Kind.WORD, text) is None else None
