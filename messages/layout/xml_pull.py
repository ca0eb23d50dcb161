"""The thorough reader of a record-XML document (XML 逐事件读取): an incremental parser, any legal form.

It holds the place in the document. Whole rows may be left out of what it is fed, as long as somebody sound has read
them. What the table does not have is refused when it begins, so that neither depth nor width can grow beyond it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from lxml import etree

from messages.iso20022.octets import Piece
from messages.layout.errors import LayoutError
from messages.layout.xml_fields import WHITESPACE
from messages.layout.xml_tree import Node, Tree
from messages.xml_names import shown_name

MAX_UNFINISHED: Final = 2 * 1024 * 1024
"""Octets without the end of any element: no value is anywhere near as long."""

_STEP: Final = 128 * 1024  # so that limits bite before the parser has built too much


@dataclass(slots=True)
class Place:
    """An open element, what the table says about it, and the names that stood in it so far."""

    element: etree._Element
    node: Node
    seen: set[str]


def parser() -> etree.XMLPullParser:
    """A parser that fetches and resolves nothing; comments and instructions are no part of any text."""
    return etree.XMLPullParser(
        events=("start", "end"),
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


class PullReader:
    """Feed it pieces in order; ``frame`` fills up, ``take`` gives the rows read since. Raises LayoutError."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._parser = parser()
        self._path: list[Place] = []
        self._fed_lines = 0
        self._fed: list[tuple[int, int]] = []  # (lines fed before, line in the document) of each piece
        self._unfinished = 0
        self._rows: list[list[str | None]] = []
        self._lines: list[int] = []
        self._row: list[str | None] = []
        self.frame: list[str | None] = [None] * len(tree.frame)
        self.frame_lines: list[int] = [1] * len(tree.frame)

    def feed(self, piece: Piece) -> None:
        """Reads one piece."""
        self._fed.append((self._fed_lines, piece.line))
        for start in range(0, len(piece.data), _STEP):
            octets = piece.data[start : start + _STEP]
            self._unfinished += len(octets)
            try:
                self._parser.feed(octets)
            except etree.XMLSyntaxError:
                self._events()  # what stands before the fault may say more
                raise self._not_well_formed() from None
            # An undeclared entity stops the parser without raising, and the next octets would begin a new document.
            if len(self._parser.feed_error_log):
                raise self._not_well_formed()
            self._events()
            if self._unfinished > MAX_UNFINISHED:
                raise LayoutError(f"more than {MAX_UNFINISHED} octets without the end of an element", line=piece.line)
        self._fed_lines += piece.lines

    def close(self) -> None:
        """The document ends here."""
        try:
            self._parser.close()
        except etree.XMLSyntaxError:
            raise self._not_well_formed() from None
        self._events()

    def take(self) -> tuple[list[list[str | None]], list[int]]:
        """The raw texts of the rows read since the last call, by field number, and the line of each."""
        taken = self._rows, self._lines
        self._rows, self._lines = [], []
        return taken

    def between_rows(self) -> etree._Element | None:
        """The element that the rows stand in, if nothing inside it is open: where rows may be left out."""
        place = self._path[-1] if self._path else None
        row = self._tree.row
        return place.element if place is not None and row is not None and row in place.node.inner.values() else None

    def _not_well_formed(self) -> LayoutError:
        lines = [int(entry.line) for entry in self._parser.feed_error_log]
        return LayoutError("not well-formed XML, or cut short", line=self._true_line(lines[0] if lines else 1))

    def _true_line(self, line: int) -> int:
        """Where the parser's line is in the document: it does not count what was left out."""
        at = bisect_right(self._fed, line - 1, key=itemgetter(0)) - 1
        before, true = self._fed[at] if at >= 0 else (0, 1)
        return true + max(0, line - 1 - before)

    def _line(self, element: etree._Element) -> int:
        line: int | None = element.sourceline  # type: ignore[assignment]  # the stub has no type for it
        return self._true_line(line or 1)

    def _wrong(self, element: etree._Element, what: str) -> LayoutError:
        return LayoutError(what, line=self._line(element), field=shown_name(element))

    def _events(self) -> None:
        for event, element in self._parser.read_events():
            if not isinstance(element, etree._Element):
                continue
            if event == "start":
                self._start(element)
            else:
                self._end(element)

    def _start(self, element: etree._Element) -> None:
        node = self._node(element)
        if node.is_row:
            self._row = [None] * len(self._tree.detail)
            self._forget_before(element)
        if len(element.attrib) or node.attributes:
            self._attributes(element, node)
        self._path.append(Place(element, node, set()))

    def _node(self, element: etree._Element) -> Node:
        tag = str(element.tag)
        if not self._path:
            if tag != self._tree.root.name:
                raise self._wrong(element, "another document element than the layout has")
            return self._tree.root
        place = self._path[-1]
        node = place.node.inner.get(tag)
        if node is None:
            raise self._wrong(element, "an element that the layout does not have there")
        if tag in place.seen and not node.is_row:
            raise self._wrong(element, "an element that stands there twice")
        place.seen.add(tag)
        return node

    def _attributes(self, element: etree._Element, node: Node) -> None:
        for name, value in element.attrib.items():
            number = node.attributes.get(str(name))
            if number is None:
                raise self._wrong(element, "an attribute that the layout does not have there")
            self._note(element, node, number, str(value))

    def _note(self, element: etree._Element, node: Node, number: int, text: str | None) -> None:
        if node.in_row:
            self._row[number] = text
        else:
            self.frame[number], self.frame_lines[number] = text, self._line(element)

    def _end(self, element: etree._Element) -> None:
        self._unfinished = 0
        node = self._path.pop().node
        if node.text is not None:
            self._note(element, node, node.text, element.text)
            return
        for text in (element.text, *(child.tail for child in element)):
            if text and text.strip(WHITESPACE):
                raise self._wrong(element, "a text where only elements belong")
        if node.is_row:
            self._rows.append(self._row)
            self._lines.append(self._line(element))

    def _forget_before(self, row: etree._Element) -> None:
        """What stands before a row is read: it need not be kept."""
        parent, before = row.getparent(), row.getprevious()
        while parent is not None and before is not None:
            if before.tail and before.tail.strip(WHITESPACE):
                raise self._wrong(parent, "a text where only elements belong")
            parent.remove(before)
            before = row.getprevious()
