"""What may be written into the audit (审计内容): a closed list of actions, and of the keys that each may carry.

An entry says who did what to which thing, and never a secret or a person's data: every key has a kind, and every
value is judged by it. A new action is one more row here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.core.act_values import Kind

KEYS: Final[Mapping[str, Kind]] = {
    "alias": Kind.NAME,
    "key_id": Kind.NAME,
    "key_purpose": Kind.WORD,
    "algorithm": Kind.WORD,
    "owner": Kind.WORD,
    "key_state": Kind.WORD,
    "not_before": Kind.DATE,
    "not_after": Kind.DATE,
    "fingerprint": Kind.HEX,
    "provider": Kind.NAME,
    "change": Kind.NUMBER,
    "change_state": Kind.WORD,
    "key_action": Kind.WORD,
    "proposed_by": Kind.NAME,
    "reason": Kind.TEXT,  # an operator's own words
    "retire_others": Kind.FLAG,
    "others": Kind.NAMES,
    "emergency": Kind.FLAG,
    "code": Kind.WORD,  # why it was refused
    "permission": Kind.WORD,
    "roles": Kind.NAMES,
    "scopes": Kind.NAMES,
    "count": Kind.NUMBER,
    "since_ms": Kind.NUMBER,
    "until_ms": Kind.NUMBER,
    "client": Kind.NAME,
    "items": Kind.NUMBER,
    "rejected_items": Kind.NUMBER,
    "fen": Kind.NUMBER,
    "state": Kind.WORD,
    "codes": Kind.NAMES,
    "digest": Kind.HEX,
    "digests": Kind.DIGESTS,  # "name=hex", one a file
    "gateway_code": Kind.NAME,
    "node": Kind.NAME,
    "first_seq": Kind.NUMBER,
    "last_seq": Kind.NUMBER,
    "day": Kind.DATE,
    "until_day": Kind.DATE,
    "bank": Kind.NAME,
    "field": Kind.NAMES,  # which kinds of personal data: "name", "account"
    "why": Kind.TEXT,  # the stated purpose of reading or erasing
    "rows": Kind.NUMBER,
    "files": Kind.NUMBER,
    "job": Kind.NAME,
}
"""Every key that an entry may carry, and what its values may look like."""

_KEY: Final = ("alias", "key_id", "key_purpose", "algorithm", "owner", "key_state", "not_before", "not_after")
_FULL_KEY: Final = (*_KEY, "fingerprint", "provider")
_CHANGE: Final = ("change", "change_state", "key_action", "alias", "key_id", "key_state", "fingerprint", "reason")
_MOVED: Final = (*_CHANGE, "retire_others", "others", "emergency", "proposed_by", "code")
_BATCH: Final = ("client", "state", "items", "rejected_items", "fen", "digest", "codes", "reason")
_PERSONAL: Final = ("why", "field", "count", "rows", "client", "bank", "code")


@dataclass(frozen=True, slots=True)
class Action:
    """One kind of entry."""

    zh: str
    en: str
    keys: frozenset[str]


def _action(zh: str, en: str, *keys: str) -> Action:
    return Action(zh, en, frozenset(keys))


ACTIONS: Final[Mapping[str, Action]] = {
    "audit.opened": _action("审计链开始", "the chain begins", "gateway_code"),
    "audit.exported": _action("导出审计", "audit exported", "first_seq", "last_seq", "count", "digest"),
    "audit.anchored": _action("审计锚定", "audit anchored", "day", "last_seq", "count", "digest", "key_id"),
    "gateway.started": _action(
        "网关启动", "node started", "node", "gateway_code", "digest", "digests", "files", "roles"
    ),
    "gateway.stopped": _action("网关停止", "node stopped", "node"),
    "key.generating": _action("开始生成密钥", "key is being generated", *_FULL_KEY),
    "key.generated": _action("生成密钥", "key generated", *_FULL_KEY),
    "key.importing": _action("开始导入密钥", "key is being imported", *_FULL_KEY),
    "key.imported": _action("导入密钥", "key imported", *_FULL_KEY),
    "key.exported-public": _action("导出公钥", "public half exported", *_FULL_KEY),
    "key.proposed": _action("提出密钥变更", "key change proposed", *_MOVED),
    "key.approved": _action("批准密钥变更", "key change approved", *_MOVED),
    "key.applied": _action("密钥变更生效", "key change in force", *_MOVED),
    "key.rejected": _action("驳回密钥变更", "key change rejected", *_MOVED),
    "key.expired": _action("密钥变更过期", "key change expired", *_MOVED),
    "key.overtaken": _action("密钥变更失效", "key change overtaken", *_MOVED),
    "key.revoked-now": _action("紧急吊销密钥", "key revoked in an emergency", *_MOVED),
    "key.refused": _action("拒绝密钥操作", "key act refused", *_MOVED, "permission", "roles", "key_purpose"),
    "keystore.passphrase-changed": _action("更换密钥库口令", "keystore passphrase changed"),
    "operator.enrolled": _action("登记操作员", "operator enrolled", *_FULL_KEY, "roles", "scopes", "emergency"),
    "operator.refused": _action(
        "拒绝操作员", "operator refused", "code", "permission", "roles", "count", "since_ms", "until_ms"
    ),
    "batch.opened": _action("批次登记", "batch opened", *_BATCH),
    "batch.received": _action("批次接收", "batch received", *_BATCH),
    "batch.accepted": _action("批次受理", "batch accepted", *_BATCH),
    "batch.refused": _action("批次拒收", "batch refused", *_BATCH),
    "personal.read-clear": _action("明文查看个人信息", "personal data read in clear", *_PERSONAL),
    "personal.found": _action("按人查询", "looked up by person", *_PERSONAL),
    "personal.erased": _action("删除个人信息", "personal data erased", *_PERSONAL, "day", "until_day", "files"),
    "retention.applied": _action("保存期限执行", "retention applied", *_PERSONAL, "day", "until_day", "files", "job"),
    "hold.placed": _action("法律保全", "legal hold placed", "client", "reason"),
    "hold.lifted": _action("解除法律保全", "legal hold lifted", "client", "reason"),
    "reseal.started": _action("开始重新加密", "re-encryption begun", "alias", "key_id", "job", "rows", "files"),
    "reseal.finished": _action("完成重新加密", "re-encryption done", "alias", "key_id", "job", "rows", "files"),
}
"""Every action there is, with the keys that its ``before`` and ``after`` may carry."""
