"""What a process needs, constructed once: keys, banks, store, vault, and the context that jobs are given."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from adapters.code_table import CodeTable
from adapters.endpoints import SftpEndpoint
from adapters.profile import Security
from adapters.profile_reader import code_table_path, read_all
from adapters.registry import DIALECTS
from crypto.contract import KeyUnusable, SchemeParameters, StreamSigner, StreamVerifier
from crypto.keystore import Keystore
from gateway.clock import SystemClock
from gateway.services.context import Bank, Context
from gateway.settings import Settings
from gateway.store.database import Store
from gateway.store.vault import Vault
from gateway.transports.contract import FileTransport, Misconfigured
from gateway.transports.sftp import SftpTransport


def open_keystore(settings: Settings) -> Keystore:
    """Open the keystore with the passphrase from its file; raises KeyUnusable, OSError."""
    passphrase = settings.keystore.passphrase_file.read_text(encoding="utf-8").strip()
    return Keystore.open(settings.keystore.path, passphrase)


def read_banks(settings: Settings) -> dict[str, Bank]:
    """Every bank of ``config/banks``, with its dialect and code table."""
    directory = settings.config / "banks"
    profiles = read_all(directory, settings.bank_endpoints)
    return {
        name: Bank(
            profile,
            DIALECTS[profile.dialect],
            CodeTable.read(code_table_path(directory, profile)),
        )
        for name, profile in profiles.items()
    }


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
        signer=_signer(keys),
        verifier=_verifier(keys),
        files=_file_transports(banks, keys),
    )


def _parameters(security: Security) -> SchemeParameters:
    return SchemeParameters(security.scheme, security.sm2_user_id, security.sm2_form)


def _signer(keys: Keystore) -> Callable[[Security], StreamSigner]:
    def signer(security: Security) -> StreamSigner:
        keys.reload()
        return keys.signer(security.signing_key, _parameters(security))

    return signer


def _verifier(keys: Keystore) -> Callable[[Security], StreamVerifier]:
    def verifier(security: Security) -> StreamVerifier:
        keys.reload()
        return keys.verifier(security.verification_key, _parameters(security))

    return verifier


def _file_transports(banks: dict[str, Bank], keys: Keystore) -> Callable[[str], FileTransport]:
    @cache
    def transport(bank: str) -> FileTransport:
        endpoint = banks[bank].profile.transport
        if not isinstance(endpoint, SftpEndpoint):
            raise TypeError(f"bank {bank} does not exchange files")
        try:
            return SftpTransport(endpoint, keys.ssh_key(endpoint.user_key))
        except KeyUnusable as missing:
            raise Misconfigured(str(missing)) from missing

    return transport
