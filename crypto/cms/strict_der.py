"""Whether octets are DER (X.690 clause 10) and nothing looser: one spelling of every value, before anything is read.

BER lets lengths be indefinite or padded and strings come in pieces, so that two readers can see two messages in the
same octets. Whoever sends that is refused, with what to do about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_DEPTH: Final = 24
MOST_VALUES: Final = 5_000
_SEQUENCE, _SET, _BOOLEAN, _INTEGER, _BIT_STRING, _NULL, _OID = 0x10, 0x11, 0x01, 0x02, 0x03, 0x05, 0x06


class NotDer(ValueError):
    """What is wrong, and at which octet; quotes nothing."""


@dataclass(frozen=True, slots=True)
class _Value:
    """One value: ``tag`` octet, where it begins, where its contents begin and end."""

    tag: int
    begin: int
    start: int
    end: int
    depth: int

    @property
    def constructed(self) -> bool:
        return bool(self.tag & 0x20)

    @property
    def universal(self) -> int | None:
        """The universal tag number."""
        return self.tag & 0x1F if self.tag < 0x40 else None


def require_der(octets: bytes) -> None:
    """Return if the octets are exactly one DER value of bounded depth and number; raises NotDer."""
    whole = _value(octets, 0, len(octets), 0)
    if whole.end != len(octets):
        raise NotDer(f"octets follow the end of the structure, at octet {whole.end}")
    waiting, seen = [whole], 1
    while waiting:
        value = waiting.pop()
        _require_form(value)
        if not value.constructed:
            _require_contents(octets, value)
            continue
        children = _children(octets, value)
        seen += len(children)
        if seen > MOST_VALUES or value.depth >= MOST_DEPTH:
            raise NotDer(f"has more than {MOST_VALUES} values, or is nested more than {MOST_DEPTH} deep")
        waiting += children


def _children(octets: bytes, parent: _Value) -> list[_Value]:
    found: list[_Value] = []
    place = parent.start
    while place < parent.end:
        if len(found) > MOST_VALUES:
            raise NotDer(f"has more than {MOST_VALUES} values")
        found.append(_value(octets, place, parent.end, parent.depth + 1))
        place = found[-1].end
    if parent.universal == _SET:
        encoded = [octets[child.begin : child.end] for child in found]
        if encoded != sorted(encoded):
            raise NotDer(f"a SET is not in the order of DER, at octet {parent.begin}")
    return found


def _value(octets: bytes, begin: int, end: int, depth: int) -> _Value:
    if end - begin < 2:
        raise NotDer(f"is cut off, at octet {begin}")
    tag, length, start = octets[begin], octets[begin + 1], begin + 2
    if tag & 0x1F == 0x1F or tag == 0:
        raise NotDer(f"has a tag that no such structure has, at octet {begin}")
    if length == 0x80:
        raise NotDer(f"is BER with a length left open, at octet {begin}: the sender must write DER")
    if length > 0x80:
        size = length - 0x80
        if size > 4 or start + size > end:
            raise NotDer(f"has a length that cannot be, at octet {begin}")
        length, start = int.from_bytes(octets[start : start + size], "big"), start + size
        if length < 0x80 or length >> (8 * (size - 1)) == 0:
            raise NotDer(f"is BER with a padded length, at octet {begin}: the sender must write DER")
    if length > end - start:
        raise NotDer(f"is cut off: a value should be {length} octets long, at octet {begin}")
    return _Value(tag, begin, start, start + length, depth)


def _require_form(value: _Value) -> None:
    number = value.universal
    if number is not None and value.constructed != (number in (_SEQUENCE, _SET)):
        raise NotDer(f"is BER with a value in pieces, at octet {value.begin}: the sender must write DER")


def _require_contents(octets: bytes, value: _Value) -> None:
    number, length = value.universal, value.end - value.start
    first = octets[value.start : min(value.start + 2, value.end)]
    right = True
    if number == _BOOLEAN:
        right = first in (b"\x00", b"\xff") and length == 1
    elif number == _INTEGER:
        padded = len(first) == 2 and ((first[0] == 0 and first[1] < 0x80) or (first[0] == 0xFF and first[1] >= 0x80))
        right = length > 0 and not padded
    elif number == _BIT_STRING:
        right = length > 0 and first[0] < 8 and not (length == 1 and first[0])
        right = right and not octets[value.end - 1] & ((1 << first[0]) - 1) if length > 1 else right
    elif number == _NULL:
        right = length == 0
    elif number == _OID:
        right = _is_oid(octets[value.start : value.end])
    if not right:
        raise NotDer(f"has a value that is not in DER's one spelling, at octet {value.begin}")


def _is_oid(contents: bytes) -> bool:
    if not contents or len(contents) > 64 or contents[-1] & 0x80:
        return False
    starts = [0, *(place + 1 for place, octet in enumerate(contents[:-1]) if not octet & 0x80)]
    return all(contents[start] != 0x80 for start in starts)
