"""From a bank's octets to checked pieces of UTF-8 (报文转码): the declaration, the encoding, the characters.

A second octet of GBK may be any ASCII letter or bracket, so octets are decoded before anybody looks for markup. The
checks and the cutting after that are those of the ISO 20022 readers: no document type declaration, no entity, no
character outside XML 1.0, pieces that end with a row where there is one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Final

from messages.iso20022.octets import Piece, pieces
from messages.iso20022.unreadable import Unreadable
from messages.layout.errors import LayoutError

_STEP: Final = 1_000_000
_DECLARATION_OCTETS: Final = 256
_UNBOUNDED: Final = 1 << 62  # the caller bounds the octets that it hands over
_TYPE: Final = re.compile(r"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_DECLARATION: Final = re.compile(
    r"""<\?xml\s+version\s*=\s*(["'])1\.0\1"""
    r"""(?:\s+encoding\s*=\s*(["'])(?P<encoding>[A-Za-z][A-Za-z0-9._-]*)\2)?"""
    r"""(?:\s+standalone\s*=\s*(["'])(?:yes|no)\4)?\s*\?>"""
)


def utf8_pieces(chunks: Iterable[bytes], encoding: str, row: str) -> Iterator[Piece]:
    """The document without its declaration, in pieces cut after ``</row>`` where possible; raises LayoutError.

    ``row`` is the local name of the row element. A declaration must name ``encoding``; none is taken as agreement,
    because the interface document says the encoding.
    """
    try:
        yield from pieces(_transcoded(chunks, encoding), row, _UNBOUNDED)
    except Unreadable as fault:
        raise LayoutError(fault.what, line=fault.line, field=fault.field) from None


def utf8_beginning(content: bytes, encoding: str, octets: int) -> bytes:
    """At most the first ``octets`` of a document, without its declaration; raises LayoutError.

    What is not in the encoding is replaced: the reading of the whole document refuses it, with its place.
    """
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    text = _undeclared(decoder.decode(content[:octets], len(content) <= octets), encoding)
    if _TYPE.search(text):
        raise LayoutError("a document type or entity declaration: refused unread", line=1)
    return text.encode()


def _transcoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    line, begun, head = 1, False, ""
    for octets, last in _steps(chunks):
        try:
            text = decoder.decode(octets, last)
        except UnicodeDecodeError as fault:
            at = line + head.count("\n") + fault.object[: fault.start].count(b"\n")
            raise LayoutError(f"is not {encoding.upper()}", line=at) from None
        if not begun:
            head += text
            if not last and len(head) < _DECLARATION_OCTETS:
                continue
            begun, text, head = True, _undeclared(head, encoding), ""
        line += text.count("\n")
        yield text.encode()


def _steps(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    for chunk in chunks:
        for start in range(0, len(chunk), _STEP):
            yield chunk[start : start + _STEP], False
    yield b"", True


def _undeclared(text: str, encoding: str) -> str:
    """The beginning of a document without its declaration, but with the line ends of it."""
    text = text.removeprefix("\ufeff")
    if not text.startswith("<?xml"):
        return text
    found = _DECLARATION.match(text)
    if found is None:
        raise LayoutError("the XML declaration cannot be read, or is not of version 1.0", line=1)
    declared = found["encoding"] or "utf-8"
    if _codec(declared) != codecs.lookup(encoding).name:
        raise LayoutError(f"the document declares another encoding than {encoding.upper()}", line=1)
    return "\n" * found[0].count("\n") + text[found.end() :]


def _codec(declared: str) -> str | None:
    try:
        return codecs.lookup(declared).name
    except LookupError:
        return None
