"""Acts upon keys (密钥管理): each under a permission, in the audit, and what puts a key to use under four eyes.

A change is durable before the keystore is touched, so that a crash at any step is healed by ``catch_up``; a
refused act is an entry too. Everything here blocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from crypto.generate import Kind, generate_key
from crypto.key_entry import KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import KeyMaterial
from crypto.keystore import Keystore
from gateway.clock import Clock
from gateway.core.authority import Actor, Permission, require
from gateway.core.key_changes import ChangeRefused, ChangeState, KeyAction, KeyChange
from gateway.services import key_adding, operator_enrolment
from gateway.services.key_adding import NewKey
from gateway.services.key_applying import entry_of
from gateway.services.key_changing import KeyChanging
from gateway.services.key_refusals import refusals, require_reason, shown_name
from gateway.store import key_changes
from gateway.store.database import Store


class KeyAdmin:
    """The one way in which people change keys."""

    def __init__(self, store: Store, keys: Keystore, clock: Clock):
        self._store, self._keys, self._clock = store, keys, clock
        self._changing = KeyChanging(store, keys, clock)

    def generate(
        self,
        actor: Actor,
        alias: str,
        purpose: Purpose,
        kind: Kind,
        *,
        owner: Owner = Owner.GATEWAY,
        not_before: date | None = None,
        not_after: date | None = None,
    ) -> KeyEntry:
        """A new key of our own making, PENDING. Raises NotAllowed, KeyUnusable, ValueError for an unknown kind."""
        said = {"alias": shown_name(alias)}
        with refusals(self._store, self._clock, actor, alias, said):
            require(actor, Permission.KEYS_CHANGE, alias)
            material = generate_key(kind)
            material = material.public_only() if purpose is Purpose.VERIFY and material.public else material
            new = NewKey(alias, purpose, material, owner, None, not_before, not_after)
            return key_adding.add_key(self._store, self._keys, self._clock, actor, new, key_adding.GENERATED)

    def take_in(
        self,
        actor: Actor,
        alias: str,
        purpose: Purpose,
        material: KeyMaterial,
        *,
        owner: Owner,
        key_id: str | None = None,
        not_before: date | None = None,
        not_after: date | None = None,
    ) -> KeyEntry:
        """A key that was made elsewhere, PENDING. Raises NotAllowed, KeyUnusable."""
        said = {"alias": shown_name(alias), "key_id": shown_name(key_id) if key_id else None}
        with refusals(self._store, self._clock, actor, alias, said):
            require(actor, Permission.KEYS_CHANGE, alias)
            new = NewKey(alias, purpose, material, owner, key_id, not_before, not_after)
            return key_adding.add_key(self._store, self._keys, self._clock, actor, new, key_adding.IMPORTED)

    def enroll_first(
        self, actor: Actor, name: str, material: KeyMaterial, custodians: Iterable[str], roles: Iterable[str] = ()
    ) -> KeyEntry:
        """An operator's first key, ACTIVE at once, while fewer than two of ``custodians`` can act.

        For the very beginning, when there are no two people yet; ChangeRefused afterwards. Raises KeyUnusable.
        """
        with refusals(self._store, self._clock, actor, operator_enrolment.alias_of(name), {}):
            return operator_enrolment.enroll_first(
                self._store, self._keys, self._clock, actor, name, material, frozenset(custodians), sorted(roles)
            )

    def propose(
        self, actor: Actor, action: KeyAction, alias: str, key_id: str, reason: str, *, retire_others: bool = True
    ) -> KeyChange:
        """Ask for a change; the same one again is the same proposal. Raises NotAllowed, ChangeRefused."""
        action = KeyAction(action)
        with refusals(self._store, self._clock, actor, alias, _said(action, alias, key_id)):
            require(actor, Permission.KEYS_CHANGE, alias)
            reason = require_reason(reason)
            return self._changing.propose(actor, action, alias, key_id, reason, retire_others=retire_others)

    def approve(self, actor: Actor, change_id: int) -> KeyChange:
        """Approve and carry out what somebody else proposed; again by the same person it is only finished.

        Raises NotAllowed, ChangeRefused; KeyUnusable or OSError where the keystore could not be written, and then
        the change stays APPLYING until ``catch_up`` carries it out.
        """
        change = self._change(actor, change_id)
        with refusals(self._store, self._clock, actor, change.alias, _about(change)):
            require(actor, Permission.KEYS_CHANGE, change.alias)
            decided = self._changing.approve(actor, change_id)
        return self._changing.finish(actor, decided)

    def reject(self, actor: Actor, change_id: int, reason: str) -> KeyChange:
        """Turn a proposal down; the proposer may take their own back so. Raises NotAllowed, ChangeRefused."""
        change = self._change(actor, change_id)
        with refusals(self._store, self._clock, actor, change.alias, _about(change)):
            require(actor, Permission.KEYS_CHANGE, change.alias)
            return self._changing.reject(actor, change_id, require_reason(reason))

    def revoke_now(self, actor: Actor, alias: str, key_id: str, reason: str) -> KeyEntry:
        """Revoke at once, alone, for an emergency; raises the alert ``key-revoked-now``.

        Raises NotAllowed, ChangeRefused, KeyUnusable, OSError.
        """
        with refusals(self._store, self._clock, actor, alias, _said(KeyAction.REVOKE, alias, key_id)):
            require(actor, Permission.KEYS_REVOKE_NOW, alias)
            decided = self._changing.revoke_now(actor, alias, key_id, require_reason(reason))
        if decided is not None:
            self._changing.finish(actor, decided)
        entry = entry_of(self._keys, alias, key_id)
        if entry is None or entry.state is not KeyState.REVOKED:
            raise ChangeRefused(
                "key-changed", f"密钥 {key_id} 未能吊销，请重试。", f"key {key_id} is not revoked: repeat it"
            )
        return entry

    def changes(self, state: ChangeState | None = None, limit: int = 100) -> list[KeyChange]:
        """Changes, newest first."""
        with self._store.read() as tx:
            return key_changes.listed(tx, state, limit)

    def catch_up(self) -> int:
        """Finish what a crash interrupted, and let old proposals expire; how many changes that ended.

        One that cannot be finished raises the alert ``key-change-stuck`` and holds up no other.
        """
        return self._changing.catch_up()

    def _change(self, actor: Actor, change_id: int) -> KeyChange:
        with refusals(self._store, self._clock, actor, f"change/{change_id}", {}):
            return self._changing.known(change_id)


def _said(action: KeyAction, alias: str, key_id: str) -> dict[str, str]:
    return {"key_action": action.value, "alias": shown_name(alias), "key_id": shown_name(key_id)}


def _about(change: KeyChange) -> dict[str, object]:
    return {**_said(change.action, change.alias, change.key_id), "change": change.change_id}
