"""Changes of keys, step by step (密钥变更流程): what is decided is durable before the keystore is touched."""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog
from sqlalchemy import Connection

from crypto.contract import CryptoError
from crypto.key_entry import KeyEntry, KeyState
from crypto.keystore import Keystore
from gateway.clock import Clock
from gateway.core.authority import Actor
from gateway.core.key_changes import (
    ChangeEvent,
    ChangeRefused,
    ChangeState,
    KeyAction,
    KeyChange,
    after,
    expired,
    require_possible,
)
from gateway.services import auditing, key_alerts
from gateway.services.key_applying import apply_to_keystore, entry_of, picture_of
from gateway.services.key_judging import decided, judged, new_change, require_in_date, same_again, shown
from gateway.store import key_changes, locks
from gateway.store.database import Store
from gateway.store.errors import NoSuchRow

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class KeyChanging:
    """The steps of ``KeyAdmin``, whose permissions are checked there."""

    store: Store
    keys: Keystore
    clock: Clock

    def known(self, change_id: int) -> KeyChange:
        """The change of this number; raises ChangeRefused."""
        try:
            with self.store.read() as tx:
                return key_changes.by_id(tx, change_id)
        except NoSuchRow:
            raise ChangeRefused(
                "no-such-change", f"没有编号为 {change_id} 的密钥变更。", f"there is no key change {change_id}"
            ) from None

    def propose(
        self, actor: Actor, action: KeyAction, alias: str, key_id: str, reason: str, *, retire_others: bool
    ) -> KeyChange:
        """A change that waits for a second person; raises ChangeRefused."""
        self.keys.reload()
        entry = self._entry(alias, key_id)
        require_possible(action, picture_of(entry))
        now = self.clock.now_ms()
        require_in_date(action, entry, now)
        wanted = new_change(actor, action, entry, reason, now, retire_others=retire_others)
        with self.store.begin() as tx:
            locks.serialize(tx, "key-change", alias)
            self._expire(tx, alias)
            waiting = [one for one in key_changes.waiting(tx, alias) if one.key_id == key_id]
            if waiting:
                return same_again(waiting[0], wanted)
            change = key_changes.add(tx, wanted)
            self._write(tx, actor, "key.proposed", change, change.from_state)
            return change

    def approve(self, actor: Actor, change_id: int) -> KeyChange:
        """The change, APPLYING by this person (or APPLIED already); raises ChangeRefused."""
        self.keys.reload()
        with self.store.begin() as tx:
            change = self._locked(tx, change_id)
            if change.decided_by == actor.name and change.state in (ChangeState.APPLYING, ChangeState.APPLIED):
                return change
            verdict = judged(actor, change, self.keys, self.clock.now_ms())
            if verdict.change != change:
                key_changes.move(tx, change, verdict.change)
                self._write(tx, actor, verdict.act, verdict.change, change.from_state)
        if verdict.refusal is not None:
            raise verdict.refusal
        return verdict.change

    def reject(self, actor: Actor, change_id: int, reason: str) -> KeyChange:
        """The change, REJECTED; raises ChangeRefused."""
        with self.store.begin() as tx:
            change = self._locked(tx, change_id)
            if change.state is ChangeState.REJECTED and change.decided_by == actor.name:
                return change
            ended = decided(change, ChangeEvent.REJECT, actor, self.clock.now_ms(), reason)
            key_changes.move(tx, change, ended)
            self._write(tx, actor, "key.rejected", ended, change.from_state)
            return ended

    def revoke_now(self, actor: Actor, alias: str, key_id: str, reason: str) -> KeyChange | None:
        """An emergency change, APPLYING; None where the key is revoked already. Raises ChangeRefused."""
        self.keys.reload()
        entry = self._entry(alias, key_id)
        if entry.state is KeyState.REVOKED:
            return None
        now = self.clock.now_ms()
        wanted = new_change(actor, KeyAction.REVOKE, entry, reason, now, retire_others=False)
        wanted = replace(wanted, emergency=True, state=ChangeState.APPLYING)
        wanted = replace(wanted, decided_by=actor.name, decided_key=actor.key, decided_at_ms=now)
        with self.store.begin() as tx:
            locks.serialize(tx, "key-change", alias)
            overtaken = self._overtake(tx, actor, alias, key_id)
            change = key_changes.add(tx, wanted)
            key_alerts.revoked_now(tx, change, now)
            for other in overtaken:
                self._write(tx, actor, "key.overtaken", other, entry.state)
            self._write(tx, actor, "key.revoked-now", change, entry.state)
            return change

    def finish(self, actor: Actor, change: KeyChange) -> KeyChange:
        """Carry out what is APPLYING, however far it had come; raises KeyUnusable, OSError."""
        if change.state is not ChangeState.APPLYING:
            return change
        outcome = apply_to_keystore(self.keys, change)
        with self.store.begin() as tx:
            current = self._locked(tx, change.change_id)
            if current.state is not ChangeState.APPLYING:
                return current
            done = outcome is ChangeEvent.DONE
            ended = replace(current, state=after(current.state, outcome))
            ended = ended if done else replace(ended, decided_reason="key-changed")
            key_changes.move(tx, current, ended)
            act, now_is = ("key.applied", ended.target) if done else ("key.overtaken", self._state_now(ended))
            self._write(tx, actor, act, ended, now_is)
            return ended

    def catch_up(self) -> int:
        """Finish and expire what waits; how many changes that ended."""
        with self.store.begin() as tx:
            ended = self._expire(tx, None)
            waiting = [one for one in key_changes.waiting(tx) if one.state is ChangeState.APPLYING]
        return ended + sum(self._finished(change) for change in waiting)

    def _finished(self, change: KeyChange) -> bool:
        try:
            return self.finish(auditing.GATEWAY, change).state is not ChangeState.APPLYING
        except (CryptoError, OSError) as fault:
            log.error("key change cannot be carried out", change=change.change_id, why=str(fault))
            with self.store.begin() as tx:
                key_alerts.stuck(tx, change, self.clock.now_ms())
            return False

    def _locked(self, tx: Connection, change_id: int) -> KeyChange:
        """The change as it is once nobody else is at one of its alias."""
        locks.serialize(tx, "key-change", key_changes.by_id(tx, change_id).alias)
        return key_changes.by_id(tx, change_id)

    def _entry(self, alias: str, key_id: str) -> KeyEntry:
        entry = entry_of(self.keys, alias, key_id)
        if entry is None:
            raise ChangeRefused(
                "unknown-key",
                "密钥库中没有该别名下的这个密钥：请用 gateway keys list 查看。",
                "the keystore has no such key under this alias: see gateway keys list",
            )
        return entry

    def _state_now(self, change: KeyChange) -> str:
        entry = entry_of(self.keys, change.alias, change.key_id)
        return entry.state if entry is not None else "GONE"

    def _expire(self, tx: Connection, alias: str | None) -> int:
        now = self.clock.now_ms()
        old = [change for change in key_changes.waiting(tx, alias) if expired(change, now)]
        for change in old:
            ended = decided(change, ChangeEvent.EXPIRE, auditing.GATEWAY, now, None)
            key_changes.move(tx, change, ended)
            self._write(tx, auditing.GATEWAY, "key.expired", ended, change.from_state)
        return len(old)

    def _overtake(self, tx: Connection, actor: Actor, alias: str, key_id: str) -> list[KeyChange]:
        """Proposals for a key that is being revoked end here; what is APPLYING ends when it is carried out."""
        ended = []
        for change in key_changes.waiting(tx, alias):
            if change.key_id == key_id and change.state is ChangeState.PROPOSED:
                gone = decided(change, ChangeEvent.OVERTAKEN, actor, self.clock.now_ms(), "revoked-now")
                ended.append(key_changes.move(tx, change, gone))
        return ended

    def _write(self, tx: Connection, actor: Actor, act: str, change: KeyChange, key_state: str) -> None:
        before = {"key_state": change.from_state}
        after_act = {**shown(change), "key_state": str(key_state)}
        auditing.write(tx, actor, act, change.alias, self.clock.now_ms(), before=before, after=after_act)
