"""Who may do what (权限): one table of roles and permissions, and scopes that narrow it to certain names.

Nothing is allowed that the table does not say. Separation of duties (职责分离): who looks into the audit changes
no key, and who changes keys reads nobody's personal data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final


class Role(StrEnum):
    """What somebody is to the gateway (角色)."""

    PLATFORM = "platform"  # 平台：a client system that submits batches
    OPERATOR = "operator"  # 运维人员
    KEY_CUSTODIAN = "key-custodian"  # 密钥管理员
    AUDITOR = "auditor"  # 审计员
    PRIVACY_OFFICER = "privacy-officer"  # 个人信息保护负责人
    BANK = "bank"  # 银行：comes over its own wire, never through the API


class Permission(StrEnum):
    """What may be allowed (权限)."""

    BATCHES_SUBMIT = "batches-submit"
    BATCHES_READ = "batches-read"  # one's own
    ALERTS_READ = "alerts-read"
    KEYS_READ = "keys-read"  # never a secret half
    KEYS_CHANGE = "keys-change"  # generate, import, propose, approve, reject
    KEYS_REVOKE_NOW = "keys-revoke-now"  # alone, in an emergency
    AUDIT_READ = "audit-read"
    PERSONAL_CLEAR = "personal-clear"  # names and numbers unmasked, for a stated purpose
    PERSONAL_ERASE = "personal-erase"


PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.PLATFORM: frozenset({Permission.BATCHES_SUBMIT, Permission.BATCHES_READ}),
    Role.OPERATOR: frozenset({Permission.ALERTS_READ, Permission.KEYS_READ}),
    Role.KEY_CUSTODIAN: frozenset(
        {Permission.ALERTS_READ, Permission.KEYS_READ, Permission.KEYS_CHANGE, Permission.KEYS_REVOKE_NOW}
    ),
    Role.AUDITOR: frozenset({Permission.ALERTS_READ, Permission.KEYS_READ, Permission.AUDIT_READ}),
    Role.PRIVACY_OFFICER: frozenset({Permission.PERSONAL_CLEAR, Permission.PERSONAL_ERASE}),
    Role.BANK: frozenset(),
}
"""The whole of what each role may; ``docs/audit.md`` shows it, and a test compares the two."""

EXCLUDING: Final[tuple[frozenset[Role], ...]] = (
    frozenset({Role.AUDITOR, Role.KEY_CUSTODIAN}),
    frozenset({Role.AUDITOR, Role.PRIVACY_OFFICER}),
    frozenset({Role.KEY_CUSTODIAN, Role.PRIVACY_OFFICER}),
)
"""Roles that nobody holds together (不相容岗位)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who has proven who they are.

    ``scopes`` are patterns (``*`` and ``?``) over the names of keys, banks or clients; none is all of them.
    ``origin`` is where they act from: an address, or ``local:tty``. ``key`` is the fingerprint of the public key by
    which they proved it, "" where there was none: four eyes ask for two people and two keys.
    """

    name: str
    roles: frozenset[Role]
    scopes: tuple[str, ...] = ()
    origin: str = ""
    key: str = ""


class NotAllowed(Exception):
    """The actor may not do this; ``zh`` and ``en`` say it to them."""

    def __init__(self, actor: Actor, permission: Permission, scope: str = ""):
        self.actor, self.permission, self.scope = actor, permission, scope
        over_zh, over_en = (f"（对象 {scope}）", f" over {scope}") if scope else ("", "")
        who = actor.name or "?"
        self.zh = f"{who} 没有权限 {permission}{over_zh}：需要角色 {_holders(permission)}，且授权范围包含该对象。"
        self.en = (
            f"{who} may not do this: {permission}{over_en} needs the role {_holders(permission)} and a scope over it"
        )
        super().__init__(self.en)


def may(actor: Actor, permission: Permission, scope: str = "") -> bool:
    """Whether one of the actor's roles has the permission, and the actor's scopes include the name ``scope``."""
    allowed = any(permission in PERMISSIONS[role] for role in actor.roles)
    return allowed and in_scope(actor, scope)


def in_scope(actor: Actor, name: str) -> bool:
    """Whether the actor's scopes include ``name``; "" is nothing in particular and always included."""
    return not name or not actor.scopes or any(fnmatchcase(name, pattern) for pattern in actor.scopes)


def require(actor: Actor, permission: Permission, scope: str = "") -> None:
    """Raise NotAllowed unless ``may``."""
    if not may(actor, permission, scope):
        raise NotAllowed(actor, permission, scope)


def excluded(roles: Iterable[Role]) -> frozenset[Role] | None:
    """Two of ``roles`` that one person must not hold together, or None."""
    held = frozenset(roles)
    return next((pair for pair in EXCLUDING if pair <= held), None)


def _holders(permission: Permission) -> str:
    return "/".join(role for role in Role if permission in PERMISSIONS[role])
