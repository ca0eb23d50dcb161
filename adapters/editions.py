"""Editions of a bank's profile (接入档案版次): a new format starts on its day, files in flight keep the old one.

``config/banks/<bank>.yaml`` is the first edition and always holds; ``<bank>@2027-01-01.yaml`` takes over on that
day. The edition in force is chosen by a date that the caller gives: nothing here looks at a clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from adapters.profile import BankProfile
from messages.layout.positions import Key

FIRST: Final = ""
"""The name of a bank's first edition; any other is called by its day, such as ``2027-01-01``."""

_STEM: Final = re.compile(r"(?P<bank>[^@]+)(?:@(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}))?", re.ASCII)


class UnknownEdition(LookupError):
    """No such edition; says which there are."""


@dataclass(frozen=True, slots=True)
class EditionName:
    """What a profile's file name says: whose it is, and from which day it holds (null: always)."""

    bank: str
    effective_from: date | None = None

    @classmethod
    def of(cls, path: Path) -> EditionName | None:
        """The name of the file at ``path`` taken apart; None where it is not ``<bank>[@YYYY-MM-DD].yaml``."""
        match = _STEM.fullmatch(path.stem)
        if match is None or path.suffix != ".yaml":
            return None
        try:
            return cls(match["bank"], date.fromisoformat(match["day"]) if match["day"] else None)
        except ValueError:
            return None

    @property
    def edition(self) -> str:
        """FIRST, or the ISO date."""
        return self.effective_from.isoformat() if self.effective_from else FIRST

    @property
    def stem(self) -> str:
        """The file's name without ``.yaml``."""
        return f"{self.bank}@{self.edition}" if self.effective_from else self.bank


@dataclass(frozen=True, slots=True)
class Editions:
    """All editions of one bank's profile: the first, then the others by their days."""

    all: tuple[BankProfile, ...]

    def on(self, day: date) -> BankProfile:
        """The edition in force on ``day``: the last that has begun."""
        begun = [profile for profile in self.all if (profile.effective_from or date.min) <= day]
        return begun[-1]

    def named(self, edition: str) -> BankProfile:
        """The edition called ``edition``; raises UnknownEdition."""
        for profile in self.all:
            if edition_of(profile) == edition:
                return profile
        known = ", ".join(edition_of(profile) or "the first" for profile in self.all)
        raise UnknownEdition(f"bank {self.all[0].bank} has no edition {edition or '(first)'}; it has: {known}")

    def following(self, day: date) -> BankProfile | None:
        """The edition that takes over next after ``day``; None where none is known."""
        return next((p for p in self.all if p.effective_from is not None and p.effective_from > day), None)


def edition_of(profile: BankProfile) -> str:
    """The name of the edition that ``profile`` is."""
    return profile.effective_from.isoformat() if profile.effective_from else FIRST


@dataclass(frozen=True, slots=True)
class Claim:
    """What two banks both claim on one day: ``profile`` is the one to complain about."""

    profile: BankProfile
    key: Key
    code: str
    other: BankProfile
    since: date | None  # the first day on which both hold; null: from the beginning


def claimed_twice(banks: Iterable[Editions]) -> Iterator[Claim]:
    """Items or paying accounts that would belong to two banks, on any day on which an edition begins."""
    given = list(banks)
    days = sorted({profile.effective_from for one in given for profile in one.all if profile.effective_from})
    seen: set[tuple[str, str, str, Key, str]] = set()
    for day in (None, *days):
        in_force = {one.all[0].bank: one.on(day or date.min) for one in given}
        for claim in _claims(in_force, day):
            same = (claim.profile.bank, edition_of(claim.profile), claim.other.bank, claim.key, claim.code)
            if same not in seen:
                seen.add(same)
                yield claim


def _claims(in_force: Mapping[str, BankProfile], day: date | None) -> Iterator[Claim]:
    owners: dict[tuple[Key, str], BankProfile] = {}
    for _, profile in sorted(in_force.items()):
        for key, codes in _claimed(profile).items():
            for code in codes:
                other = owners.setdefault((key, code), profile)
                if other is not profile:
                    yield Claim(profile, key, code, other, day)


def _claimed(profile: BankProfile) -> dict[Key, tuple[str, ...]]:
    """Prefixes of 行号 whose items it pays, and the 行号 whose paying accounts it holds."""
    paid = profile.serves.bank_codes if "pays" in profile.roles else ()
    return {("serves", "bank_codes"): paid, ("bank_codes",): profile.bank_codes}
