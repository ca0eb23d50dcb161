"""What a compiled layout message is, whatever its form (编译后的报文格式): columns to bytes, bytes to columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from typing import Final, Protocol, TypeAlias

import polars as pl

from messages.layout.errors import Finding
from messages.layout.model import Form, Layout
from messages.layout.vocabulary import MessageName

HeadValue: TypeAlias = str | int | date | time | None
"""A datetime is a date; one without a zone is China Standard Time."""
Head: TypeAlias = Mapping[str, HeadValue]
CHUNK_OCTETS: Final = 500_000


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A whole file: header values, details as blocks of columns named by source, trailer values."""

    head: dict[str, HeadValue]
    blocks: tuple[pl.DataFrame, ...]
    trailer: dict[str, HeadValue]


class LayoutFile(Protocol):
    """One message of one layout in one encoding. Counts, totals, sequences and checksums are written and verified."""

    def most_rows(self, octets: int) -> int:
        """How many details a file of at most ``octets`` can have, and count, in its own fields."""

    def check(self, block: pl.DataFrame) -> list[Finding]:
        """Values of ``block`` that the details cannot carry; columns that it does not have are not judged."""

    def check_head(self, head: Head) -> list[Finding]:
        """Values of ``head`` that header and trailer cannot carry; row is 0."""

    def build(self, head: Head, blocks: Iterable[pl.DataFrame]) -> Iterator[bytes]:
        """The file in chunks of some hundred kB.

        ``head`` has the header's sources and ``rows`` and ``total_fen``, which the blocks must add up
        to: else ValueError, after the last chunk. Raises CannotWrite with the findings of a block, rows
        counted from the first row of all blocks.
        """

    def parse(self, chunks: Iterable[bytes]) -> ParsedFile:
        """The whole file, every octet of it accounted for; raises LayoutError."""

    def matches(self, content: bytes) -> bool:
        """Whether ``content`` begins like this message: the header's shape and all its constants. Never raises."""


@lru_cache(maxsize=256)
def compiled(layout: Layout, name: MessageName, encoding: str) -> LayoutFile:
    """The compiled message of ``layout``; raises KeyError where the layout does not have it."""
    once = name is MessageName.INSTRUCTION
    if layout.form is Form.FIXED_WIDTH:
        from messages.layout.fixed_width import FixedWidthFile

        return FixedWidthFile(layout, name, encoding, once=once)
    if layout.form is Form.DELIMITED:
        from messages.layout.delimited import DelimitedFile

        return DelimitedFile(layout, name, encoding, once=once)
    from messages.layout.record_xml import RecordXmlFile

    return RecordXmlFile(layout, name, encoding, once=once)
