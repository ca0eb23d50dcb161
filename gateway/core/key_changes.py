"""Changes of keys under four eyes (双人复核): what may become of a proposal, decided without I/O.

======== ======================== =========
action   the key is               becomes
======== ======================== =========
activate PENDING                  ACTIVE
retire   ACTIVE                   RETIRING
resume   RETIRING                 ACTIVE
end      RETIRING                 RETIRED
revoke   anything but REVOKED     REVOKED
======== ======================== =========
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

EXPIRY_MS: Final = 7 * 86_400_000


class KeyAction(StrEnum):
    """What is to happen to a key."""

    ACTIVATE = "activate"  # 启用
    RETIRE = "retire"  # 停止签发，仍可验证
    RESUME = "resume"  # 恢复启用
    END = "end"  # 退役
    REVOKE = "revoke"  # 吊销


STARTS: Final[Mapping[KeyAction, frozenset[str]]] = {
    KeyAction.ACTIVATE: frozenset({"PENDING"}),
    KeyAction.RETIRE: frozenset({"ACTIVE"}),
    KeyAction.RESUME: frozenset({"RETIRING"}),
    KeyAction.END: frozenset({"RETIRING"}),
    KeyAction.REVOKE: frozenset({"PENDING", "ACTIVE", "RETIRING", "RETIRED"}),
}
"""In which states of its life a key may be for each action (``crypto.key_entry.KeyState``)."""

TARGETS: Final[Mapping[KeyAction, str]] = {
    KeyAction.ACTIVATE: "ACTIVE",
    KeyAction.RETIRE: "RETIRING",
    KeyAction.RESUME: "ACTIVE",
    KeyAction.END: "RETIRED",
    KeyAction.REVOKE: "REVOKED",
}


class ChangeState(StrEnum):
    """Where a change stands."""

    PROPOSED = "PROPOSED"  # waits for a second person
    APPLYING = "APPLYING"  # approved, durable; the keystore follows, after a crash too
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"  # by a person, or because the key is no longer as it was
    EXPIRED = "EXPIRED"  # nobody approved it in time


class ChangeEvent(StrEnum):
    """What can happen to a change."""

    APPROVE = "approve"
    REJECT = "reject"
    EXPIRE = "expire"  # time has passed
    DONE = "done"  # the keystore has it
    OVERTAKEN = "overtaken"  # the key has changed meanwhile: it cannot be done any more


NEXT: Final[Mapping[tuple[ChangeState, ChangeEvent], ChangeState]] = {
    (ChangeState.PROPOSED, ChangeEvent.APPROVE): ChangeState.APPLYING,
    (ChangeState.PROPOSED, ChangeEvent.REJECT): ChangeState.REJECTED,
    (ChangeState.PROPOSED, ChangeEvent.EXPIRE): ChangeState.EXPIRED,
    (ChangeState.PROPOSED, ChangeEvent.OVERTAKEN): ChangeState.REJECTED,
    (ChangeState.APPLYING, ChangeEvent.DONE): ChangeState.APPLIED,
    (ChangeState.APPLYING, ChangeEvent.OVERTAKEN): ChangeState.REJECTED,
}
"""The whole life of a change; a pair that is not here cannot happen."""


@dataclass(frozen=True, slots=True)
class KeyPicture:
    """A key as it stood when somebody looked: what an approval is bound to."""

    key_id: str
    state: str
    digest: str  # over everything that is not secret and not the state


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One change of one key, from its proposal to its end."""

    change_id: int
    action: KeyAction
    alias: str
    key_id: str
    fingerprint: str  # of the public half, to be compared over another way; "" for a symmetric key
    reason: str
    retire_others: bool
    proposed_by: str
    proposed_at_ms: int
    state: ChangeState
    decided_by: str | None = None
    decided_at_ms: int | None = None
    from_state: str = ""  # of the key, when proposed
    digest: str = ""  # KeyPicture.digest, when proposed
    proposed_key: str = ""  # fingerprint of the proposer's own key
    decided_key: str = ""
    decided_reason: str | None = None
    others: tuple[str, ...] = ()  # ids of the keys that retire in the same step, settled by the approval
    emergency: bool = False  # revoked at once by one person

    @property
    def target(self) -> str:
        """The state of life to which it leads the key."""
        return TARGETS[self.action]

    @property
    def open(self) -> bool:
        """Whether it still waits for something."""
        return self.state in (ChangeState.PROPOSED, ChangeState.APPLYING)


class ChangeRefused(Exception):
    """This cannot be done with this change or key; ``code`` for programs, ``zh`` and ``en`` for people."""

    def __init__(self, code: str, zh: str, en: str):
        self.code, self.zh, self.en = code, zh, en
        super().__init__(en)


def after(state: ChangeState, event: ChangeEvent) -> ChangeState:
    """The state that follows; raises ChangeRefused."""
    following = NEXT.get((state, event))
    if following is None:
        raise ChangeRefused(
            "decided-already",
            f"该变更已处于 {state} 状态，不能再执行 {event}。",
            f"the change is {state} already: {event} is not possible any more",
        )
    return following


def require_possible(action: KeyAction, key: KeyPicture) -> None:
    """Raise ChangeRefused unless a key in this state of its life can be led there."""
    if key.state not in STARTS[action]:
        wanted = "/".join(sorted(STARTS[action]))
        raise ChangeRefused(
            "wrong-key-state",
            f"密钥 {key.key_id} 当前状态为 {key.state}，{action} 只能用于 {wanted} 状态的密钥。",
            f"key {key.key_id} is {key.state}, and {action} is for a key that is {wanted}",
        )


def expired(change: KeyChange, now_ms: int) -> bool:
    """Whether a proposal has waited longer than seven days."""
    return change.state is ChangeState.PROPOSED and now_ms - change.proposed_at_ms > EXPIRY_MS


def require_second_person(change: KeyChange, name: str, key: str) -> None:
    """Raise ChangeRefused for the proposer, also under another name with the same key."""
    if name == change.proposed_by:
        raise ChangeRefused(
            "own-proposal",
            "提出人不能批准自己的变更：请由另一名密钥管理员批准。",
            "nobody approves their own proposal: ask another key custodian",
        )
    if key and key == change.proposed_key:
        raise ChangeRefused(
            "same-key",
            f"批准所用的密钥就是提出人 {change.proposed_by} 的密钥：双人复核需要两个人各用自己的密钥。",
            f"this is the same key as {change.proposed_by} proposed with: four eyes need two people, each with their own key",
        )


def require_unchanged(change: KeyChange, key: KeyPicture | None) -> None:
    """Raise ChangeRefused unless the key is as it was when the change was proposed."""
    if key is None or (key.state, key.digest) != (change.from_state, change.digest):
        now = key.state if key is not None else "GONE"
        raise ChangeRefused(
            "key-changed",
            f"密钥 {change.key_id} 在提出后已变化（原 {change.from_state}，现 {now}）：请重新提出。",
            f"key {change.key_id} has changed since the proposal (it was {change.from_state}, it is {now}): propose anew",
        )
