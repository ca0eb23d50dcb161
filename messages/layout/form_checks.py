"""What each form of a layout asks for (三种报文形式各自的要求), with the key that does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from messages.layout.checksums import HEX_DIGITS, available
from messages.layout.model import Delimited, FieldLine, Form, Kind, Layout, Message, Pad
from messages.layout.positions import Key
from messages.layout.xml_paths import PathRefused, templates

_IN_NUMBERS_AND_DATES: Final = frozenset("0123456789.-/: ")
_EXACT: Final = frozenset({Kind.CONSTANT, Kind.DATE, Kind.TIME, Kind.MOMENT})


class Misfit(NamedTuple):
    """Where, what, and what to do."""

    key: Key
    what: str
    remedy: str


def misfits(layout: Layout) -> Iterator[Misfit]:
    """Everything in ``layout`` that its form does not know or lacks."""
    yield from _layout_keys(layout)
    for name, message in layout.messages.items():
        at: Key = ("messages", name.value)
        yield from _message_keys(layout, message, at)
        for part, record in (("header", message.header), ("detail", message.detail), ("trailer", message.trailer)):
            for index, line in enumerate(record):
                for key, what, remedy in _line_misfits(layout, line):
                    yield Misfit((*at, part, index, *key), what, remedy)


def _layout_keys(layout: Layout) -> Iterator[Misfit]:
    if layout.delimited is not None and layout.form is not Form.DELIMITED:
        yield Misfit(("delimited",), f"does not go with form {layout.form}", "remove it")
    if layout.namespaces and layout.form is not Form.RECORD_XML:
        yield Misfit(("namespaces",), f"do not go with form {layout.form}", "remove them")
    if layout.delimited is not None:
        yield from _separators(layout.delimited.delimiter, layout.delimited.quote)


def _separators(delimiter: str, quote: str | None) -> Iterator[Misfit]:
    for key, sign in (("delimiter", delimiter), ("quote", quote or '"')):
        here: Key = ("delimited", key)
        if not sign.isascii() or any(octet in sign for octet in "\0\r\n\x1f\x7f"):
            yield Misfit(here, "is not ASCII, or ends a line", "choose a printable sign or a tab")
        elif any(letter.isalpha() for letter in sign) or set(sign) <= _IN_NUMBERS_AND_DATES:
            yield Misfit(here, "could stand in a number, a date or a word", "choose a sign such as |")
    if quote is not None and quote in delimiter:
        yield Misfit(("delimited", "quote"), "is a part of the delimiter", "choose another")


def _message_keys(layout: Layout, message: Message, at: Key) -> Iterator[Misfit]:
    form = layout.form
    if form is Form.RECORD_XML:
        if message.root is None:
            yield Misfit((*at, "root"), "is missing: the document element", "add it")
        if (message.rows is not None) != bool(message.detail):
            yield Misfit((*at, "rows"), "goes with details, and details with it", "give both or neither")
        yield from _path_misfits(layout, message, at)
        return
    for key in ("root", "rows"):
        if getattr(message, key) is not None:
            yield Misfit((*at, key), f"does not go with form {form}", "remove it")


def _path_misfits(layout: Layout, message: Message, at: Key) -> Iterator[Misfit]:
    """Paths that make no document: found now, not when the first message is written."""
    if message.root is None or any(line.path is None and line.kind is not Kind.FILLER for line in _lines(message)):
        return  # said already
    try:
        templates(message, dict(layout.namespaces))
    except PathRefused as refused:
        place: Key = (refused.part,) if refused.number is None else (refused.part, refused.number, "path")
        yield Misfit((*at, *place), refused.what, "compare the paths with the document's example")


def _lines(message: Message) -> tuple[FieldLine, ...]:
    return (*message.header, *message.detail, *message.trailer)


def _line_misfits(layout: Layout, line: FieldLine) -> Iterator[Misfit]:
    if line.checksum is not None and not available(line.checksum):
        yield Misfit(("checksum",), f"{line.checksum} is not in this Python's OpenSSL", "use an OpenSSL that has it")
    if layout.form is Form.FIXED_WIDTH:
        yield from _fixed_width(line)
    else:
        yield from _unpadded(line)
    if layout.form is Form.RECORD_XML:
        yield from _record_xml(line)
    elif line.path is not None:
        yield Misfit(("path",), f"does not go with form {layout.form}", "remove it")
    if layout.form is Form.DELIMITED:
        yield from _delimited(layout, line)


def _fixed_width(line: FieldLine) -> Iterator[Misfit]:
    if line.octets is None:
        yield Misfit(("octets",), "is missing: every field of a fixed-width record has its width", "add it")
        return
    length = HEX_DIGITS[line.checksum] if line.checksum else len(line.written or "")
    if (line.kind in _EXACT or line.checksum) and length != line.octets:
        yield Misfit(("octets",), f"what the field holds is not exactly {line.octets} octets", "correct one of them")
    if any(len(raw) != line.octets for raw, _ in line.values):
        yield Misfit(
            ("values",),
            f"every code is exactly {line.octets} printable ASCII octets",
            "write them as the document does",
        )


def _unpadded(line: FieldLine) -> Iterator[Misfit]:
    """Where nothing is padded ``octets`` is the most that a field may have."""
    if line.align is not None or line.pad is Pad.BLANK:
        yield Misfit(("align" if line.align else "pad",), "goes with fixed width only: nothing is padded", "remove it")
    if line.pad is Pad.ZERO and line.octets is None:
        yield Misfit(("octets",), "is missing: how many digits zeros fill up to", "add it")
    if line.octets is None:
        return
    longest = max((len(raw) for raw, _ in line.values), default=len(line.written or ""))
    if max(longest, HEX_DIGITS[line.checksum] if line.checksum else 0) > line.octets:
        yield Misfit(("octets",), f"what the field holds is more than {line.octets} octets", "correct one of them")


def _delimited(layout: Layout, line: FieldLine) -> Iterator[Misfit]:
    rule = layout.delimited or Delimited()
    if rule.quote is not None:
        return
    held = [line.value or "", line.written or "", *(raw for raw, _ in line.values)]
    if any(rule.delimiter in text for text in held):
        yield Misfit(("value",) if line.value else ("values",), "holds the delimiter", "give the document's quote")


def _record_xml(line: FieldLine) -> Iterator[Misfit]:
    if line.path is None and line.kind is not Kind.FILLER:
        yield Misfit(("path",), "is missing: the element or attribute that holds it", "add it")
    if line.kind is Kind.CHECKSUM:
        yield Misfit(("kind",), "a checksum is over records of octets: fixed width or delimited", "remove it")
