"""What the key commands work with (密钥工作台): keystore, store, rules and profiles of one gateway, opened together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from adapters.profile import BankProfile
from crypto.contract import KeyUnusable
from crypto.key_entry import KeyEntry, KeyState
from crypto.key_reasons import KeyReason
from crypto.keystore import Keystore
from gateway import wiring
from gateway.bank.places import Configuration, ToolRefused
from gateway.clock import Clock, SystemClock, business_date
from gateway.core.key_changes import KeyAction, KeyChange
from gateway.keys.refusals import Unfit
from gateway.services.data_keys import VAULT_DATA, still_sealed_under
from gateway.services.key_admin import KeyAdmin
from gateway.services.key_effects import Effects, effects, loses_data
from gateway.services.key_users import users_of
from gateway.settings import Settings, read_settings
from gateway.store import key_changes
from gateway.store.database import Store
from gateway.store.errors import NoSuchRow
from gateway.store.vault import Vault
from messages.layout.positions import ConfigurationRefused


@dataclass
class Office:
    """One gateway's keys and everything that is needed to change them."""

    settings: Settings
    keys: Keystore
    store: Store
    admin: KeyAdmin
    clock: Clock

    @property
    def today(self) -> date:
        """The day in China."""
        return business_date(self.clock.now_ms())

    @cached_property
    def profiles(self) -> dict[str, list[BankProfile]]:
        """All editions by bank; a bank whose files have faults is left out, since its keys need care all the same."""
        configuration = Configuration(self.settings.config)
        found: dict[str, list[BankProfile]] = {}
        try:
            names = {name.bank for name in configuration.paths()}
        except ToolRefused:
            return {}
        for bank in sorted(names):
            try:
                found[bank] = list(configuration.editions(bank).all)
            except ConfigurationRefused:
                continue
        return found

    def users(self, alias: str) -> list[str]:
        """Who works with the alias."""
        return users_of(alias, self.profiles, self.settings)

    def entry(self, alias: str, which: str) -> KeyEntry:
        """The key that ``which`` means: its id, the beginning of it, or a state that only one key is in."""
        return chosen(self.keys.entries(alias), alias, which)

    def effects(self, change: KeyChange) -> Effects:
        """What an approval of the change would do now; raises KeyUnusable."""
        return self.effects_of(change.action, change.alias, change.key_id, retire_others=change.retire_others)

    def effects_of(self, action: KeyAction, alias: str, key_id: str, *, retire_others: bool) -> Effects:
        """What an action would do now; raises KeyUnusable."""
        entries, users, sealed = self.keys.entries(alias), self.users(alias), 0
        entry = next((one for one in entries if one.key_id == key_id), None)
        if entry is not None and loses_data(action, entry):
            sealed = self._sealed_under(key_id)
        others = retire_others
        return effects(action, entries, key_id, self.today, users, retire_others=others, still_sealed=sealed)

    def _sealed_under(self, key_id: str) -> int:
        """How much at rest needs the key."""
        vault = Vault(self.settings.state / "vault", self.keys.stream_sealer(VAULT_DATA))
        with self.store.read() as tx:
            return still_sealed_under(tx, vault).get(key_id, 0)

    def change(self, change_id: int) -> KeyChange:
        """The change of this number; raises Unfit."""
        try:
            with self.store.read() as tx:
                return key_changes.by_id(tx, change_id)
        except NoSuchRow:
            raise Unfit(
                f"没有第 {change_id} 号变更。", f"there is no change {change_id}: gateway keys changes lists them"
            ) from None


def chosen(entries: list[KeyEntry], alias: str, which: str) -> KeyEntry:
    """The one entry that ``which`` means; raises KeyUnusable."""
    if not entries:
        raise KeyUnusable(f"no key alias {alias!r}: gateway keys list shows them", KeyReason.UNKNOWN_ALIAS)
    exact = [entry for entry in entries if entry.key_id == which]
    in_state = [entry for entry in entries if entry.state == which.upper()]
    begins = [entry for entry in entries if entry.key_id.startswith(which)] if len(which) >= 4 else []
    found = exact or (in_state if which.upper() in set(KeyState) else begins)
    if len(found) == 1:
        return found[0]
    known = "; ".join(entry.described() for entry in entries)
    reason = KeyReason.AMBIGUOUS_KEY_ID if found else KeyReason.UNKNOWN_KEY_ID
    raise KeyUnusable(f"{len(found)} keys of {alias!r} are meant by {which[:70]!r}; there are: {known}", reason)


def read_own_settings(path: Path) -> Settings:
    """The settings of the gateway; raises Unfit."""
    if not path.exists():
        raise Unfit(
            f"没有 {path}：先执行 gateway init {path.parent}。",
            f"{path} does not exist: gateway init {path.parent} makes one",
        )
    try:
        return read_settings(path)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(str(p) for p in one['loc'])}: {one['msg']}" for one in error.errors())
        raise Unfit(f"{path} 有误。", f"{path}: {faults}") from None


@contextmanager
def opened(path: Path) -> Iterator[Office]:
    """Everything opened, and closed again; raises Unfit, KeyUnusable, StoreError."""
    settings, clock = read_own_settings(path), SystemClock()
    try:
        keys = wiring.open_keystore(settings)
    except OSError as error:
        raise Unfit("无法取得密钥库口令。", f"the keystore's passphrase cannot be read: {error}") from None
    store = wiring.open_store(settings)
    try:
        yield Office(settings, keys, store, KeyAdmin(store, keys, clock), clock)
    finally:
        store.dispose()
