"""Reading submitted content into columns (读取批次明细): a stream of octets in, blocks of items and findings out.

Nearly every line has the expected shape; those are parsed by column, a block at once. Any other line is read alone
and exactly, so that one bad line costs neither the others' place nor their speed. Both ways give the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

from messages.batch.columns import ITEM_SCHEMA, MOST_ITEMS
from messages.batch.content_type import ContentType, LineKind, parse_content_type
from messages.batch.decoding import Lines, decoded
from messages.batch.delimited_header import read_header
from messages.batch.delimited_lines import DelimitedLines
from messages.batch.findings import Finding, frame_of, gathered
from messages.batch.line_blocks import line_blocks
from messages.batch.line_reader import ItemRow, LineReader
from messages.batch.ndjson_lines import NdjsonLines
from messages.batch.unreadable import ContentCode, UnreadableContent

__all__ = ["MOST_ITEMS", "ContentType", "ReadBlock", "UnreadableContent", "parse_content_type", "read_items"]

_DELIMITERS: Final = {LineKind.CSV: ",", LineKind.TSV: "\t"}
_LINE_NO: Final = pl.UInt32()


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """Consecutive lines of the content, read."""

    items: pl.DataFrame  # ITEM_SCHEMA and line_no, of the lines that could be read, in order
    findings: pl.DataFrame  # REJECTION_SCHEMA, about the lines that could not
    lines: int  # lines that are not blank: those of ``items`` and those refused


def read_items(chunks: Iterable[bytes], content_type: ContentType, *, most: int = MOST_ITEMS) -> Iterator[ReadBlock]:
    """Blocks of about 8 MB of content, in bounded memory whatever ``chunks`` holds.

    Raises UnreadableContent when the content as a whole cannot be read; blocks before that have been yielded.
    """
    blocks = decoded(line_blocks(chunks), content_type.charset)
    total = 0
    for lines, reader in _with_reader(blocks, content_type.kind):
        block = _read(lines, reader)
        total += block.lines
        if total > most:
            raise UnreadableContent(
                ContentCode.TOO_MANY_ITEMS,
                f"明细超过 {most} 条；请拆分为多个批次提交。",
                f"the content has more than {most} items: split it into several batches",
            )
        yield block


def _with_reader(blocks: Iterator[Lines], kind: LineKind) -> Iterator[tuple[Lines, LineReader]]:
    if kind is LineKind.NDJSON:
        ndjson = NdjsonLines()
        yield from ((lines, ndjson) for lines in blocks)
        return
    for lines in blocks:
        place = _first_filled(lines)
        before = len(lines.text) if place is None else place
        if any(finding.line_no <= lines.first_line + before for finding in lines.refused):
            break  # the header row itself may be what could not be decoded
        if place is None:
            continue
        reader = DelimitedLines(read_header(lines.text[place], _DELIMITERS[kind]), _DELIMITERS[kind])
        yield from ((part, reader) for part in chain([_behind(lines, place)], blocks))
        return
    raise UnreadableContent(
        ContentCode.EMPTY_CONTENT,
        "文件没有可读的表头（文件为空，或第一行的字符集与声明不符）；请核对后重新提交。",
        "the content has no readable header row (it is empty, or not of the declared character set): "
        "check it and submit it again",
    )


def _first_filled(lines: Lines) -> int | None:
    for place, line in enumerate(lines.text):
        if not _is_blank(line):
            return place
    return None


def _behind(lines: Lines, place: int) -> Lines:
    """The lines behind the one at ``place``."""
    at = 0
    for _ in range(place + 1):
        at = lines.body.find(b"\n", at) + 1 or len(lines.body)
    return Lines(lines.first_line + place + 1, lines.text[place + 1 :], lines.body[at:], lines.refused)


def _read(lines: Lines, reader: LineReader) -> ReadBlock:
    fits = reader.fitting(lines.text).to_numpy() if len(lines.text) else np.zeros(0, dtype=np.bool_)
    try:
        fast = _parse(lines, fits, reader)
    except PolarsError:  # not expected; the exact reading needs no fast one
        fits = np.zeros(len(fits), dtype=np.bool_)
        fast = _parse(lines, fits, reader)
    exact, findings = _parse_rest(lines, np.flatnonzero(~fits), reader)
    raw = pl.concat([fast, exact]).sort("line_no") if exact.height else fast
    items, amounts = reader.finished(raw)
    refused = frame_of([*lines.refused, *findings])
    found = gathered([refused] if amounts is None else [refused, amounts])
    return ReadBlock(items.select(*ITEM_SCHEMA, "line_no"), found, items.height + found["line_no"].n_unique())


def _parse(lines: Lines, fits: np.ndarray[tuple[int], np.dtype[np.bool_]], reader: LineReader) -> pl.DataFrame:
    """The fitting lines, by column; raises PolarsError when they turn out otherwise."""
    places = np.flatnonzero(fits)
    if places.size == 0:
        return _numbered(reader.items([]), places, lines.first_line)
    all_fit = places.size == len(fits)
    body = lines.body if all_fit else lines.text.filter(pl.Series(fits)).str.join("\n").item().encode()
    return _numbered(reader.parse(body), places, lines.first_line)


def _numbered(items: pl.DataFrame, places: np.ndarray[tuple[int], np.dtype[np.intp]], first: int) -> pl.DataFrame:
    if items.height != places.size:
        raise PolarsError("rows and lines differ in number")
    return items.with_columns(pl.Series("line_no", places + first, dtype=_LINE_NO))


def _parse_rest(
    lines: Lines, places: np.ndarray[tuple[int], np.dtype[np.intp]], reader: LineReader
) -> tuple[pl.DataFrame, list[Finding]]:
    rows: list[ItemRow] = []
    read: list[int] = []
    findings: list[Finding] = []
    for place, line in zip(places.tolist(), lines.text.gather(places), strict=True):
        if _is_blank(line):
            continue
        answer = reader.parse_one(lines.first_line + place, line)
        if isinstance(answer, list):
            findings += answer
        else:
            rows.append(answer)
            read.append(place)
    return _numbered(reader.items(rows), np.array(read, dtype=np.intp), lines.first_line), findings


def _is_blank(line: str) -> bool:
    return not line.strip(" \r")
