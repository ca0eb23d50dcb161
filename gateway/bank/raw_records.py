"""A message cut where its layout says (按报文格式切分): every field's text as it stands, read in no other way.

Deliberately not the codec that builds and parses: what is shown must not depend on what it is to explain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, cast

from lxml import etree

from adapters.profile import BankProfile
from messages.layout.model import Delimited, FieldLine, Form, Layout, Message, Record

Part = Literal["header", "detail", "trailer"]
_LINE_ENDS: Final = {"CRLF": "\r\n", "LF": "\n"}
_MISSING: Final = "(missing)"


@dataclass(frozen=True, slots=True)
class RawField:
    """One field as it stands: ``place`` is octets from-to, a column, or a path."""

    line: FieldLine
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record: ``number`` counts details from 1, ``line`` the lines of a file (0 where there are none)."""

    part: Part
    number: int
    line: int
    text: str
    fields: tuple[RawField, ...]


def raw_records(profile: BankProfile, message: Message, content: bytes) -> Iterator[RawRecord]:
    """The records of ``content`` in order; what is not there is said to be missing, nothing raises but bad XML.

    Raises lxml.etree.XMLSyntaxError, and ValueError where the profile has no layout.
    """
    layout = profile.record_layout
    if layout is None:
        raise ValueError(f"profile {profile.bank} has no layout")
    if layout.form is Form.RECORD_XML:
        return _xml_records(layout, message, content)
    return _lines(layout, message, content, profile.encoding)


def _lines(layout: Layout, message: Message, content: bytes, encoding: str) -> Iterator[RawRecord]:
    """Fixed-width and delimited files: a line a record; the last is the trailer, where there is one."""
    delimited = layout.delimited or Delimited()
    end = "\r\n" if layout.form is Form.FIXED_WIDTH else _LINE_ENDS[delimited.line_end]
    lines = content.removesuffix(end.encode()).split(end.encode())
    for number, octets in enumerate(lines):
        part: Part = "detail"
        if number == 0:
            part = "header"
        elif message.trailer and number == len(lines) - 1:
            part = "trailer"
        record: Record = getattr(message, part)
        if layout.form is Form.FIXED_WIDTH:
            fields = tuple(_by_octets(record, octets, encoding))
        else:
            fields = tuple(_by_columns(record, octets.decode(encoding, "replace"), delimited))
        text = octets.decode(encoding, "replace")
        yield RawRecord(part, number if part == "detail" else 0, number + 1, text, fields)


def _by_octets(record: Record, octets: bytes, encoding: str) -> Iterator[RawField]:
    start = 0
    for line in record:
        end = start + (line.octets or 0)
        text = octets[start:end].decode(encoding, "replace") if start < len(octets) else _MISSING
        yield RawField(line, f"{start + 1}-{end}" if end > start + 1 else str(end), text)
        start = end


def _by_columns(record: Record, text: str, delimited: Delimited) -> Iterator[RawField]:
    cells = split(text, delimited)
    for number, line in enumerate(record):
        yield RawField(line, str(number + 1), cells[number] if number < len(cells) else _MISSING)


def split(text: str, delimited: Delimited) -> list[str]:
    """The cells of one line, still quoted."""
    if delimited.ends_with_delimiter:
        text = text.removesuffix(delimited.delimiter)
    if delimited.quote is None:
        return text.split(delimited.delimiter)
    cells, quoted, start, at = [], False, 0, 0
    while at < len(text):
        if text[at] == delimited.quote:
            quoted = not quoted
        elif not quoted and text.startswith(delimited.delimiter, at):
            cells.append(text[start:at])
            at += len(delimited.delimiter)
            start = at
            continue
        at += 1
    return [*cells, text[start:]]


def parser() -> etree.XMLParser:
    """A parser for what a bank, or a file on the way, may contain: no DTD, no entities, no network, bounded trees."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _xml_records(layout: Layout, message: Message, content: bytes) -> Iterator[RawRecord]:
    root = etree.fromstring(content, parser())
    namespaces = dict(layout.namespaces)
    yield _of_element("header", 0, message.header, root, namespaces)
    for number, row in enumerate(_down(root, (message.rows or "").split("/"), namespaces) if message.detail else [], 1):
        yield _of_element("detail", number, message.detail, row, namespaces)
    if message.trailer:
        yield _of_element("trailer", 0, message.trailer, root, namespaces)


def _of_element(part: Part, number: int, record: Record, at: etree._Element, names: dict[str, str]) -> RawRecord:
    fields = tuple(RawField(line, line.path or "", _text(at, line.path or "", names)) for line in record)
    text = etree.tostring(at, encoding="unicode", with_tail=False) if part == "detail" else ""
    return RawRecord(part, number, cast(int, at.sourceline) or 0, text, fields)


def _text(at: etree._Element, path: str, names: dict[str, str]) -> str:
    *steps, last = path.split("/")
    attribute = last.startswith("@")
    found = _down(at, steps if attribute else [*steps, last], names)
    if not found:
        return _MISSING
    value = found[0].get(_qualified(last[1:], {**names, "": ""})) if attribute else found[0].text
    return _MISSING if value is None and attribute else value or ""


def _down(at: etree._Element, steps: list[str], names: dict[str, str]) -> list[etree._Element]:
    """The elements that ``steps`` lead to, all of them at the last step."""
    found = [at]
    for step in steps:
        if step:
            found = [child for element in found for child in element.findall(_qualified(step, names))]
    return found


def _qualified(name: str, names: dict[str, str]) -> str:
    prefix, _, local = name.rpartition(":")
    uri = names.get(prefix, "")
    return f"{{{uri}}}{local}" if uri else local
