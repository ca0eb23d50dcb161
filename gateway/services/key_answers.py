"""Keys and their changes as answers (密钥应答): one set of shapes for the API and for ``--json``. Never a secret."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from crypto.key_entry import KeyEntry
from crypto.key_material import KeyMaterial
from gateway.clock import instant
from gateway.core.key_changes import KeyChange
from gateway.services.key_effects import Effects


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class KeyShown(_Shape):
    """One key, as much of it as anybody may see."""

    alias: str = Field(description="别名")
    key_id: str = Field(description="密钥编号 · the same on both sides of a wire for a public key")
    purpose: str = Field(description="用途 · sign, verify, encrypt, transport, field")
    algorithm: str = Field(description="算法")
    owner: str = Field(description="归属 · gateway or counterparty")
    state: str = Field(description="状态 · PENDING, ACTIVE, RETIRING, RETIRED, REVOKED")
    not_before: date | None = Field(description="生效日 · first day")
    not_after: date | None = Field(description="到期日 · last day")
    days_left: int | None = Field(description="剩余天数 · days to the last day; negative once it is over")
    private: bool = Field(description="含私钥或共享密钥 · whether a secret half is held here")
    provider: str = Field(description="存放处 · file, or a PKCS#11 token")
    fingerprint: str = Field(
        description="公钥指纹 · SHA-256 of the public half, 16 hex digits; empty for a shared secret"
    )


class KeyFull(KeyShown):
    """One key with its public half."""

    public: str = Field(description="公钥或证书 · PEM or OpenSSH line; empty for a shared secret")


class KeyPage(_Shape):
    """All keys."""

    keys: list[KeyShown]


class AliasKeys(_Shape):
    """All keys of one alias, oldest first, and who works with it."""

    alias: str
    keys: list[KeyFull]
    used_by: list[str] = Field(description="使用方 · bank profiles and services that name the alias")


class StepShown(_Shape):
    """One key's way from one state to another."""

    key_id: str
    before: str
    after: str


class RemarkShown(_Shape):
    """What whoever approves should know."""

    zh: str
    en: str
    grave: bool = Field(description="不可恢复 · cannot be taken back")


class EffectsShown(_Shape):
    """What an approval will do."""

    steps: list[StepShown]
    used_by: list[str]
    remarks: list[RemarkShown]


class ChangeShown(_Shape):
    """One proposed, decided or done change."""

    change_id: int
    action: Literal["activate", "retire", "resume", "end", "revoke"]
    alias: str
    key_id: str
    fingerprint: str
    reason: str
    retire_others: bool
    emergency: bool = Field(description="紧急吊销 · revoked at once by one person")
    state: Literal["PROPOSED", "APPLYING", "APPLIED", "REJECTED", "EXPIRED"]
    proposed_by: str
    proposed_at: str
    decided_by: str | None
    decided_at: str | None
    decided_reason: str | None
    effects: EffectsShown | None = Field(default=None, description="影响 · only while it waits")


class ChangePage(_Shape):
    """Changes, newest first."""

    changes: list[ChangeShown]


def shown(entry: KeyEntry, today: date) -> KeyShown:
    """One key without its public half."""
    return KeyShown(**_facts(entry, today))


def in_full(entry: KeyEntry, today: date) -> KeyFull:
    """One key with its public half."""
    return KeyFull(**_facts(entry, today), public=entry.public)


def effects_shown(found: Effects) -> EffectsShown:
    """Effects as an answer."""
    return EffectsShown(
        steps=[StepShown(key_id=one.key_id, before=one.before, after=one.after) for one in found.steps],
        used_by=list(found.users),
        remarks=[RemarkShown(zh=one.zh, en=one.en, grave=one.grave) for one in found.remarks],
    )


def change_shown(change: KeyChange, found: Effects | None = None) -> ChangeShown:
    """One change as an answer."""
    return ChangeShown(
        change_id=change.change_id,
        action=change.action.value,
        alias=change.alias,
        key_id=change.key_id,
        fingerprint=change.fingerprint,
        reason=change.reason,
        retire_others=change.retire_others,
        emergency=change.emergency,
        state=change.state.value,
        proposed_by=change.proposed_by,
        proposed_at=instant(change.proposed_at_ms).isoformat(),
        decided_by=change.decided_by,
        decided_at=None if change.decided_at_ms is None else instant(change.decided_at_ms).isoformat(),
        decided_reason=change.decided_reason,
        effects=None if found is None else effects_shown(found),
    )


def aliases(entries: Iterable[KeyEntry]) -> dict[str, list[KeyEntry]]:
    """Entries by alias, aliases in order of the alphabet, keys oldest first."""
    found: dict[str, list[KeyEntry]] = {}
    for entry in entries:
        found.setdefault(entry.alias, []).append(entry)
    return dict(sorted(found.items()))


def _facts(entry: KeyEntry, today: date) -> dict[str, Any]:
    return {
        "alias": entry.alias,
        "key_id": entry.key_id,
        "purpose": entry.purpose.value,
        "algorithm": entry.algorithm.value,
        "owner": entry.owner.value,
        "state": entry.state.value,
        "not_before": entry.not_before,
        "not_after": entry.not_after,
        "days_left": None if entry.not_after is None else (entry.not_after - today).days,
        "private": entry.sealed_secret is not None or entry.provider != "file",
        "provider": entry.provider,
        "fingerprint": KeyMaterial(entry.algorithm, entry.public).fingerprint(),
    }
