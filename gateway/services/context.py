"""What every job is given: the parts of the house, constructed once per process by ``gateway.wiring``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.code_table import CodeTable
from adapters.contract import Dialect
from adapters.profile import BankProfile, Security
from crypto.contract import BlindIndexer, SegmentSealer, StreamSigner, StreamVerifier
from gateway.clock import Clock
from gateway.store.database import Store
from gateway.store.vault import Vault
from gateway.transports.contract import FileTransport


@dataclass(frozen=True, slots=True)
class Bank:
    """One partner bank, ready for use."""

    profile: BankProfile
    dialect: Dialect
    codes: CodeTable


class UnknownBank(Exception):
    """Stored work names a bank that the configuration no longer has."""


@dataclass(frozen=True, slots=True)
class Context:
    """The parts that jobs work with."""

    store: Store
    vault: Vault
    sealer: SegmentSealer
    index: BlindIndexer
    banks: Mapping[str, Bank]
    clock: Clock
    amount_limit_fen: int
    signer: Callable[[Security], StreamSigner]
    verifier: Callable[[Security], StreamVerifier]
    files: Callable[[str], FileTransport]  # by bank; connections are kept per process

    def bank(self, name: str) -> Bank:
        """The bank called ``name``; raises UnknownBank."""
        try:
            return self.banks[name]
        except KeyError:
            raise UnknownBank(f"no profile config/banks/{name}.yaml, but stored work needs it: put it back") from None
