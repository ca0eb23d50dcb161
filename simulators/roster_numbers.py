"""Synthetic numbers with right check digits, whole columns at a time (证件号码、信用代码、卡号、行号).

Nobody's numbers: the area codes 530099, 500099 and 410099 and the card prefix 629999 are not assigned.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Numbers = npt.NDArray[np.int64]
Octets = npt.NDArray[np.uint8]

AREAS: Final = ("530099", "500099", "410099")
CARD_PREFIX: Final = "629999"
_FIRST_BIRTHDAY: Final = np.datetime64("1938-01-01")
_BIRTHDAYS: Final = 24_000  # up to 2003
_SCATTER: Final = 7_919  # a prime: neighbours on the list are not born on neighbouring days
_ID_WEIGHTS: Final = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_ID_CHECK: Final = np.frombuffer(b"10X98765432", dtype=np.uint8)
_USCC_LETTERS: Final = np.frombuffer(b"0123456789ABCDEFGHJKLMNPQRTUWXY", dtype=np.uint8)
_USCC_WEIGHTS: Final = 3 ** np.arange(17) % 31


def digits(numbers: Numbers, width: int) -> Octets:
    """The last ``width`` decimal digits of every number, as values 0 to 9."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return ((numbers[:, None] // powers) % 10).astype(np.uint8)


def as_text(octets: Octets) -> pl.Series:
    """A column of texts from rows of ASCII octets."""
    width = octets.shape[1]
    lines = np.hstack([octets, np.full((len(octets), 1), 0x0A, dtype=np.uint8)])
    return pl.Series(lines.tobytes().decode("ascii").split("\n")[:-1], dtype=pl.String) if width else pl.Series([])


def _constant(text: str, rows: int) -> Octets:
    return np.tile(np.array([int(c) for c in text], dtype=np.uint8), (rows, 1))


def resident_ids(places: Numbers) -> pl.Series:
    """公民身份号码 (GB 11643) by place on the list: different places, different numbers (up to 72 million)."""
    areas = digits(np.array([int(area) for area in AREAS])[places % 3], 6)
    birthdays = _FIRST_BIRTHDAY + (places // 3 * _SCATTER) % _BIRTHDAYS
    days = digits(_as_yyyymmdd(birthdays), 8)
    body = np.hstack([areas, days, digits(1 + places // (3 * _BIRTHDAYS), 3)])
    check = _ID_CHECK[(body @ _ID_WEIGHTS) % 11]
    return as_text(np.hstack([body + 48, check[:, None]]))


def _as_yyyymmdd(days: npt.NDArray[np.datetime64]) -> Numbers:
    months = days.astype("datetime64[M]")
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    day = (days - months).astype(np.int64) + 1
    numbers: Numbers = years * 10_000 + month * 100 + day
    return numbers


def credit_codes(places: Numbers) -> pl.Series:
    """统一社会信用代码 (GB 32100) by place: a rural organisation (N3) of area 530099."""
    rows = len(places)
    values = np.hstack(
        [np.full((rows, 1), 21, np.uint8), _constant("3530099", rows), digits(places, 9)]  # 21 is the letter N
    )
    check = (31 - (values @ _USCC_WEIGHTS) % 31) % 31
    return as_text(_USCC_LETTERS[np.hstack([values, check[:, None].astype(np.uint8)])])


def cards(places: Numbers) -> pl.Series:
    """银行卡号 of 19 digits by place, with the Luhn digit."""
    body = np.hstack([_constant(CARD_PREFIX, len(places)), digits(places, 12)])
    doubled = body[:, ::-2].astype(np.int64) * 2
    total = (doubled - 9 * (doubled > 9)).sum(axis=1) + body[:, -2::-2].sum(axis=1)
    check = ((10 - total % 10) % 10).astype(np.uint8)
    return as_text(np.hstack([body, check[:, None]]) + 48)


def bank_code(eleven_digits: str) -> str:
    """行号 from its first 11 digits, with the check digit of ISO 7064 MOD 11,10 (GB/T 17710)."""
    product = 10
    for digit in map(int, eleven_digits):
        product = ((product + digit) % 10 or 10) * 2 % 11
    return f"{eleven_digits}{(11 - product) % 10}"


def padded(prefix: str, numbers: Numbers, width: int) -> pl.Series:
    """A constant prefix and a zero-padded number."""
    return as_text(np.hstack([_constant(prefix, len(numbers)), digits(numbers, width)]) + 48)
