"""What a process needs, constructed once: keys, banks, store, vault, and the context that jobs are given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from adapters.code_table import CodeTable
from adapters.editions import Editions
from adapters.envelopes.registry import ENVELOPES
from adapters.profile_reader import code_table_path, read_editions
from adapters.registry import DIALECTS
from crypto.key_entry import KeyState
from crypto.keystore import Keystore
from crypto.passphrase import PassphraseSource
from gateway.clock import SystemClock
from gateway.services.calendars import read_calendars
from gateway.services.context import Bank, Context
from gateway.services.data_keys import data_keys
from gateway.services.retention_policy import read_policy
from gateway.settings import Settings
from gateway.store import audit
from gateway.store.database import Store
from gateway.store.vault import Vault
from gateway.wiring.bank_keys import BankKeys
from gateway.wiring.file_links import FileLinks
from gateway.wiring.key_sources import hand_over, passphrase_source, providers
from gateway.wiring.live_keys import LiveKeys
from gateway.wiring.live_sealers import LiveFiles, LiveIndex, LiveSegments
from gateway.wiring.unusable_keys import UnusableBankKeys

VAULT_KEY: Final = "vault-data"
SEGMENT_KEY: Final = "segment-data"
INDEX_KEY: Final = "blind-index"


def open_keystore(settings: Settings) -> Keystore:
    """Open the keystore with the passphrase and the devices that the settings name; raises KeyUnusable."""
    given = settings.keystore
    return Keystore.open(given.path, passphrase_source(given), providers=providers(given))


def read_banks(settings: Settings) -> dict[str, Bank]:
    """Every bank of ``config/banks``, with its dialect and code table."""
    directory = settings.config / "banks"
    return {
        name: _bank(directory, editions) for name, editions in read_editions(directory, settings.bank_endpoints).items()
    }


def _bank(directory: Path, editions: Editions) -> Bank:
    """The first edition, carrying those that follow it."""
    first, *later = [
        Bank(
            profile,
            DIALECTS[profile.dialect],
            CodeTable.read(code_table_path(directory, profile)),
            ENVELOPES.get(profile.security.envelope),
        )
        for profile in editions.all
    ]
    return replace(first, later=tuple(later))


def open_store(settings: Settings) -> Store:
    """The store, its tables up to date and its audit begun; raises WrongChain for another gateway's database."""
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = Store(settings.database_url)
    store.migrate()
    with store.begin() as tx:
        audit.open_chain(tx, settings.gateway_code, SystemClock().now_ms())
    return store


def open_live_keys(settings: Settings) -> LiveKeys:
    """The keystore as it is at each moment; raises KeyUnusable, OSError where it cannot be opened now."""
    return LiveKeys(open_keystore(settings))


def build_context(settings: Settings, keys: LiveKeys | None = None) -> Context:
    """What jobs need; each process builds its own. Raises KeyUnusable where a key that every job needs is missing."""
    keys = keys or open_live_keys(settings)
    banks, store, clock = read_banks(settings), Store(settings.database_url), SystemClock()
    _require_data_keys(keys.now())
    return Context(
        store=store,
        vault=Vault(settings.state / "vault", LiveFiles(keys, VAULT_KEY)),
        sealer=LiveSegments(keys, SEGMENT_KEY),
        index=LiveIndex(keys, INDEX_KEY),
        banks=banks,
        clock=clock,
        amount_limit_fen=settings.amount_limit_fen,
        signer=lambda security: BankKeys(keys, security).signer(),
        verifier=lambda security: BankKeys(keys, security).verifier(),
        files=FileLinks(settings, banks, keys, store, clock).of,
        envelope_keys=lambda security: BankKeys(keys, security),
        data_keys=lambda: keys.kept("data keys", data_keys),
        revoked=lambda alias, key_id: _revoked(keys.now(), alias, key_id),
        unusable_keys=lambda security: UnusableBankKeys(BankKeys(keys, security)),
        calendars=read_calendars(settings.config / "calendars"),
        retention=read_policy(settings.config),
    )


def build_worker_context(settings: Settings, source: PassphraseSource) -> Context:
    """In a worker process: ``build_context`` with the passphrase of its parent, which came through its pipe."""
    hand_over(settings.keystore, source)
    return build_context(settings)


def _require_data_keys(keys: Keystore) -> None:
    """A process that could read and write nothing says so when it starts, not when the first batch comes."""
    keys.stream_sealer(VAULT_KEY)
    keys.segment_sealer(SEGMENT_KEY)
    keys.blind_index(INDEX_KEY)


def _revoked(keys: Keystore, alias: str, key_id: str) -> bool:
    return any(entry.state is KeyState.REVOKED for entry in keys.entries(alias) if entry.key_id == key_id)
