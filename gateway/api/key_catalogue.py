"""The key operations as the documentation shows them (密钥接口目录)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.api.key_shapes import ChangeQuery, KeyQuery, NewKeyRequest, ProposalRequest, ReasonRequest
from gateway.api.operation import Access, Answer, Body, Handler, Operation
from gateway.services.key_answers import AliasKeys, ChangePage, ChangeShown, KeyFull, KeyPage

_BODY: Final = (
    "BAD_JSON",
    "BAD_FIELD",
    "BAD_DIGEST",
    "DIGEST_UNREADABLE",
    "TOO_LARGE",
    "MEDIA_TYPE",
    "CONTENT_ENCODING",
)
_FOUR_EYES_ZH: Final = "提出人与批准人须为不同的人。"
_FOUR_EYES_EN: Final = "Whoever approves is another person than whoever proposed."


@dataclass(frozen=True, slots=True)
class Handlers:
    """Who answers."""

    listing: Handler
    of_alias: Handler
    add: Handler
    propose: Handler
    changes: Handler
    approve: Handler
    reject: Handler
    revoke: Handler


def operations(handlers: Handlers) -> list[Operation]:
    """All of them, reading first."""
    return [*_reading(handlers), _adding(handlers), _proposing(handlers), *_deciding(handlers), _revoking(handlers)]


def _reading(handlers: Handlers) -> list[Operation]:
    return [
        Operation(
            name="listKeys",
            method="GET",
            path="/v1/keys",
            zh="密钥列表",
            en="Every key, by alias; never a secret",
            access=Access.KEYS_READ,
            handler=handlers.listing,
            query=KeyQuery,
            answers=(Answer(200, "密钥列表", "keys", KeyPage),),
            problems=("BAD_FIELD",),
        ),
        Operation(
            name="getKey",
            method="GET",
            path="/v1/keys/{alias}",
            zh="别名下的全部密钥",
            en="All keys of one alias with their public halves, and who works with it",
            access=Access.KEYS_READ,
            handler=handlers.of_alias,
            answers=(Answer(200, "密钥", "the keys", AliasKeys),),
            problems=("NO_SUCH_KEY", "BAD_FIELD"),
        ),
        Operation(
            name="listKeyChanges",
            method="GET",
            path="/v1/key-changes",
            zh="密钥变更列表",
            en="Changes of keys, newest first; one that waits says what it will do",
            access=Access.KEYS_READ,
            handler=handlers.changes,
            query=ChangeQuery,
            answers=(Answer(200, "变更列表", "changes", ChangePage),),
            problems=("BAD_FIELD",),
        ),
    ]


def _adding(handlers: Handlers) -> Operation:
    return Operation(
        name="addKey",
        method="POST",
        path="/v1/keys/{alias}",
        zh="生成密钥或导入对方公钥",
        en="Make a key, or take in the other side's public half",
        detail_zh="新密钥为 PENDING，经双人复核启用后方可使用。私钥与共享密钥不经接口传送。",
        detail_en="A new key is PENDING and does nothing until two people have put it to use. Secrets do not travel.",
        access=Access.KEYS_CHANGE,
        handler=handlers.add,
        body=Body(("application/json",), NewKeyRequest),
        answers=(Answer(201, "已加入", "added, PENDING", KeyFull),),
        problems=(*_BODY, "KEY_REFUSED"),
    )


def _proposing(handlers: Handlers) -> Operation:
    return Operation(
        name="proposeKeyChange",
        method="POST",
        path="/v1/key-changes",
        zh="提出密钥变更",
        en="Propose a change of a key",
        detail_zh=f"{_FOUR_EYES_ZH}七日内未批准即失效；同一人重复提出同一变更得到同一提案。",
        detail_en=f"{_FOUR_EYES_EN} A proposal ends after seven days; the same again is the same proposal.",
        access=Access.KEYS_CHANGE,
        handler=handlers.propose,
        body=Body(("application/json",), ProposalRequest),
        answers=(Answer(201, "待批准，附影响说明", "waits for somebody else; says what it will do", ChangeShown),),
        problems=(*_BODY, "CHANGE_REFUSED", "KEY_REFUSED"),
    )


def _deciding(handlers: Handlers) -> list[Operation]:
    return [
        Operation(
            name="approveKeyChange",
            method="POST",
            path="/v1/key-changes/{change_id}/approval",
            zh="批准密钥变更",
            en="Approve a change; it is in force at once, on every node, without a restart",
            detail_zh=_FOUR_EYES_ZH,
            detail_en=_FOUR_EYES_EN,
            access=Access.KEYS_CHANGE,
            handler=handlers.approve,
            answers=(Answer(200, "已生效", "in force", ChangeShown),),
            problems=("NO_SUCH_CHANGE", "CHANGE_REFUSED", "KEY_REFUSED", "BAD_FIELD"),
        ),
        Operation(
            name="rejectKeyChange",
            method="POST",
            path="/v1/key-changes/{change_id}/rejection",
            zh="驳回密钥变更",
            en="Turn a change down, or take one's own back",
            access=Access.KEYS_CHANGE,
            handler=handlers.reject,
            body=Body(("application/json",), ReasonRequest),
            answers=(Answer(200, "已驳回", "turned down", ChangeShown),),
            problems=(*_BODY, "NO_SUCH_CHANGE", "CHANGE_REFUSED"),
        ),
    ]


def _revoking(handlers: Handlers) -> Operation:
    return Operation(
        name="revokeKeyNow",
        method="POST",
        path="/v1/keys/{alias}/{key_id}/revocation",
        zh="紧急吊销密钥",
        en="Revoke a key at once, alone: an emergency",
        detail_zh="一人即可，立即生效且不可恢复，并触发告警 key-revoked-now。",
        detail_en="One person is enough; it holds at once and for ever, and raises the alert key-revoked-now.",
        access=Access.KEYS_REVOKE_NOW,
        handler=handlers.revoke,
        body=Body(("application/json",), ReasonRequest),
        answers=(Answer(200, "已吊销", "revoked", KeyFull),),
        problems=(*_BODY, "NO_SUCH_KEY", "CHANGE_REFUSED", "KEY_REFUSED"),
    )
