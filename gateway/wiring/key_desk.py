"""The API's key desk (密钥服务组装): acts over a keystore of its own, looks at what the whole node uses."""

from __future__ import annotations

from functools import partial

from adapters.profile import BankProfile
from gateway import wiring
from gateway.services.context import Context
from gateway.services.data_keys import still_sealed_under
from gateway.services.key_admin import KeyAdmin
from gateway.services.key_desk import KeyDesk
from gateway.services.key_users import users_of
from gateway.settings import Settings
from gateway.wiring.live_keys import LiveKeys


def build_key_desk(settings: Settings, context: Context, keys: LiveKeys) -> KeyDesk:
    """What is not saved yet is seen by nobody: the node's keys are another object over the same file."""
    admin = KeyAdmin(context.store, wiring.open_keystore(settings), context.clock)
    users = partial(_users, _profiles(context), settings)
    return KeyDesk(admin, keys.now, users, context.clock, partial(_sealed_under, context))


def _sealed_under(context: Context, key_id: str) -> int:
    with context.store.read() as tx:
        return still_sealed_under(tx, context.vault).get(key_id, 0)


def _profiles(context: Context) -> dict[str, list[BankProfile]]:
    return {name: [bank.profile, *(one.profile for one in bank.later)] for name, bank in context.banks.items()}


def _users(profiles: dict[str, list[BankProfile]], settings: Settings, alias: str) -> list[str]:
    return users_of(alias, profiles, settings)
