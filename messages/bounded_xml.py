"""Small XML documents of others, read with nothing that XML can do to a reader (有界报文的安全解析).

For messages that are bounded in rows, so that one tree in memory is right. Refused before any parser is asked:
more octets or tags than allowed, octets outside the encoding, characters outside XML 1.0, document type
declarations (and with them every entity and external reference), comments, processing instructions, and another
encoding than the one agreed. CDATA is text.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, Literal

from lxml import etree

from messages.xml_names import shown_name

TextEncoding = Literal["utf-8", "gbk"]

_DECLARATION: Final = re.compile(
    rb"""\A<\?xml\s+version=["']1\.0["'](?:\s+encoding=["']([A-Za-z0-9_-]{1,20})["'])?\s*\?>"""
)
_NAMES: Final[dict[TextEncoding, frozenset[str]]] = {
    "utf-8": frozenset({"utf-8", "utf8"}),
    "gbk": frozenset({"gbk", "gb2312", "cp936"}),
}
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd-\uffff]")
_CONTROLS: Final = frozenset({*range(0x20), 0x7F} - set(b"\t\n\r"))  # in UTF-8 and GBK never part of a character
_OTHERS: Final = bytes(octet for octet in range(256) if octet not in _CONTROLS)
_NONCHARACTERS: Final = ("\ufffd", "\ufffe", "\uffff")
_MARKUP: Final = re.compile(r"<\?|<!(?!\[CDATA\[)")
_BOM: Final = b"\xef\xbb\xbf"


class Malformed(Exception):
    """A message cannot be read; says what is wrong and where, and quotes nothing of the content."""

    def __init__(self, what: str, *, line: int | None = None, field: str | None = None, clause: str | None = None):
        self.what, self.line, self.field, self.clause = what, line, field, clause
        places = [
            f"{name} {at}" for name, at in (("line", line), ("field", field), ("clause", clause)) if at is not None
        ]
        super().__init__(f"{what} ({', '.join(places)})" if places else what)


def read_tree(content: bytes, encoding: TextEncoding, *, max_bytes: int, max_tags: int) -> etree._Element:
    """The root element; raises Malformed with the line. ``max_tags`` counts opening and closing tags together."""
    return tree_of(checked_text(content, encoding, max_bytes=max_bytes, max_tags=max_tags))


def checked_text(content: bytes, encoding: TextEncoding, *, max_bytes: int, max_tags: int) -> str:
    """The document's characters without its XML declaration, safe to be given to a parser; raises Malformed."""
    if len(content) > max_bytes:
        raise Malformed(f"has {len(content)} octets, at most {max_bytes} are taken")
    if content.count(b"<") > max_tags:
        raise Malformed(f"has more than {max_tags} tags")
    return _text(content, encoding)


def tree_of(text: str) -> etree._Element:
    """The root element of checked text; raises Malformed with the line."""
    # A parser of its own each time: lxml parsers keep state, and callers may stand in several threads.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        return etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as fault:
        raise Malformed("is not well-formed XML", line=int(fault.lineno or 1)) from None


def _text(content: bytes, encoding: TextEncoding) -> str:
    """The characters without the XML declaration, checked."""
    octets = content.removeprefix(_BOM) if encoding == "utf-8" else content
    declared = _DECLARATION.match(octets)
    if declared is not None:
        name = (declared[1] or b"utf-8").decode("ascii").lower()
        if name not in _NAMES[encoding]:
            raise Malformed(f"declares another encoding than {encoding.upper()}", line=1)
        octets = b" " * declared.end() + octets[declared.end() :]
    elif encoding != "utf-8":
        raise Malformed(f"does not declare its encoding {encoding.upper()}", line=1)
    try:
        text = octets.decode(encoding)
    except UnicodeDecodeError as fault:
        line = octets.count(b"\n", 0, fault.start) + 1
        raise Malformed(f"holds octets that are not {encoding.upper()}", line=line) from None
    # The quick searches decide whether the slow ones, which tell the place, are worth their while.
    if octets.translate(None, _OTHERS) or any(sign in text for sign in _NONCHARACTERS):
        _refuse(text, _ILLEGAL, "holds a character that a message must not have")
    if "<!" in text or "<?" in text:
        _refuse(text, _MARKUP, "holds a declaration, comment or processing instruction")
    return text.lstrip(" ") if declared is not None else text


def _refuse(text: str, pattern: re.Pattern[str], what: str) -> None:
    if (found := pattern.search(text)) is not None:
        raise Malformed(what, line=text.count("\n", 0, found.start()) + 1)


def children_once(
    parent: etree._Element,
    allowed: Collection[str],
    *,
    namespace: str = "",
    attributes: Collection[str] = (),
    clause: str | None = None,
) -> dict[str, etree._Element]:
    """The child elements by local name; raises Malformed for one that is unknown, twice there, or has text beside it."""
    prefix = f"{{{namespace}}}" if namespace else ""
    found: dict[str, etree._Element] = {}
    if (parent.text or "").strip():
        raise Malformed("holds text where elements are expected", line=line_of(parent), clause=clause)
    if parent.attrib and not {*map(str, parent.attrib)} <= {*attributes}:
        raise Malformed("has an attribute that the document does not have", line=line_of(parent), clause=clause)
    for child in parent:
        name = str(child.tag)
        name = name[len(prefix) :] if name.startswith(prefix) else ""
        if name not in allowed:
            raise Malformed("holds an element that the document does not have", line=line_of(child), clause=clause)
        if name in found:
            raise Malformed("stands twice", line=line_of(child), field=name, clause=clause)
        if (child.tail or "").strip():
            raise Malformed("is followed by loose text", line=line_of(child), field=name, clause=clause)
        found[name] = child
    return found


def leaf_text(element: etree._Element, *, longest: int, attributes: Collection[str] = ()) -> str:
    """The trimmed text of an element without children; raises Malformed."""
    name = shown_name(element)
    if len(element) or not {*map(str, element.attrib)} <= {*attributes}:
        raise Malformed("has parts of its own where a text is expected", line=line_of(element), field=name)
    text = (element.text or "").strip()
    if len(text) > longest:
        raise Malformed(f"has more than {longest} characters", line=line_of(element), field=name)
    return text


def line_of(element: etree._Element) -> int:
    """The line on which the element begins; 1 where the parser does not tell."""
    line: object = element.sourceline
    return line if isinstance(line, int) else 1
