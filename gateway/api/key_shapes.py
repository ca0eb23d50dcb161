"""What the key operations take (密钥接口请求)."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.core.key_changes import KeyAction

StateName = Literal["PENDING", "ACTIVE", "RETIRING", "RETIRED", "REVOKED"]
ChangeStateName = Literal["PROPOSED", "APPLYING", "APPLIED", "REJECTED", "EXPIRED"]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class KeyQuery(_Asked):
    """Which keys."""

    state: StateName | None = Field(default=None, description="状态 · only keys in this state")


class ChangeQuery(_Asked):
    """Which changes."""

    state: ChangeStateName | None = Field(default=None, description="状态 · only changes in this state")
    limit: int = Field(default=50, ge=1, le=200, description="条数上限 · most entries")


class NewKeyRequest(_Asked):
    """A key to be made here, or the other side's public half to be taken in; secrets never travel this way."""

    purpose: Literal["sign", "verify", "encrypt", "transport", "field"] = Field(description="用途")
    kind: (
        Literal["sm2", "rsa-3072", "ecdsa-p256", "ecdsa-p384", "ed25519", "ed25519-ssh", "aes-256", "sm4", "hmac"]
        | None
    ) = Field(default=None, description="生成密钥的种类 · make a key of this kind")
    public: str | None = Field(
        default=None, max_length=50_000, description="对方公钥或证书(PEM) · take in this public half or certificate"
    )
    not_before: date | None = Field(default=None, description="生效日 · first day")
    not_after: date | None = Field(default=None, description="到期日 · last day")

    @model_validator(mode="after")
    def _one_of_both(self) -> NewKeyRequest:
        if (self.kind is None) == (self.public is None):
            raise ValueError("give either kind, to make a key, or public, to take one in")
        return self


class ProposalRequest(_Asked):
    """A change of a key that somebody else is to approve."""

    action: KeyAction = Field(description="变更")
    alias: str = Field(min_length=1, max_length=64, description="别名")
    key_id: str = Field(min_length=1, max_length=64, description="密钥编号 · in full")
    reason: str = Field(min_length=1, max_length=500, description="原因，记入审计 · stands in the audit")
    retire_others: bool = Field(
        default=True, description="同时退役原密钥 · other active keys of the alias start to retire"
    )


class ReasonRequest(_Asked):
    """Why."""

    reason: str = Field(min_length=1, max_length=500, description="原因，记入审计 · stands in the audit")
