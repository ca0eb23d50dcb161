"""Keys for people who come through the API (密钥服务): what they may see, and their acts one at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock

from crypto.contract import KeyUnusable
from crypto.generate import Kind
from crypto.key_entry import KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import KeyMaterial
from crypto.keystore import Keystore
from gateway.clock import Clock, business_date
from gateway.core.authority import Actor, Permission, in_scope, require
from gateway.core.key_changes import ChangeState, KeyAction, KeyChange
from gateway.services.key_admin import KeyAdmin
from gateway.services.key_answers import (
    AliasKeys,
    ChangePage,
    ChangeShown,
    KeyFull,
    KeyPage,
    aliases,
    change_shown,
    in_full,
    shown,
)
from gateway.services.key_effects import Effects, effects, loses_data

Users = Callable[[str], Sequence[str]]
"""Who works with an alias."""


class NoSuchAlias(Exception):
    """No key of this alias that the actor may see."""


@dataclass(frozen=True, slots=True)
class KeyDesk:
    """The questions and acts of ``/v1/keys`` and ``/v1/key-changes``; everything blocks."""

    admin: KeyAdmin
    keys: Callable[[], Keystore]
    users: Users
    clock: Clock
    sealed_under: Callable[[str], int] = lambda _: 0  # how much at rest needs the key of this id
    _turn: Lock = field(default_factory=Lock)

    def listing(self, actor: Actor, pattern_state: str | None) -> KeyPage:
        """Every key within the actor's scopes, by alias, oldest first."""
        require(actor, Permission.KEYS_READ)
        today, wanted = self._today(), KeyState(pattern_state) if pattern_state else None
        every = [one for entries in aliases(self.keys().entries()).values() for one in entries]
        mine = [one for one in every if in_scope(actor, one.alias) and wanted in (None, one.state)]
        return KeyPage(keys=[shown(one, today) for one in mine])

    def of_alias(self, actor: Actor, alias: str) -> AliasKeys:
        """All keys of one alias; raises NotAllowed, NoSuchAlias."""
        require(actor, Permission.KEYS_READ)
        entries = self.keys().entries(alias)
        if not entries or not in_scope(actor, alias):
            raise NoSuchAlias
        today = self._today()
        return AliasKeys(alias=alias, keys=[in_full(one, today) for one in entries], used_by=list(self.users(alias)))

    def generate(
        self, actor: Actor, alias: str, purpose: Purpose, kind: Kind, not_before: date | None, not_after: date | None
    ) -> KeyFull:
        """A new key, PENDING; raises NotAllowed, KeyUnusable."""
        with self._turn:
            entry = self.admin.generate(actor, alias, purpose, kind, not_before=not_before, not_after=not_after)
        return in_full(entry, self._today())

    def take_in(
        self,
        actor: Actor,
        alias: str,
        purpose: Purpose,
        material: KeyMaterial,
        not_before: date | None,
        not_after: date | None,
    ) -> KeyFull:
        """The other side's public half, PENDING; raises NotAllowed, KeyUnusable."""
        known, owner = self.keys().entries(alias), Owner.COUNTERPARTY
        with self._turn:
            entry = self.admin.take_in(
                actor,
                alias,
                purpose,
                material,
                owner=known[0].owner if known else owner,
                not_before=not_before,
                not_after=not_after,
            )
        return in_full(entry, self._today())

    def propose(
        self, actor: Actor, action: KeyAction, alias: str, key_id: str, reason: str, *, retire_others: bool
    ) -> ChangeShown:
        """A proposal, with what it will do; raises NotAllowed, ChangeRefused, KeyUnusable."""
        with self._turn:
            change = self.admin.propose(actor, action, alias, key_id, reason, retire_others=retire_others)
        return self._shown(change)

    def approve(self, actor: Actor, change_id: int) -> ChangeShown:
        """The change, in force; raises NotAllowed, ChangeRefused, KeyUnusable."""
        with self._turn:
            return self._shown(self.admin.approve(actor, change_id))

    def reject(self, actor: Actor, change_id: int, reason: str) -> ChangeShown:
        """The change, turned down; raises NotAllowed, ChangeRefused."""
        with self._turn:
            return self._shown(self.admin.reject(actor, change_id, reason))

    def revoke_now(self, actor: Actor, alias: str, key_id: str, reason: str) -> KeyFull:
        """The key, revoked by one person; raises NotAllowed, ChangeRefused, KeyUnusable."""
        with self._turn:
            return in_full(self.admin.revoke_now(actor, alias, key_id, reason), self._today())

    def changes(self, actor: Actor, state: str | None, limit: int) -> ChangePage:
        """Changes within the actor's scopes, newest first."""
        require(actor, Permission.KEYS_READ)
        found = self.admin.changes(ChangeState(state) if state else None, limit)
        return ChangePage(changes=[self._shown(one) for one in found if in_scope(actor, one.alias)])

    def _shown(self, change: KeyChange) -> ChangeShown:
        return change_shown(change, self._effects(change) if change.state is ChangeState.PROPOSED else None)

    def _effects(self, change: KeyChange) -> Effects | None:
        entries: list[KeyEntry] = self.keys().entries(change.alias)
        users = self.users(change.alias)
        try:
            others, sealed = change.retire_others, self._sealed(change, entries)
            return effects(
                change.action,
                entries,
                change.key_id,
                self._today(),
                users,
                retire_others=others,
                still_sealed=sealed,
            )
        except KeyUnusable:
            return None  # the key is gone; approving says so

    def _sealed(self, change: KeyChange, entries: Sequence[KeyEntry]) -> int:
        entry = next((one for one in entries if one.key_id == change.key_id), None)
        return self.sealed_under(change.key_id) if entry is not None and loses_data(change.action, entry) else 0

    def _today(self) -> date:
        return business_date(self.clock.now_ms())
