"""Lines of a delimited file in and out of columns of words (分隔符行): decoded text is split, octets never are.

The second octet of a GBK or GB18030 character may be the delimiter's (``|`` is 0x7C); no octet of a character
is ever LF. A block of lines is split all at once; one that is not as it should be is gone through line by line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NoReturn

import numpy as np
import polars as pl

from messages.layout.delimited_quotes import SPLIT, unquoted
from messages.layout.errors import LayoutError
from messages.layout.model import Delimited, Record

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_CR, _LF = 0x0D, 0x0A
_NEVER_IN_A_FIELD: Final = (*range(0x20), 0x7F)


def count_controls(octets: bytes) -> int:
    """How many octets are control characters, DEL among them."""
    view = np.frombuffer(octets, dtype=np.uint8)
    return int(np.count_nonzero(view < 0x20)) + count_sign(octets, "\x7f")


def count_sign(octets: bytes, sign: str) -> int:
    """How often an ASCII sign stands in UTF-8; where there are many, this is quicker than ``bytes.count``."""
    return int(np.count_nonzero(np.frombuffer(octets, dtype=np.uint8) == ord(sign)))


def _count_ends(octets: bytes, end: str) -> int | None:
    """How many lines there are; None if they do not all end the same."""
    view = np.frombuffer(octets, dtype=np.uint8)
    ends = np.flatnonzero(view == _LF)
    alike = len(end) == 1 or bool((view[ends - 1] == _CR).all() and ends[:1].all())
    return len(ends) if alike else None


@dataclass(frozen=True, slots=True)
class LineForm:
    """How the lines of one record stand in a file."""

    rule: Delimited
    record: Record
    encoding: str

    @property
    def end(self) -> str:
        """What every line ends with."""
        return "\r\n" if self.rule.line_end == "CRLF" else "\n"

    @property
    def tail(self) -> str:
        """What stands between the last field and the end of the line."""
        return self.rule.delimiter if self.rule.ends_with_delimiter else ""

    @property
    def delimiters(self) -> int:
        """How many delimiters each line has."""
        return len(self.record) - 1 + self.rule.ends_with_delimiter

    @property
    def controls(self) -> int:
        """How many control characters each line has."""
        return len(self.end) + self.delimiters * count_controls(self.rule.delimiter.encode())

    def encode(self, lines: bytes) -> bytes:
        """Lines (UTF-8) in the bank's encoding; raises UnicodeEncodeError."""
        return lines if lines.isascii() or self.encoding == "utf-8" else lines.decode().encode(self.encoding)

    def split(self, octets: bytes, first_line: int) -> pl.DataFrame:
        """Columns of words ("0", "1" ...; null where empty) of whole lines; raises LayoutError with line and field."""
        rows = _count_ends(octets, self.end)
        text = self._utf8(octets, rows) if rows else None
        words = self._table(text, rows or 0) if text is not None else None
        return words if words is not None else self._one_by_one(octets, first_line)

    def _utf8(self, octets: bytes, rows: int) -> bytes | None:
        """The lines in UTF-8; None if anything about their octets is not as it should be."""
        if count_controls(octets) != rows * self.controls:
            return None
        try:
            text = "" if octets.isascii() else octets.decode(self.encoding)
        except UnicodeDecodeError:
            return None
        return octets if not text or self.encoding == "utf-8" else text.encode()

    def _table(self, text: bytes, rows: int) -> pl.DataFrame | None:
        """The lines split; None if they do not all have their fields."""
        split, quote = self.rule.delimiter, self.rule.quote
        if self.tail:
            ends = (self.tail + self.end).encode()
            if text.count(ends) != rows:
                return None
            text = text.replace(ends, b"\n")
        if len(split) > 1 or (quote is not None and quote.encode() in text):
            marked = unquoted(text.decode(), self.rule)
            if marked is None:
                return None
            text, split = marked.encode(), SPLIT
        return self._columns(text, split, rows)

    def _columns(self, text: bytes, split: str, rows: int) -> pl.DataFrame | None:
        names = [str(column) for column in range(len(self.record))]
        if len(names) == 1:  # which has empty lines where it is blank: a reader of CSV passes them over
            return None
        if count_sign(text, split) != rows * (len(names) - 1) or text.startswith(_BYTE_ORDER_MARK):
            return None
        try:
            table = pl.read_csv(
                text,
                has_header=False,
                separator=split,
                quote_char=None,
                schema=dict.fromkeys(names, pl.String),
            )
        except pl.exceptions.PolarsError:
            return None
        return table if table.height == rows else None

    def _one_by_one(self, octets: bytes, first_line: int) -> pl.DataFrame:
        """The same, a line at a time: what a block with a fault is read with, to say where it is."""
        lines = octets.split(b"\n")
        if lines.pop():
            raise LayoutError("the last line does not end", line=first_line + len(lines))
        rows = [self.fields(line + b"\n", first_line + number) for number, line in enumerate(lines)]
        names = [str(column) for column in range(len(self.record))]
        return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")

    def fields(self, octets: bytes, line: int) -> list[str | None]:
        """The words of one line with its end, None where empty; raises LayoutError."""
        end = self.end.encode()
        if not octets.endswith(end):
            raise LayoutError(f"does not end with {self.rule.line_end}", line=line)
        try:
            text = octets[: -len(end)].decode(self.encoding)
        except UnicodeDecodeError as fault:
            before = octets[: fault.start].decode(self.encoding, errors="replace")
            self._refuse(f"is not {self.encoding.upper()}", before.count(self.rule.delimiter), line)
        if self.tail and not text.endswith(self.tail):
            raise LayoutError("does not end with the delimiter", line=line)
        words = self._words(text.removesuffix(self.tail), line)
        if len(words) != len(self.record):
            raise LayoutError(f"has {len(words)} fields, not {len(self.record)}", line=line)
        for column, word in enumerate(words):
            if any(ord(letter) in _NEVER_IN_A_FIELD for letter in word):
                self._refuse("holds a control character", column, line)
        return [word or None for word in words]

    def _words(self, text: str, line: int) -> list[str]:
        words: list[str] = []
        place = 0
        while True:
            if self.rule.quote is not None and text.startswith(self.rule.quote, place):
                word, place = self._quoted(text, place + 1, len(words), line)
            else:
                found = text.find(self.rule.delimiter, place)
                stop = len(text) if found < 0 else found
                word, place = text[place:stop], stop
                if self.rule.quote is not None and self.rule.quote in word:
                    self._refuse("holds a quote, and does not begin with one", len(words), line)
            words.append(word)
            if place == len(text):
                return words
            place += len(self.rule.delimiter)

    def _quoted(self, text: str, start: int, column: int, line: int) -> tuple[str, int]:
        """The word that begins at ``start``, behind its quote, and where what follows it begins."""
        quote = self.rule.quote or ""
        word, place = "", start
        while (found := text.find(quote, place)) >= 0:
            word, place = word + text[place:found], found + 1
            if not text.startswith(quote, place):
                break
            word, place = word + quote, place + 1
        else:
            self._refuse("has a quote that is not closed", column, line)
        if place < len(text) and not text.startswith(self.rule.delimiter, place):
            self._refuse("goes on behind its closing quote", column, line)
        return word, place

    def _refuse(self, what: str, column: int, line: int) -> NoReturn:
        field = self.record[min(column, len(self.record) - 1)]
        raise LayoutError(what, line=line, field=field.name, clause=field.clause)
