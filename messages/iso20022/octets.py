"""From a stream of octets to checked pieces that a parser may see (报文字节流检查与切分).

Refused here, before any XML parser is asked: other encodings than UTF-8, octets that are no UTF-8, characters
outside XML 1.0, document type declarations (and with them every entity and every external reference), and more
than the allowed size. Pieces end right after a record's closing tag where there is one within reach, else after
some ``>``; both are ASCII, so that a piece is always whole characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from messages.iso20022.unreadable import Unreadable

PIECE_BYTES: Final = 4 * 1024 * 1024
REACH_BYTES: Final = 2 * PIECE_BYTES
"""No single text or tag is anywhere near as long as this."""

_FORBIDDEN: Final = re.compile(rb"<!\s*(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_DECLARED: Final = re.compile(rb"""\A<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"'<>]*)["']""")
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NONCHARACTERS: Final = ("\ufffe".encode(), "\uffff".encode())
_BOM: Final = b"\xef\xbb\xbf"
_ENCODINGS: Final = frozenset({b"utf-8", b"utf8", b"us-ascii"})


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive octets of a message: valid UTF-8, only characters of XML 1.0, no DOCTYPE."""

    data: bytes
    line: int  # 1-based line on which it begins
    lines: int  # line feeds in it
    ends_record: bool  # cut after a closing tag of the record element

    def split(self, at: int) -> tuple[Piece, Piece]:
        """The piece in two, before and from octet ``at``, where a character begins."""
        head, tail = self.data[:at], self.data[at:]
        lines = head.count(b"\n")
        first = Piece(head, self.line, lines, False)
        return first, Piece(tail, self.line + lines, self.lines - lines, self.ends_record)

    def holds(self, octets: bytes, rare: bytes) -> bool:
        """Whether ``octets`` stand in it; ``rare`` is the one of them worth looking for first."""
        return rare in self.data and octets in self.data


def pieces(chunks: Iterable[bytes], record: str, max_bytes: int) -> Iterator[Piece]:
    """The message in pieces of about ``PIECE_BYTES``, cut after ``</record>`` where possible.

    Raises Unreadable with the line. Nothing is yielded for an empty message, which is refused.
    """
    closing = re.compile(rb"</(?:[A-Za-z_][A-Za-z0-9_.-]*:)?" + record.encode() + rb"\s*>")
    line, first, pending = 1, True, bytearray()
    for last, octets in _with_last(_bounded(chunks, max_bytes)):
        pending += octets
        if first and pending and (last or len(pending) >= 1024):
            del pending[: _check_start(bytes(pending[:1024]))]
            first = False
        while len(pending) >= PIECE_BYTES or (last and pending):
            cut, ends_record = _cut(pending, closing, last=last)
            if not cut:
                if len(pending) >= REACH_BYTES:
                    raise Unreadable(f"{REACH_BYTES} octets without any markup: no such text exists", line=line)
                break
            data = bytes(memoryview(pending)[:cut])
            del pending[:cut]
            lines = _check(data, line)
            yield Piece(data, line, lines, ends_record)
            line += lines
    if first:
        raise Unreadable("the message is empty", line=1)


def _bounded(chunks: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > max_bytes:
            raise Unreadable(f"the message is larger than the {max_bytes} octets allowed")
        for start in range(0, len(chunk), PIECE_BYTES):
            yield chunk[start : start + PIECE_BYTES]


def _with_last(chunks: Iterator[bytes]) -> Iterator[tuple[bool, bytes]]:
    for chunk in chunks:
        yield False, chunk
    yield True, b""


def _check_start(start: bytes) -> int:
    """How many octets a byte order mark takes; refuses what is not UTF-8 by its own word."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")) or b"\x00" in start[:4]:
        raise Unreadable("the message is not UTF-8: it begins as UTF-16 or UTF-32", line=1)
    skip = len(_BOM) if start.startswith(_BOM) else 0
    declared = _DECLARED.match(start[skip:])
    if declared and declared[1].lower() not in _ENCODINGS:
        raise Unreadable("the message declares another encoding than UTF-8", line=1)
    return skip


def _cut(pending: bytearray, closing: re.Pattern[bytes], *, last: bool) -> tuple[int, bool]:
    """Where to cut, and whether a record ends there; 0 when it must wait for more."""
    position = len(pending)
    for _ in range(64):  # the last record's end is nearly always within a record's tags of the end
        position = pending.rfind(b"</", 0, position)
        if position < 0:
            break
        if found := closing.match(pending, position):
            return found.end(), True
    return _cut_far(pending, closing, last=last)


def _cut_far(pending: bytearray, closing: re.Pattern[bytes], *, last: bool) -> tuple[int, bool]:
    ends = [found.end() for found in closing.finditer(pending)]
    if ends:
        return ends[-1], True
    if last:
        return len(pending), False
    return (pending.rfind(b">") + 1 if len(pending) >= REACH_BYTES else 0), False


def _check(data: bytes, line: int) -> int:
    """The line feeds of ``data``, which begins on ``line``; raises Unreadable with the line of a fault."""
    if b"!" in data and (forbidden := _FORBIDDEN.search(data)):
        at = line + data.count(b"\n", 0, forbidden.start())
        raise Unreadable("a document type or entity declaration: refused unread", line=at)
    try:  # as strict as Python's own decoding, at several gigabytes a second and without making a string
        pl.Series([data], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        raise Unreadable("octets that are not UTF-8", line=line + _lines_before_undecodable(data)) from None
    lines = data.count(b"\n")
    controls = int(np.count_nonzero(np.frombuffer(data, dtype=np.uint8) < 0x20))
    if controls != lines or (b"\xef" in data and any(code in data for code in _NONCHARACTERS)):
        _refuse_illegal(data.decode("utf-8"), line)
    return lines


def _lines_before_undecodable(data: bytes) -> int:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as fault:
        return data.count(b"\n", 0, fault.start)
    return 0


def _refuse_illegal(text: str, line: int) -> None:
    if found := _ILLEGAL.search(text):
        raise Unreadable("a character that XML 1.0 does not allow", line=line + text.count("\n", 0, found.start()))
