"""A message for reading (报文整理显示): XML and JSON indented, a block header taken apart, Base64 inside opened."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import orjson
from lxml import etree

from gateway.bank.raw_records import parser

MOST_OCTETS: Final = 2_000_000
_INSIDE_LEAST: Final = 40
_DEEPEST: Final = 2


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of a message: ``kind`` says how it is coloured."""

    title: str
    kind: Literal["xml", "json", "text"]
    text: str


def sections(content: bytes, encoding: str, title: str = "报文 message") -> list[Section]:
    """``content`` in pieces that a person can read; what is neither XML nor JSON stays as it is."""
    return list(_sections(title, content[:MOST_OCTETS], encoding, 0))


def _sections(title: str, content: bytes, encoding: str, depth: int) -> Iterator[Section]:
    content = content.strip()
    head, body = _block_header(content)
    if head:
        yield Section("报文头 block header", "text", head.decode(encoding, "replace"))
    if body[:1] in (b"{", b"["):
        yield _json(title, body, encoding)
    elif body[:1] == b"<":
        yield from _xml(title, body, encoding, depth)
    elif body:
        yield Section(title, "text", body.decode(encoding, "replace"))


def _block_header(content: bytes) -> tuple[bytes, bytes]:
    """The ``{H:...}`` and ``{S:...}`` blocks before the XML of a payment system message, and the rest."""
    if not content.startswith((b"{H:", b"{S:")):
        return b"", content
    start = content.find(b"<")
    return (content, b"") if start < 0 else (content[:start].strip(), content[start:])


def _json(title: str, body: bytes, encoding: str) -> Section:
    try:
        parsed = orjson.loads(body.decode(encoding, "replace"))
        return Section(title, "json", orjson.dumps(parsed, option=orjson.OPT_INDENT_2).decode())
    except orjson.JSONDecodeError:
        return Section(title, "text", body.decode(encoding, "replace"))


def _xml(title: str, body: bytes, encoding: str, depth: int) -> Iterator[Section]:
    try:
        root = etree.fromstring(body, parser())
    except etree.XMLSyntaxError:
        yield Section(title, "text", body.decode(encoding, "replace"))
        return
    inside = list(_inside(root)) if depth < _DEEPEST else []
    etree.indent(root)
    yield Section(title, "xml", etree.tostring(root, encoding="unicode"))
    for name, octets in inside:
        yield from _sections(f"{name} 内 (Base64) inside", octets, encoding, depth + 1)


def _inside(root: etree._Element) -> Iterator[tuple[str, bytes]]:
    """XML that elements carry as Base64: it replaces itself by a note, and is shown on its own."""
    for element in root.iter(etree.Element):
        text = (element.text or "").strip()
        if len(element) or len(text) < _INSIDE_LEAST:
            continue
        try:
            octets = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        if octets.lstrip().startswith(b"<"):
            element.text = f"（{len(text)} 个 Base64 字符，见下 {len(text)} characters of Base64, see below）"
            yield etree.QName(element).localname, octets
