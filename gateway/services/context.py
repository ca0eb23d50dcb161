"""What every job is given: the parts of the house, constructed once per process by ``gateway.wiring``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from adapters.code_table import CodeTable
from adapters.contract import Dialect
from adapters.envelopes.contract import Envelope, EnvelopeKeys
from adapters.profile import BankProfile, Security
from crypto.contract import BlindIndexer, CryptoError, SegmentSealer, StreamSigner, StreamVerifier
from gateway.clock import Clock, business_date
from gateway.core.calendar import Calendar
from gateway.core.retention import KEPT_FOREVER, RetentionPolicy
from gateway.services.data_keys import DataKeys
from gateway.store.database import Store
from gateway.store.records import Instruction
from gateway.store.vault import Vault
from gateway.transports.contract import FileTransport


@dataclass(frozen=True, slots=True)
class Bank:
    """One partner bank, ready for use: one edition of its profile, and those that follow it."""

    profile: BankProfile
    dialect: Dialect
    codes: CodeTable
    envelope: Envelope | None = None  # null: signatures travel beside the message
    later: tuple[Bank, ...] = ()  # later editions, by the day from which each holds

    @property
    def edition(self) -> str:
        """The day from which this edition holds; "" for the first."""
        return self.profile.effective_from.isoformat() if self.profile.effective_from else ""

    def on(self, day: date) -> Bank:
        """The edition in force on ``day``: instructions that go out then are built by it."""
        begun = [bank for bank in self.later if bank.profile.effective_from and bank.profile.effective_from <= day]
        return begun[-1] if begun else self

    def named(self, edition: str) -> Bank:
        """The edition by which an instruction was built; raises UnknownBank."""
        for bank in (self, *self.later):
            if bank.edition == edition:
                return bank
        name = self.profile.bank
        raise UnknownBank(f"no profile config/banks/{name}@{edition}.yaml, but an instruction needs it: put it back")


class UnknownBank(Exception):
    """Stored work names a bank that the configuration no longer has."""


class UnusableKeys(EnvelopeKeys, Protocol):
    """A bank's keys that may not be used today; its verifier only tells whose a signature is."""

    def verdict(self, key_id: str) -> CryptoError:
        """What it means that this key signed: SignatureInvalid, or KeyUnusable where the message is to wait."""


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
    envelope_keys: Callable[[Security], EnvelopeKeys]
    data_keys: Callable[[], DataKeys]  # as they are at this moment
    revoked: Callable[[str, str], bool] = lambda _alias, _key_id: False
    unusable_keys: Callable[[Security], UnusableKeys] | None = None
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    retention: RetentionPolicy = KEPT_FOREVER

    def bank(self, name: str) -> Bank:
        """The bank called ``name``; raises UnknownBank."""
        try:
            return self.banks[name]
        except KeyError:
            raise UnknownBank(f"no profile config/banks/{name}.yaml, but stored work needs it: put it back") from None

    def bank_of(self, instruction: Instruction) -> Bank:
        """The bank as its profile was when the instruction was planned; raises UnknownBank."""
        return self.bank(instruction.bank).named(instruction.edition)

    def bank_today(self, name: str) -> Bank:
        """The bank by the edition of its profile that is in force now; raises UnknownBank."""
        return self.bank(name).on(business_date(self.clock.now_ms()))
