"""What a process needs, constructed once: keys, banks, store, vault, and the context that jobs are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

from adapters.code_table import CodeTable
from adapters.editions import Editions
from adapters.endpoints import SftpEndpoint, SftpServerEndpoint
from adapters.envelopes.registry import ENVELOPES
from adapters.profile_reader import code_table_path, read_editions
from adapters.registry import DIALECTS
from crypto.contract import KeyUnusable
from crypto.keystore import Keystore
from gateway.clock import SystemClock, business_date
from gateway.services.calendars import read_calendars
from gateway.services.context import Bank, Context
from gateway.settings import Settings
from gateway.store.database import Store
from gateway.store.vault import Vault
from gateway.transports.contract import FileTransport, Misconfigured
from gateway.transports.exchange_directory import ExchangeDirectory
from gateway.transports.sftp import sftp_transport
from gateway.wiring.bank_keys import BankKeys


def open_keystore(settings: Settings) -> Keystore:
    """Open the keystore with the passphrase from its file; raises KeyUnusable, OSError."""
    passphrase = settings.keystore.passphrase_file.read_text(encoding="utf-8").strip()
    return Keystore.open(settings.keystore.path, passphrase)


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
    """The store, its tables up to date."""
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = Store(settings.database_url)
    store.migrate()
    return store


def build_context(settings: Settings) -> Context:
    """What jobs need; each process builds its own."""
    keys = open_keystore(settings)
    banks = read_banks(settings)
    return Context(
        store=Store(settings.database_url),
        vault=Vault(settings.state / "vault", keys.stream_sealer("vault-data")),
        sealer=keys.segment_sealer("segment-data"),
        index=keys.blind_index("blind-index"),
        banks=banks,
        clock=SystemClock(),
        amount_limit_fen=settings.amount_limit_fen,
        signer=lambda security: BankKeys(keys, security).signer(),
        verifier=lambda security: BankKeys(keys, security).verifier(),
        files=_file_transports(settings, banks, keys),
        envelope_keys=lambda security: BankKeys(keys, security),
        calendars=read_calendars(settings.config / "calendars"),
    )


def _file_transports(settings: Settings, banks: dict[str, Bank], keys: Keystore) -> Callable[[str], FileTransport]:
    clock = SystemClock()

    @cache
    def transport(bank: str, edition: str) -> FileTransport:
        endpoint = banks[bank].named(edition).profile.transport
        if isinstance(endpoint, SftpServerEndpoint):
            return ExchangeDirectory(settings.exchange_root, endpoint)
        if not isinstance(endpoint, SftpEndpoint):
            raise TypeError(f"bank {bank} does not exchange files")
        try:
            return sftp_transport(endpoint, keys.ssh_key(endpoint.user_key), lambda: business_date(clock.now_ms()))
        except KeyUnusable as missing:
            raise Misconfigured(str(missing)) from missing

    def today(bank: str) -> FileTransport:
        """By the edition in force: where a bank is reached may change on its day too."""
        return transport(bank, banks[bank].on(business_date(clock.now_ms())).edition)

    return today
