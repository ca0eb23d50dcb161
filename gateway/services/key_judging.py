"""What an approval meets (审批判定): the change as it becomes, the entry it leaves, and the refusal if there is one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from crypto.key_entry import KeyEntry, KeyState
from crypto.keystore import Keystore
from gateway.clock import business_date
from gateway.core.authority import Actor
from gateway.core.key_changes import (
    ChangeEvent,
    ChangeRefused,
    ChangeState,
    KeyAction,
    KeyChange,
    after,
    expired,
    require_second_person,
    require_unchanged,
)
from gateway.services.key_applying import entry_of, fingerprint_of, picture_of

PUTS_TO_USE: Final = frozenset({KeyAction.ACTIVATE, KeyAction.RESUME})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of an approval; with a ``refusal`` the change has ended instead."""

    change: KeyChange
    act: str
    refusal: ChangeRefused | None = None


def judged(actor: Actor, change: KeyChange, keys: Keystore, now_ms: int) -> Verdict:
    """What becomes of the change when ``actor`` approves it; raises ChangeRefused where it stays as it is."""
    if expired(change, now_ms):
        ended = decided(change, ChangeEvent.EXPIRE, actor, now_ms, None)
        return Verdict(ended, "key.expired", _too_late())
    after(change.state, ChangeEvent.APPROVE)
    require_second_person(change, actor.name, actor.key)
    entry = entry_of(keys, change.alias, change.key_id)
    try:
        require_unchanged(change, picture_of(entry) if entry is not None else None)
        require_in_date(change.action, entry, now_ms)
    except ChangeRefused as refusal:
        ended = decided(change, ChangeEvent.OVERTAKEN, actor, now_ms, refusal.code)
        return Verdict(ended, "key.overtaken", refusal)
    approved = decided(change, ChangeEvent.APPROVE, actor, now_ms, None)
    return Verdict(replace(approved, others=_others(change, keys)), "key.approved")


def decided(change: KeyChange, event: ChangeEvent, actor: Actor, now_ms: int, reason: str | None) -> KeyChange:
    """The change after ``event``, by ``actor``; raises ChangeRefused."""
    return replace(
        change,
        state=after(change.state, event),
        decided_by=actor.name,
        decided_key=actor.key,
        decided_at_ms=now_ms,
        decided_reason=reason,
    )


def new_change(
    actor: Actor, action: KeyAction, entry: KeyEntry, reason: str, now_ms: int, *, retire_others: bool
) -> KeyChange:
    """A proposal as it goes into the store, which gives it its number."""
    picture = picture_of(entry)
    return KeyChange(
        change_id=0,
        action=action,
        alias=entry.alias,
        key_id=entry.key_id,
        fingerprint=fingerprint_of(entry),
        reason=reason,
        retire_others=retire_others and action in PUTS_TO_USE,
        proposed_by=actor.name,
        proposed_at_ms=now_ms,
        state=ChangeState.PROPOSED,
        from_state=picture.state,
        digest=picture.digest,
        proposed_key=actor.key,
    )


def same_again(waiting: KeyChange, wanted: KeyChange) -> KeyChange:
    """The proposal that waits already, where it is this one; raises ChangeRefused where it is another."""
    same = ("action", "proposed_by", "retire_others", "digest", "from_state")
    if all(getattr(waiting, name) == getattr(wanted, name) for name in same) and waiting.state is ChangeState.PROPOSED:
        return waiting
    raise ChangeRefused(
        "proposed-already",
        f"该密钥已有未完成的变更 {waiting.change_id}（{waiting.action}，提出人 {waiting.proposed_by}）：请先批准或驳回。",
        f"change {waiting.change_id} ({waiting.action}, by {waiting.proposed_by}) of this key is not over: "
        "approve or reject it first",
    )


def require_in_date(action: KeyAction, entry: KeyEntry | None, now_ms: int) -> None:
    """Raise ChangeRefused for putting a key to use whose last day is over."""
    if entry is None or action not in PUTS_TO_USE or entry.not_after is None:
        return
    if entry.not_after < business_date(now_ms):
        raise ChangeRefused(
            "key-expired",
            f"密钥 {entry.key_id} 已于 {entry.not_after} 到期，不能启用。",
            f"key {entry.key_id} has expired on {entry.not_after}: it cannot be put to use",
        )


def shown(change: KeyChange) -> dict[str, Any]:
    """The change as the audit shows it."""
    return {
        "change": change.change_id,
        "change_state": change.state.value,
        "key_action": change.action.value,
        "alias": change.alias,
        "key_id": change.key_id,
        "fingerprint": change.fingerprint,
        "reason": change.reason,
        "retire_others": change.retire_others,
        "others": list(change.others),
        "emergency": change.emergency,
        "proposed_by": change.proposed_by,
        "code": _code(change),
    }


def _code(change: KeyChange) -> str | None:
    """Why it ended otherwise than by a person's words."""
    codes = {"key-changed", "key-expired", "revoked-now"}
    return change.decided_reason if change.decided_reason in codes else None


def _others(change: KeyChange, keys: Keystore) -> tuple[str, ...]:
    if not change.retire_others:
        return ()
    mates = keys.entries(change.alias)
    return tuple(one.key_id for one in mates if one.key_id != change.key_id and one.state is KeyState.ACTIVE)


def _too_late() -> ChangeRefused:
    return ChangeRefused(
        "expired",
        "该变更提出已超过 7 天，已失效：请重新提出。",
        "the proposal is older than 7 days and has expired: propose it anew",
    )
