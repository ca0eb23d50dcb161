"""Finished elements of a message, one by one (逐元素读取): for messages of some thousands of records.

The octets are checked first (``octets``): UTF-8, no document type. Depth, and elements within one finished
element, are bounded; what was looked at is cleared, so that memory is one element however long the message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, cast

from lxml import etree

from messages.iso20022.amounts import CURRENCY, fen_of
from messages.iso20022.octets import pieces
from messages.iso20022.schema import namespace
from messages.iso20022.unreadable import Unreadable
from messages.xml_names import local_name, namespace_of

MAX_DEPTH: Final = 32
MAX_ELEMENTS: Final = 50_000
_STEP_BYTES: Final = 128 * 1024


class Node:
    """One finished element with its namespace known, so that paths are plain names."""

    def __init__(self, element: etree._Element, uri: str):
        self._element, self._names = element, {"": uri}
        self.name: Final = local_name(element)
        self.line: Final[int | None] = _line(element)

    def text(self, path: str, longest: int = 500) -> str | None:
        """The trimmed text at ``path``; None where it is missing or empty; raises Unreadable above ``longest``."""
        found = self._element.findtext(path, namespaces=self._names)
        text = (found or "").strip()
        if len(text) > longest:
            raise Unreadable(f"longer than {longest} characters", line=self.line, field=path)
        return text or None

    def required(self, path: str, longest: int = 35) -> str:
        """As ``text``, and it must be there."""
        text = self.text(path, longest)
        if text is None:
            raise Unreadable("required, and missing or empty", line=self.line, field=path)
        return text

    def fen(self, path: str) -> int:
        """The amount at ``path`` in fen; raises Unreadable for another currency or a fraction of a fen."""
        element = self._element.find(path, namespaces=self._names)
        if element is None or element.get("Ccy") != CURRENCY:
            raise Unreadable(f"an amount in {CURRENCY} is required", line=self.line, field=path)
        fen = fen_of((element.text or "").strip())
        if fen is None:
            raise Unreadable("not an amount in whole fen", line=self.line, field=path)
        return fen

    def day(self, path: str) -> date | None:
        """The day at ``path`` (Dt or DtTm, or the text itself)."""
        text = self.text(f"{path}/Dt") or (self.text(f"{path}/DtTm") or "")[:10] or self.text(path)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            raise Unreadable("not a day of the calendar", line=self.line, field=path) from None

    def all(self, path: str) -> list[Node]:
        """The elements at ``path``."""
        return [Node(found, self._names[""]) for found in self._element.iterfind(path, namespaces=self._names)]


def finished(
    chunks: Iterable[bytes], *, messages: tuple[str, ...], wanted: tuple[str, ...], max_bytes: int
) -> Iterator[tuple[str, Node]]:
    """(message name, element) for each element at one of the paths ``wanted`` below Document, as it ends.

    Raises Unreadable with the line, also where the document is none of ``messages`` or ends half way.
    """
    reader = _Reader(messages, wanted)
    for piece in pieces(chunks, wanted[0].rpartition("/")[2], max_bytes):
        for start in range(0, len(piece.data), _STEP_BYTES):
            yield from reader.feed(piece.data[start : start + _STEP_BYTES])
    reader.close()


class _Reader:
    def __init__(self, messages: tuple[str, ...], wanted: tuple[str, ...]):
        self._parser = etree.XMLPullParser(
            events=("start", "end"),
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        self._uris = {namespace(message): message for message in messages}
        self._wanted = wanted
        self._message, self._uri = "", ""
        self._path: list[str] = []
        self._elements = 0

    def feed(self, data: bytes) -> Iterator[tuple[str, Node]]:
        try:
            self._parser.feed(data)
            for event, found in self._parser.read_events():
                element = cast(etree._Element, found)
                if event == "start":
                    self._start(element)
                elif (node := self._end(element)) is not None:
                    yield self._message, node
                    element.clear()
                    before, parent = element.getprevious(), element.getparent()
                    if before is not None and parent is not None and before.tag == element.tag:
                        parent.remove(before)  # one emptied record stays, never all of them
        except etree.XMLSyntaxError as fault:
            raise Unreadable("not well-formed XML", line=fault.lineno) from None

    def close(self) -> None:
        try:
            self._parser.close()
        except etree.XMLSyntaxError as fault:
            raise Unreadable("the message ends half way", line=fault.lineno) from None

    def _start(self, element: etree._Element) -> None:
        name, uri = local_name(element), namespace_of(element)
        self._path.append(name if not self._uri or uri == self._uri else "")
        self._elements += 1
        if len(self._path) == 1:
            self._uri = uri
            if self._uri not in self._uris or name != "Document":
                raise Unreadable("not a message that is read here", line=_line(element), field="Document")
            self._message = self._uris[self._uri]
        if len(self._path) > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise Unreadable("more elements within one part than any message has", line=_line(element))

    def _end(self, element: etree._Element) -> Node | None:
        path = "/".join(self._path[1:])
        self._path.pop()
        if path not in self._wanted:
            return None
        self._elements = 0
        return Node(element, self._uri)


def _line(element: etree._Element) -> int | None:
    line = element.sourceline
    return line if isinstance(line, int) else None
