"""`gateway bank list` (银行一览): every bank, how it is reached, whom it serves, and what takes over when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from adapters.editions import Editions, edition_of
from adapters.profile import BankProfile
from adapters.registry import DIALECTS
from gateway.bank.places import Configuration
from messages.layout.positions import ConfigurationRefused


@dataclass(frozen=True, slots=True)
class Listed:
    """One bank on one day; a bank whose files have faults has ``faults`` and little else."""

    bank: str
    name: str = ""
    dialect: str = ""
    transport: str = ""
    envelope: str = ""
    scheme: str = ""
    serves: tuple[str, ...] = ()
    rows_per_file: int = 0
    edition: str = ""
    editions: tuple[str, ...] = ()
    next_edition: str | None = None
    faults: int = 0

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def listed(configuration: Configuration, day: date) -> list[Listed]:
    """Every bank of the configuration as it is on ``day``; raises ToolRefused."""
    banks = sorted({name.bank for name in configuration.paths()})
    return [_listed(configuration, bank, day) for bank in banks]


def _listed(configuration: Configuration, bank: str, day: date) -> Listed:
    try:
        editions = configuration.editions(bank)
    except ConfigurationRefused as refused:
        return Listed(bank, faults=len(refused.problems))
    return _described(editions, day)


def _described(editions: Editions, day: date) -> Listed:
    profile, following = editions.on(day), editions.following(day)
    return Listed(
        bank=profile.bank,
        name=profile.name,
        dialect=profile.dialect,
        transport=profile.transport.kind,
        envelope=profile.security.envelope,
        scheme=profile.security.scheme,
        serves=profile.serves.bank_codes if "pays" in profile.roles else (),
        rows_per_file=_rows(profile),
        edition=edition_of(profile),
        editions=tuple(edition_of(one) for one in editions.all),
        next_edition=None if following is None else edition_of(following),
    )


def _rows(profile: BankProfile) -> int:
    """What one file really holds: the profile's limits and the format's own."""
    dialect = DIALECTS.get(profile.dialect)
    return profile.limits.rows_per_file if dialect is None else dialect.rows_per_file(profile)
