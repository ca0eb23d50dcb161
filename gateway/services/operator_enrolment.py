"""The first operators (首批操作员登记): somebody has to begin before there are two people who could approve."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from crypto.contract import KeyUnusable
from crypto.key_entry import KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import KeyMaterial
from crypto.keystore import Keystore
from gateway.clock import Clock
from gateway.core.authority import Actor
from gateway.core.key_changes import ChangeRefused
from gateway.services import auditing
from gateway.services.key_adding import IMPORTED, NewKey, saved
from gateway.services.key_applying import described
from gateway.store import locks
from gateway.store.database import Store

ENOUGH: Final = 2


def alias_of(name: str) -> str:
    """Where an operator's public keys are in the keystore."""
    return f"operator-{name}-verify"


def able(keys: Keystore, names: Collection[str]) -> list[str]:
    """Those of ``names`` that have a key by which they can act today."""
    return [name for name in sorted(names) if _usable(keys, name)]


def enroll_first(
    store: Store,
    keys: Keystore,
    clock: Clock,
    actor: Actor,
    name: str,
    material: KeyMaterial,
    custodians: Collection[str],
    roles: list[str],
) -> KeyEntry:
    """The operator's key, ACTIVE; raises ChangeRefused once two custodians can act, KeyUnusable."""
    new = NewKey(alias_of(name), Purpose.VERIFY, material.public_only(), Owner.COUNTERPARTY)

    def begun(entry: KeyEntry) -> None:
        with store.begin() as tx:
            _require_beginning(keys, frozenset(custodians) - {name})  # again: others may have saved meanwhile
            auditing.write(tx, actor, IMPORTED.begun, entry.alias, clock.now_ms(), after=described(entry))

    keys.reload()
    _require_beginning(keys, custodians)
    _require_one_key_a_person(keys, material.fingerprint())
    entry = saved(keys, new, begun, KeyState.ACTIVE)
    with store.begin() as tx:
        locks.serialize(tx, "operators")
        after = {**described(entry), "roles": roles, "emergency": False}
        auditing.write(tx, actor, "operator.enrolled", entry.alias, clock.now_ms(), after=after)
    return entry


def _require_beginning(keys: Keystore, custodians: Collection[str]) -> None:
    if len(able(keys, custodians)) >= ENOUGH:
        raise ChangeRefused(
            "four-eyes-needed",
            "已有两名密钥管理员可用：登记操作员须经双人复核（导入公钥、提出、由另一人批准）。",
            "two key custodians can act: enrol by four eyes now (import the public key, propose, another approves)",
        )


def _require_one_key_a_person(keys: Keystore, fingerprint: str) -> None:
    for entry in keys.entries():
        operators = entry.alias.startswith("operator-") and entry.alias.endswith("-verify")
        if operators and KeyMaterial(entry.algorithm, entry.public).fingerprint() == fingerprint:
            raise ChangeRefused(
                "same-key",
                f"该公钥已登记在 {entry.alias} 名下：每名操作员须使用自己的密钥。",
                f"this key is enrolled as {entry.alias} already: each operator has a key of their own",
            )


def _usable(keys: Keystore, name: str) -> bool:
    try:
        return bool(keys.ed25519_public(alias_of(name)))
    except KeyUnusable:
        return False
