"""Fixed-width records a field at a time (逐域截取): how they are usually read. Measured against, never used."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.profile import BankProfile
from messages.layout.vocabulary import MessageName

Slices = list[tuple[str, slice]]


def sliced_record(profile: BankProfile) -> Slices:
    """Name and place of each field of the result's details."""
    assert profile.record_layout is not None  # noqa: S101 - the reader puts it there
    slices, start = [], 0
    for line in profile.record_layout.messages[MessageName.RESULT].detail:
        slices.append((line.name, slice(start, start + line.width)))
        start += line.width
    return slices


def parse_by_field(record: Slices, lines: Iterable[bytes], encoding: str) -> list[dict[str, str]]:
    """One dictionary a record, every field sliced, decoded and stripped."""
    return [{name: line[place].decode(encoding).rstrip() for name, place in record} for line in lines]
