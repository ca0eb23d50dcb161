"""Writing the lines of one delimited record (分隔符行写出): all words joined and encoded at once.

Whether all words are as they must be is told by a few numbers about the whole block; only where they do not tell
is each word looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from messages.layout.delimited_fields import DelimitedField, of_repertoires, probes, too_long
from messages.layout.delimited_lines import LineForm, count_controls, count_sign
from messages.layout.errors import Finding


class LineWriter:
    """Columns of values to lines of words."""

    def __init__(self, form: LineForm, fields: list[DelimitedField]):
        self._form: Final = form
        self._rule: Final = form.rule
        self._fields: Final = fields

    def write(self, block: pl.DataFrame) -> tuple[bytes, list[Finding]]:
        """See Codec."""
        if not block.height:
            return b"", []
        present = [field for field in self._fields if field.source in block.columns]
        words = block.select(field.cells.words(pl.col(field.source)).alias(field.name) for field in present)
        joined = words.select(self._lines(words, quoting=False), *probes(present)).row(0, named=True)
        if self._sound(joined, words, present):
            octets = self._encoded(joined["lines"], words)
            if octets is not None:
                return octets, []
        findings = [finding for field in present for finding in self._faults(field, words[field.name])]
        return (b"", findings) if findings else (self._form.encode(self._quoted_lines(words)), [])

    def _lines(self, words: pl.DataFrame, *, quoting: bool) -> pl.Expr:
        """All lines in one text (UTF-8)."""
        parts = []
        for number, line in enumerate(self._form.record):
            word = pl.col(str(number)) if str(number) in words.columns else pl.lit(line.value or "")
            parts.append(self._quoted(word) if quoting else word)
        between = self._form.tail + self._form.end
        rows = pl.concat_str(*parts, separator=self._rule.delimiter).str.join(between)
        return pl.concat_str(rows, pl.lit(between)).cast(pl.Binary).alias("lines")

    def _quoted_lines(self, words: pl.DataFrame) -> bytes:
        lines: bytes = words.select(self._lines(words, quoting=True)).item()
        return lines

    def _quoted(self, word: pl.Expr) -> pl.Expr:
        """The word in quotes, where it would not be read as one word without them."""
        quote, delimiter = self._rule.quote, self._rule.delimiter
        if quote is None:
            return word
        cut_early = pl.concat_str(word, pl.lit(delimiter)).str.find(delimiter, literal=True) != word.str.len_bytes()
        doubled = word.str.replace_all(quote, quote * 2, literal=True)
        needed = cut_early | word.str.contains(quote, literal=True)
        return pl.when(needed).then(pl.concat_str(pl.lit(quote), doubled, pl.lit(quote))).otherwise(word)

    def _sound(self, joined: dict[str, Any], words: pl.DataFrame, present: list[DelimitedField]) -> bool:
        """Whether every word is what its field may hold, but for delimiters, quotes and the encoding."""
        if count_controls(joined["lines"]) != words.height * self._form.controls:
            return False
        if any(not joined[f"shortest {field.name}"] and field.cells.null_means for field in present):
            return False
        return of_repertoires(joined) and not too_long(joined, words, present)

    def _encoded(self, lines: bytes, words: pl.DataFrame) -> bytes | None:
        """The lines in the bank's encoding; None if some word cannot be in them."""
        sign = self._rule.delimiter[0]
        split = count_sign(lines, sign) == words.height * self._form.delimiters * self._rule.delimiter.count(sign)
        if not split or (self._rule.quote is not None and self._rule.quote.encode() in lines):
            if self._rule.quote is None:
                return None
            lines = self._quoted_lines(words)
        try:
            return self._form.encode(lines)
        except UnicodeEncodeError:
            return None

    def _faults(self, field: DelimitedField, words: pl.Series) -> Iterator[Finding]:
        for row, word in enumerate(words):
            why = field.cells.why_not(word) or self._separates(word)
            if why is not None:
                yield Finding(row, field.source, why)

    def _separates(self, word: str) -> str | None:
        """A word, or its end and the beginning of the delimiter behind it, that would be read as two."""
        if self._rule.quote is not None or (word + self._rule.delimiter).find(self._rule.delimiter) == len(word):
            return None
        return f"holds the delimiter {self._rule.delimiter}, and the document has no quotes"
