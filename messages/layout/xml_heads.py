"""Which message a document is (报文识别): its root element, and the constants that stand before its first row."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from lxml import etree

from messages.layout.errors import LayoutError
from messages.layout.xml_fields import WHITESPACE
from messages.layout.xml_octets import utf8_beginning
from messages.layout.xml_pull import parser
from messages.layout.xml_tree import Node, Tree

HEAD_OCTETS: Final = 64 * 1024
"""The header's constants stand within so many octets."""
_STEP_OCTETS: Final = 2048


def begins_like(content: bytes, encoding: str, tree: Tree, constants: Mapping[int, str]) -> bool:
    """Whether the root is the tree's and every constant, by field number, is there; never raises."""
    scan = _Scan(tree, constants)
    # What was there before it broke decides; the reading of the whole says what is wrong.
    with suppress(LayoutError, etree.XMLSyntaxError):
        scan.read(utf8_beginning(content, encoding, HEAD_OCTETS))
    return scan.root_fits and all(scan.said.get(number) == text for number, text in constants.items())


class _Scan:
    """Notes what the frame's fields say up to the first row, or until that decides; passes over everything else."""

    def __init__(self, tree: Tree, constants: Mapping[int, str]) -> None:
        self._tree, self._constants = tree, constants
        self._path: list[Node | None] = []
        self.root_fits = False
        self.said: dict[int, str] = {}

    def read(self, octets: bytes) -> None:
        """As much of the document's beginning as it takes; raises XMLSyntaxError."""
        pull = parser()
        for start in range(0, len(octets), _STEP_OCTETS):
            try:
                pull.feed(octets[start : start + _STEP_OCTETS])
            finally:
                decided = self._decided(pull)
            if decided:
                return

    def _decided(self, pull: etree.XMLPullParser) -> bool:
        for event, element in pull.read_events():
            if isinstance(element, etree._Element) and not self._goes_on(event, element):
                return True
        return False

    def _goes_on(self, event: str, element: etree._Element) -> bool:
        if event == "start":
            return self._start(element)
        node = self._path.pop()
        if node is not None and node.text is not None:
            self.said[node.text] = (element.text or "").strip(WHITESPACE)
            return self._open(node.text)
        return True

    def _open(self, number: int) -> bool:
        """Whether, after this field, constants remain to be seen and none was another."""
        expected = self._constants.get(number)
        if expected is None:
            return True
        return self.said[number] == expected and not self._constants.keys() <= self.said.keys()

    def _start(self, element: etree._Element) -> bool:
        tag = str(element.tag)
        if not self._path:
            self.root_fits = tag == self._tree.root.name
        above = self._path[-1] if self._path else None
        node = self._tree.root if not self._path else above.inner.get(tag) if above else None
        self._path.append(node)
        if node is None or node.is_row:
            return self.root_fits and node is None
        self.said |= {
            node.attributes[str(name)]: str(value) for name, value in element.attrib.items() if name in node.attributes
        }
        return self.root_fits
