"""Signed documents of others, read with nothing that XML can do to a reader (签名报文的安全解析).

Refused before any parser is asked: more octets or tags than allowed, another encoding than the one agreed, document
type declarations (and with them every entity and external reference), comments and processing instructions. CDATA is
text. So there is one reading of the document, for the digest as for whoever uses what was signed.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from lxml import etree

from crypto.contract import SignatureInvalid

_DECLARATION: Final = re.compile(
    r"""\A<\?xml\s+version=["']1\.0["'](?:\s+encoding=["']([A-Za-z0-9_-]{1,20})["'])?"""
    r"""(?:\s+standalone=["'](?:yes|no)["'])?\s*\?>"""
)
_MARKUP: Final = re.compile(r"<\?|<!(?!\[CDATA\[)")
_SAFE: Final[dict[str, frozenset[str]]] = {
    "utf-8": frozenset({"utf-8"}),
    "gbk": frozenset({"gbk", "gb2312"}),
    "gb2312": frozenset({"gb2312"}),
    "gb18030": frozenset({"gb18030", "gbk", "gb2312"}),
}
"""What a document may declare, by the encoding agreed: names of the codec or of what it contains."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a document may have at most, and how it is encoded."""

    octets: int
    tags: int
    encoding: str = "utf-8"


def checked_text(content: bytes, bounds: Bounds) -> str:
    """The characters without the XML declaration, safe to be given to a parser; raises SignatureInvalid."""
    if len(content) > bounds.octets:
        raise SignatureInvalid(f"the document has {len(content)} octets, at most {bounds.octets} are taken")
    if content.count(b"<") > bounds.tags:
        raise SignatureInvalid(f"the document has more than {bounds.tags} tags")
    try:
        text = content.decode(bounds.encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise SignatureInvalid(f"the document holds octets that are not {bounds.encoding.upper()}") from None
    text = text[declared_end(text, bounds.encoding) :]
    if _MARKUP.search(text) is not None:
        raise SignatureInvalid("the document holds a declaration, a comment or a processing instruction")
    return text


def declared_end(text: str, encoding: str) -> int:
    """Where the XML declaration ends, 0 without one; raises SignatureInvalid where it names another encoding."""
    found = _DECLARATION.match(text)
    if found is None:
        if encoding != "utf-8":
            raise SignatureInvalid(f"the document does not declare its encoding {encoding.upper()}")
        return 0
    if _codec(found[1] or "utf-8") not in _SAFE[_codec(encoding)]:
        raise SignatureInvalid(f"the document declares another encoding than {encoding.upper()}")
    return found.end()


def tree_of(text: str) -> etree._Element:
    """The root element of checked text; raises SignatureInvalid."""
    # A parser of its own each time: lxml parsers keep state, and callers may stand in several threads.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, strip_cdata=True
    )
    try:
        return etree.fromstring(text.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, UnicodeEncodeError) as fault:
        line = getattr(fault, "lineno", None) or 1
        raise SignatureInvalid(f"the document is not well-formed XML (line {line})") from None


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""
