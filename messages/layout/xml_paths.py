"""Paths of a record-XML layout (元素路径): where fields stand in the document, and how the document is written.

A path is element names joined by ``/``, from the root for header and trailer and from the row element for details;
its last step may be ``@attribute``. Fields stand in the order of the layout, and paths that share a beginning share
the elements. A layout that would need an element twice, or a text beside elements, describes no document: refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias
from xml.sax.saxutils import quoteattr

from messages.layout.kinds import Kind
from messages.layout.model import Message, Record

Pieces: TypeAlias = tuple[str | int, ...]
"""Markup, and between it the numbers of the fields whose words stand there."""

_NAME: Final = re.compile(r"(?:[^\W\d][\w.-]*:)?[^\W\d][\w.-]*")


class PathRefused(ValueError):
    """Paths that make no document; ``part`` is header, detail, trailer, root or rows, ``number`` the field from 0."""

    def __init__(self, part: str, number: int | None, what: str):
        self.part, self.number, self.what = part, number, what
        super().__init__(f"{part if number is None else f'{part}[{number}]'}: {what}")


@dataclass(frozen=True, slots=True)
class Steps:
    """One path, taken apart."""

    elements: tuple[str, ...]
    attribute: str | None = None

    @classmethod
    def of(cls, path: str | None, namespaces: Mapping[str, str]) -> Steps:
        """The steps of ``path``; raises ValueError with what is wrong with it."""
        if not path:
            raise ValueError("has no path: write the element names that lead to it")
        *elements, last = path.split("/")
        attribute = last.startswith("@")
        for name in (*elements, last.removeprefix("@")):
            if not _NAME.fullmatch(name):
                raise ValueError(f"the path {path} is not element names joined by /, of which the last may be @name")
            expanded(name, namespaces)
        return cls(tuple(elements), last[1:]) if attribute else cls((*elements, last))


def expanded(name: str, namespaces: Mapping[str, str], *, attribute: bool = False) -> str:
    """The name as a parser gives it, ``{uri}local``; raises ValueError for a prefix that has no URI."""
    prefix, _, local = name.rpartition(":")
    if prefix and prefix not in namespaces:
        raise ValueError(f"the prefix {prefix} is not in the layout's namespaces")
    uri = namespaces.get(prefix, "") if prefix or not attribute else ""  # no default namespace for attributes
    return f"{{{uri}}}{local}" if uri else local


@dataclass(frozen=True, slots=True)
class Templates:
    """A whole document as markup with places for fields: numbers run through header and trailer together."""

    opening: Pieces  # up to the first row
    row: Pieces  # numbers of the detail's fields; empty where the message has no rows
    closing: Pieces  # from after the last row


def templates(message: Message, namespaces: Mapping[str, str]) -> Templates:
    """How ``message`` is written; raises PathRefused."""
    root, rows = _root(message, namespaces), _rows(message, namespaces)
    declarations = "".join(f" {_xmlns(prefix)}={quoteattr(uri)}" for prefix, uri in namespaces.items())
    writer = _Writer(root, declarations)
    _write(writer, "header", message.header, namespaces, 0)
    row: Pieces = ()
    if rows:
        try:
            writer.reserve(rows)
        except ValueError as wrong:
            raise PathRefused("rows", None, str(wrong)) from None
        inner = _Writer(rows[-1])
        _write(inner, "detail", message.detail, namespaces, 0)
        row = inner.finish()
    opening = writer.taken()
    _write(writer, "trailer", message.trailer, namespaces, len(message.header))
    closing = writer.finish()
    return Templates(opening, row, closing)


def _xmlns(prefix: str) -> str:
    return f"xmlns:{prefix}" if prefix else "xmlns"


def _root(message: Message, namespaces: Mapping[str, str]) -> str:
    try:
        steps = Steps.of(message.root, namespaces)
    except ValueError as wrong:
        raise PathRefused("root", None, str(wrong)) from None
    if steps.attribute is not None or len(steps.elements) != 1:
        raise PathRefused("root", None, "is the name of one element")
    return steps.elements[0]


def _rows(message: Message, namespaces: Mapping[str, str]) -> tuple[str, ...]:
    if message.rows is None and not message.detail:
        return ()
    try:
        steps = Steps.of(message.rows, namespaces)
    except ValueError as wrong:
        raise PathRefused("rows", None, str(wrong)) from None
    if steps.attribute is not None or not message.detail:
        raise PathRefused("rows", None, "is the path of an element, and goes with details")
    return steps.elements


def _write(writer: _Writer, part: str, record: Record, namespaces: Mapping[str, str], first: int) -> None:
    for number, line in enumerate(record):
        if line.kind is Kind.FILLER and line.path is None:
            continue  # a reserved line of the table that is nowhere in the document
        try:
            writer.field(first + number, Steps.of(line.path, namespaces))
        except ValueError as wrong:
            raise PathRefused(part, number, str(wrong)) from None


class _Writer:
    """Walks from field to field and writes the tags on the way; methods raise ValueError."""

    def __init__(self, outermost: str, declarations: str = "") -> None:
        self._pieces: list[str | int] = []
        self._open: list[str] = []
        self._used: set[tuple[str, ...]] = set()
        self._tag_open = False  # the last start tag still takes attributes
        self._with_text = False  # the innermost element has its text
        self._start(outermost)
        self._text(declarations)

    def field(self, number: int, steps: Steps) -> None:
        """The place of one field."""
        self._walk(steps.elements)
        if steps.attribute is not None:
            self._attribute(number, steps.attribute)
            return
        if not self._tag_open:
            raise ValueError("its element holds a text or other elements already")
        self._close_tag()
        self._pieces.append(number)
        self._with_text = True

    def reserve(self, elements: tuple[str, ...]) -> None:
        """A place inside ``elements[:-1]`` for elements that are written by somebody else."""
        self._walk(elements)
        if not self._tag_open:
            raise ValueError("a field of the header stands in the row element")
        self._pieces[-1] = str(self._pieces[-1]).removesuffix(f"<{self._open.pop()}")
        self._tag_open = False

    def taken(self) -> Pieces:
        """What was written since the last call."""
        taken, self._pieces = tuple(self._pieces), []
        return taken

    def finish(self) -> Pieces:
        """What is left, with everything closed."""
        while self._open:
            self._end()
        return self.taken()

    def _attribute(self, number: int, name: str) -> None:
        place = (*self._open, f"@{name}")
        if not self._tag_open or place in self._used:
            raise ValueError("an attribute stands once, and before everything inside its element")
        self._used.add(place)
        self._text(f' {name}="')
        self._pieces.append(number)
        self._text('"')

    def _walk(self, elements: tuple[str, ...]) -> None:
        wanted = [self._open[0], *elements]
        while self._open != wanted[: len(self._open)]:
            self._end()
        for name in wanted[len(self._open) :]:
            if self._with_text:
                raise ValueError("the element around it holds a text already")
            self._close_tag()
            self._start(name)

    def _start(self, name: str) -> None:
        self._open.append(name)
        if tuple(self._open) in self._used:
            raise ValueError(f"needs the element {name} a second time: put all fields inside it side by side")
        self._used.add(tuple(self._open))
        self._text(f"<{name}")
        self._tag_open, self._with_text = True, False

    def _end(self) -> None:
        self._close_tag()
        self._text(f"</{self._open.pop()}>")
        self._with_text = False

    def _close_tag(self) -> None:
        if self._tag_open:
            self._text(">")
            self._tag_open = False

    def _text(self, text: str) -> None:
        if self._pieces and isinstance(self._pieces[-1], str):
            self._pieces[-1] += text
        else:
            self._pieces.append(text)
