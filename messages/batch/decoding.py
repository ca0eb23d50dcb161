"""From octets to lines of text (解码): UTF-8 or GB18030, with or without byte order mark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl
from polars.exceptions import ComputeError

from messages.batch.codes import Code
from messages.batch.findings import Finding
from messages.batch.line_blocks import LineBlock, blanked
from messages.batch.unreadable import ContentCode, UnreadableContent

Charset = Literal["utf-8", "gb18030"]

_UTF8_MARK: Final = b"\xef\xbb\xbf"
_GB18030_MARK: Final = b"\x84\x31\x95\x33"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Lines:
    """A block as text: one string a physical line, without its line end; ``body`` is the same in UTF-8."""

    first_line: int
    text: pl.Series
    body: bytes
    refused: list[Finding]


def decoded(blocks: Iterable[LineBlock], charset: Charset) -> Iterator[Lines]:
    """Each block as text; a line that does not decode is refused alone (LINE_ENCODING).

    Raises UnreadableContent when the byte order mark contradicts ``charset``.
    """
    for number, block in enumerate(blocks):
        yield _decode(_without_mark(block, charset) if number == 0 else block, charset)


def _decode(block: LineBlock, charset: Charset) -> Lines:
    try:
        return _lines(block, charset)
    except (UnicodeError, ComputeError):
        return _lines(blanked(block, _undecodable(block.body, charset)), charset)


def _lines(block: LineBlock, charset: Charset) -> Lines:
    # polars itself refuses octets that are not UTF-8, so UTF-8 is not decoded twice
    body = block.body if charset == "utf-8" else block.body.decode(charset).encode()
    text = pl.read_lines(body).to_series() if body else pl.Series(dtype=pl.String)
    return Lines(block.first_line, text, body, block.refused)


def _undecodable(body: bytes, charset: Charset) -> dict[int, Code]:
    bad = {}
    for position, line in enumerate(body.split(b"\n")):
        try:
            line.decode(charset).encode()  # GB18030 has octets for lone surrogates, UTF-8 has none
        except UnicodeError:
            bad[position] = Code.LINE_ENCODING
    return bad


def _without_mark(block: LineBlock, charset: Charset) -> LineBlock:
    body, own = block.body, _UTF8_MARK if charset == "utf-8" else _GB18030_MARK
    if body.startswith(_UTF16_MARKS):
        raise UnreadableContent(
            ContentCode.UTF16,
            "文件是 UTF-16 编码；请另存为 UTF-8 或 GB18030 后重新提交。",
            "the content is UTF-16: save it as UTF-8 or GB18030 and submit it again",
        )
    if body.startswith(_UTF8_MARK if charset == "gb18030" else _GB18030_MARK):
        raise UnreadableContent(
            ContentCode.CHARSET_MISMATCH,
            "文件开头的字节序标记与声明的字符集不符；请更正提交时声明的字符集。",
            "the byte order mark contradicts the declared character set: declare the one that the file has",
        )
    return LineBlock(block.first_line, block.lines, body.removeprefix(own), block.refused)
