"""Resident identity numbers (公民身份号码), GB 11643-1999: region, birth date, sequence, check character.

The check character is ISO 7064 MOD 11-2. Upper-case ``X`` only: the standard knows no ``x``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from messages.checks.octets import Flags, Octets, digits, mask, of_width, weighted_sum

WIDTH: Final = 18
OLDEST_YEARS: Final = 150
"""A birth year further back than this is a typing error, not a person."""

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK: Final = np.frombuffer(b"10X98765432", dtype=np.uint8)
_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int16)
# GB/T 2260 provinces; 71 Taiwan; 81, 82, 83: residence permits of Hong Kong, Macao and Taiwan residents
_PROVINCES: Final = np.zeros(100, dtype=np.bool_)
_PROVINCES[[11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46]] = True
_PROVINCES[[50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83]] = True


@dataclass(frozen=True, slots=True)
class ResidentIdMasks:
    """Boolean series, null where the number is null; the last three are true where the form is wrong."""

    well_formed: pl.Series  # 17 digits and a digit or X
    region: pl.Series
    birth_date: pl.Series
    check_character: pl.Series

    def all(self) -> pl.Series:
        """True where every part holds."""
        return self.well_formed & self.region & self.birth_date & self.check_character


def resident_id_masks(numbers: pl.Series, today: date) -> ResidentIdMasks:
    """Check ``numbers`` part by part, so that a finding can say which part is wrong."""
    rows, octets = of_width(numbers, WIDTH)
    values, formed = _form(octets)
    well_formed = mask(numbers, rows, formed)

    def part(passed: Flags) -> pl.Series:
        return mask(numbers, rows, passed) | ~well_formed

    return ResidentIdMasks(
        well_formed=well_formed,
        region=part(_PROVINCES[values[0].astype(np.int16) * 10 + values[1]]),
        birth_date=part(_born_by(values, today)),
        check_character=part(_CHECK[weighted_sum(values, _WEIGHTS) % 11] == octets[17]),
    )


def are_resident_ids(numbers: pl.Series, today: date) -> pl.Series:
    """True where a number is right in every part; null stays null."""
    return resident_id_masks(numbers, today).all()


def is_resident_id(number: str, today: date) -> bool:
    """The same for one number."""
    return bool(are_resident_ids(pl.Series([number], dtype=pl.String), today).item())


def _form(octets: Octets) -> tuple[Octets, Flags]:
    values, numeric = digits(octets[:17])
    last, _ = digits(octets[17:])
    formed: Flags = numeric & ((last[0] <= 9) | (octets[17] == ord("X")))
    return np.where(formed, values, np.uint8(0)), formed


def _born_by(values: Octets, today: date) -> Flags:
    """Whether digits 7..14 are a day of the calendar, not after ``today`` and not absurdly early."""
    year = weighted_sum(values[6:], (1000, 100, 10, 1))
    month = weighted_sum(values[10:], (10, 1))
    day = weighted_sum(values[12:], (10, 1))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = _DAYS[np.where((month >= 1) & (month <= 12), month, 0)] + (leap & (month == 2))
    stamp = year.astype(np.int32) * 10000 + month * 100 + day
    known: Flags = (day >= 1) & (day <= longest) & (year >= today.year - OLDEST_YEARS)
    known &= stamp <= today.year * 10000 + today.month * 100 + today.day
    return known
