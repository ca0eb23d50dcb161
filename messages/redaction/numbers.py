"""Runs of digits that may be somebody's (个人号码): ID numbers, bank cards and accounts, phone numbers, in any text.

In free text every long run goes, whatever it is: a false alarm costs a number in a log, a miss costs a person. In an
identifier of ours (a file name, a message id) only what looks like a person's number goes.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

HIDDEN: Final = "<number>"
SHORTEST: Final = 9
"""Fewer digits are a date, a count or a line, and no account number of a bank."""

_RUN: Final = re.compile(
    r"(?<![\dA-Za-z])(?:"
    r"\d{6}[ -]\d{8}[ -]\d{3}[\dXx]"  # an ID number as people write it
    r"|\d{4}(?:[ -]\d{4}){2,6}(?:[ -]\d{1,4})?"  # a card in groups of four
    r"|1\d{2}[ -]\d{4}[ -]\d{4}"  # a mobile number
    rf"|\d{{{SHORTEST},}}[Xx]?"
    r"|[A-Z]{1,2}\d{7,10}(?![\dA-Za-z])"  # passports and permits
    r")"
    r"|\d{15,}[Xx]?"  # glued to letters: so long that it can be no number of ours
)
_BIRTHDAY: Final = re.compile(r"(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", re.ASCII)
_RESIDENT: Final = re.compile(r"[1-8]\d{16}[\dXx]", re.ASCII)
_MOBILE: Final = re.compile(r"(?:86)?1[3-9]\d{9}", re.ASCII)
_CARD: Final = re.compile(r"[3-9]\d{14,18}", re.ASCII)


def without_numbers(text: str, keep: Collection[str] = ()) -> str:
    """``text`` with every long run of digits hidden, save those inside one of ``keep``, which are identifiers of ours."""
    return _RUN.sub(lambda found: found[0] if _kept(found[0], keep) else HIDDEN, text)


def without_persons_numbers(identifier: str) -> str:
    """``identifier`` with only those runs hidden that look like an ID, card or mobile number."""
    return _RUN.sub(lambda found: HIDDEN if looks_personal(found[0]) else found[0], identifier)


def looks_personal(run: str) -> bool:
    """Whether one run of digits has the form of an ID number, a bank card or a mobile number."""
    bare = run.replace(" ", "").replace("-", "")
    if _RESIDENT.fullmatch(bare):
        return _BIRTHDAY.fullmatch(bare[6:14]) is not None or _luhn(bare)
    if not bare.isascii():
        return True  # full-width digits are in no identifier of ours
    return bool(_MOBILE.fullmatch(bare)) or (bool(_CARD.fullmatch(bare)) and _luhn(bare)) or not bare.isdigit()


def holds_personal_number(text: str) -> bool:
    """Whether any run in ``text`` looks like a person's number."""
    return any(looks_personal(found[0]) for found in _RUN.finditer(text))


def _kept(run: str, keep: Collection[str]) -> bool:
    return not looks_personal(run) and any(run in name for name in keep)


def _luhn(digits: str) -> bool:
    if not digits.isdigit():
        return False
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0
