"""Columns of words in and out of octet matrices (定长域的成列读写): one encode and one decode a column.

A record block is a matrix of octets, a row a record; a field is a slice of its columns. In GB18030,
GBK and UTF-8 no octet below 0x30 is ever the tail of a character, so LF separates and blanks pad safely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from messages.layout.errors import CellsRefused

Octets: TypeAlias = npt.NDArray[np.uint8]
Rows: TypeAlias = npt.NDArray[np.int64]
BLANK: Final = 0x20
SEPARATOR: Final = "\n"
_LF: Final = 0x0A


@dataclass(frozen=True, slots=True)
class Encoded:
    """A column's words in one buffer, each followed by a separator."""

    buffer: Octets
    starts: Rows
    lengths: Rows


def encode(text: bytes, encoding: str) -> Encoded:
    """Words joined by separators, UTF-8, encoded at once; raises UnicodeEncodeError where one cannot be."""
    if not text.isascii():  # ASCII is the same in every encoding that a bank writes
        text = text.decode().encode(encoding)
    buffer = np.frombuffer(text + b"\n", dtype=np.uint8)
    ends = np.flatnonzero(buffer == _LF)
    starts = np.empty_like(ends)
    starts[0] = 0
    starts[1:] = ends[:-1] + 1
    return Encoded(buffer, starts, ends - starts)


def place(out: Octets, words: Encoded, *, right: bool = False) -> None:
    """Lay each word into its row of ``out`` (rows x octets), which is blank and wide enough."""
    rows, octets = out.shape
    longest = int(words.lengths.max())
    if longest == 0:
        return
    if longest == int(words.lengths.min()):
        cells = words.buffer.reshape(rows, longest + 1)[:, :longest]
    else:
        cells = _scattered(words, longest, right=right)
    out[:, octets - longest if right else 0 :][:, :longest] = cells


def _scattered(words: Encoded, longest: int, *, right: bool) -> Octets:
    rows = len(words.starts)
    cells = np.full((rows, longest), BLANK, dtype=np.uint8)
    first = np.arange(rows) * longest
    if right:
        first += longest - words.lengths
    target = np.arange(len(words.buffer)) + np.repeat(first - words.starts, words.lengths + 1)
    kept = words.buffer != _LF
    cells.reshape(-1)[target[kept]] = words.buffer[kept]
    return cells


def decode(cells: Octets, encoding: str) -> str | None:
    """The words of a field (rows x octets) joined by separators, still padded; None where all are blank."""
    used = np.flatnonzero((cells != BLANK).any(axis=0))
    if used.size == 0:
        return None
    cells = cells[:, used[0] : used[-1] + 1]
    octets = _lines(cells)
    try:
        return octets.decode("ascii" if octets.isascii() else encoding)[:-1]
    except UnicodeDecodeError:
        raise CellsRefused(_undecodable(cells, encoding), f"is not {encoding.upper()}") from None


def lines_of(cells: Octets) -> pl.Series:
    """The words of a field that is ASCII without any blank, a String each."""
    return pl.read_lines(_lines(cells)).to_series()


def _lines(cells: Octets) -> bytes:
    lines = np.empty((cells.shape[0], cells.shape[1] + 1), dtype=np.uint8)
    lines[:, :-1] = cells
    lines[:, -1] = _LF
    return lines.tobytes()


def _undecodable(cells: Octets, encoding: str) -> int:
    for row, octets in enumerate(cells):
        try:
            octets.tobytes().decode(encoding)
        except UnicodeDecodeError:
            return row
    return 0


def first_row(mask: npt.NDArray[np.bool_]) -> int | None:
    """The first row that is marked, or None; ``mask`` has one or two axes, rows first."""
    if not mask.any():
        return None
    rows = mask if mask.ndim == 1 else mask.any(axis=1)
    return int(rows.argmax())
