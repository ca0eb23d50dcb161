"""What a value in the audit may look like (审计取值): nothing that could be a secret or a person's data.

The patterns are the second wall; the first is that every key is known and has a kind.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import date
from enum import StrEnum
from typing import Any, Final

LONGEST_NAME, LONGEST_TEXT, MOST_VALUES = 200, 500, 2000


class Kind(StrEnum):
    """What sort of value a key has."""

    NAME = "name"
    NAMES = "names"
    WORD = "word"
    TEXT = "text"
    HEX = "hex"
    DATE = "date"
    NUMBER = "number"
    FLAG = "flag"
    DIGESTS = "digests"


_NAME: Final = re.compile(r"[A-Za-z0-9._:@/+*?#-]*")
_WORD: Final = re.compile(r"(?:[A-Za-z][A-Za-z0-9._-]{0,63})?")
_HEX: Final = re.compile(r"(?:[0-9a-f]{8,128})?")
_DIGEST: Final = re.compile(r"[A-Za-z0-9._@/+-]{1,200}=[0-9a-f]{64}")
_LARGEST: Final = 2**53

_ID_NUMBER: Final = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:(?:18|19|20)\d{2}|\d{2})(?:0\d|1[0-2])[0-3]\d{4}[0-9Xx]?(?![0-9A-Za-z])"
)
_PHONE: Final = re.compile(r"(?<![0-9A-Za-z])(?:(?:\+|00)?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![0-9A-Za-z])")
_LONG_NUMBER: Final = re.compile(r"(?<!\d)(?:\d[ -]?){11,}\d(?!\d)")
_ARMOUR: Final = re.compile(r"-----\s*(?:BEGIN|END)|(?:ssh-(?:rsa|ed25519)|ecdsa-sha2-\S+) +AAAA")
_BLOB: Final = re.compile(r"[A-Za-z0-9+/_=-]{40,}")

_CARD: Final = re.compile(r"(?<![0-9A-Za-z])62\d{14,17}(?![0-9A-Za-z])")

_NUMBERS: Final = ((_ID_NUMBER, "an ID number"), (_PHONE, "a phone number"), (_CARD, "a card number"))
_FREE: Final = (*_NUMBERS, (_LONG_NUMBER, "an account number"), (_ARMOUR, "a key"), (_BLOB, "a key or a password"))


def personal_in_text(text: str) -> str | None:
    """What a free text seems to hold that must not be in it, in English; None where nothing was found."""
    return _first(_FREE, text)


def personal_in_name(text: str) -> str | None:
    """The same for a name, where long numbers are ordinary (serial numbers, fingerprints)."""
    return _first(_NUMBERS, text)


def reference(text: str) -> str:
    """An identifier that somebody else chose, as it may stand in the audit: hidden behind a digest if in doubt."""
    if len(text) <= LONGEST_NAME and _NAME.fullmatch(text) and personal_in_name(text) is None:
        return text
    return "hidden:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def fault_in(kind: Kind, value: Any) -> str | None:
    """Why a value may not be written, without quoting it; None where it may. None is a value of every kind."""
    if value is None:
        return None
    if kind is Kind.FLAG:
        return None if isinstance(value, bool) else "is not true or false"
    if kind is Kind.NUMBER:
        fits = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
        return None if fits else "is not a whole number below 2^53"
    if kind in (Kind.NAMES, Kind.DIGESTS):
        return _fault_in_list(kind, value)
    return _fault_in_words(kind, value) if isinstance(value, str) else "is not text"


def fault_in_name(value: str) -> str | None:
    """Why a name (actor, origin, subject) may not be written."""
    return _fault_in_words(Kind.NAME, value) if isinstance(value, str) else "is not text"


def _fault_in_list(kind: Kind, value: Any) -> str | None:
    if not isinstance(value, list | tuple) or len(value) > MOST_VALUES:
        return f"is not a list of at most {MOST_VALUES} names"
    faults = (_fault_in_member(kind, one) for one in value)
    return next((fault for fault in faults if fault), None)


def _fault_in_member(kind: Kind, value: Any) -> str | None:
    if not isinstance(value, str):
        return "holds something that is not text"
    if kind is Kind.DIGESTS:
        return None if _DIGEST.fullmatch(value) else "holds something that is not name=digest"
    return _fault_in_words(Kind.NAME, value)


def _fault_in_words(kind: Kind, value: str) -> str | None:
    if kind is Kind.WORD:
        return None if _WORD.fullmatch(value) else "is not one plain word"
    if kind is Kind.HEX:
        return None if _HEX.fullmatch(value) else "is not a digest in hex"
    if kind is Kind.DATE:
        return None if _is_date(value) else "is not a date YYYY-MM-DD"
    if kind is Kind.TEXT:
        return _fault_in_text(value)
    if len(value) > LONGEST_NAME or not _NAME.fullmatch(value):
        return f"is not a name of at most {LONGEST_NAME} letters, digits and . _ : @ / + * ? # -"
    found = personal_in_name(value)
    return f"looks like {found}" if found else None


def _fault_in_text(value: str) -> str | None:
    if len(value) > LONGEST_TEXT:
        return f"is longer than {LONGEST_TEXT} characters"
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn") for sign in value):
        return "has control characters"
    found = personal_in_text(value)
    return f"looks like {found}: leave it out" if found else None


def _first(patterns: tuple[tuple[re.Pattern[str], str], ...], text: str) -> str | None:
    plain = unicodedata.normalize("NFKC", text)
    return next((what for pattern, what in patterns if pattern.search(plain)), None)


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
