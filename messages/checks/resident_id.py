"""Resident identity numbers (公民身份号码), GB 11643-1999: region, birth date, sequence, check character.

The check character is ISO 7064 MOD 11-2. Upper-case ``X`` only: the standard knows no ``x``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from messages.checks.octets import Flags, Octets, digits, mask, of_width

WIDTH: Final = 18
OLDEST_YEARS: Final = 150
"""A birth year further back than this is a typing error, not a person."""

_WEIGHTS: Final = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int32)
_CHECK: Final = np.frombuffer(b"10X98765432", dtype=np.uint8)
_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int32)
# GB/T 2260 provinces; 71 Taiwan; 81, 82, 83: residence permits of Hong Kong, Macao and Taiwan residents
_PROVINCES: Final = np.array(
    [
        *(11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46),
        *(50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83),
    ],
    dtype=np.int32,
)


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
    absent = pl.Series(np.ones(len(numbers), dtype=np.bool_)) & numbers.is_not_null()
    absent = absent & ~mask(numbers, rows, formed).fill_null(True)

    def part(passed: Flags) -> pl.Series:
        return mask(numbers, rows, passed) | absent

    return ResidentIdMasks(
        well_formed=mask(numbers, rows, formed),
        region=part(np.isin(values[:, 0] * 10 + values[:, 1], _PROVINCES)),
        birth_date=part(_born_by(values, today)),
        check_character=part(_CHECK[(values[:, :17] @ _WEIGHTS) % 11] == octets[:, 17]),
    )


def are_resident_ids(numbers: pl.Series, today: date) -> pl.Series:
    """True where a number is right in every part; null stays null."""
    return resident_id_masks(numbers, today).all()


def is_resident_id(number: str, today: date) -> bool:
    """The same for one number."""
    return bool(are_resident_ids(pl.Series([number], dtype=pl.String), today).item())


def _form(octets: Octets) -> tuple[npt.NDArray[np.int32], Flags]:
    values, _ = digits(octets)
    formed: Flags = np.logical_and.reduce(values[:, :17] <= 9, axis=1)
    formed &= (values[:, 17] <= 9) | (octets[:, 17] == ord("X"))
    return values.astype(np.int32), formed


def _born_by(values: npt.NDArray[np.int32], today: date) -> Flags:
    """Whether digits 7..14 are a day of the calendar, not after ``today`` and not absurdly early."""
    year = values[:, 6] * 1000 + values[:, 7] * 100 + values[:, 8] * 10 + values[:, 9]
    month = values[:, 10] * 10 + values[:, 11]
    day = values[:, 12] * 10 + values[:, 13]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = _DAYS[np.where((month >= 1) & (month <= 12), month, 0)] + (leap & (month == 2))
    stamp = year * 10000 + month * 100 + day
    known: Flags = (day >= 1) & (day <= longest) & (year >= today.year - OLDEST_YEARS)
    known &= stamp <= today.year * 10000 + today.month * 100 + today.day
    return known
