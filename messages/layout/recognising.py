"""Which message some bytes are, where files have no names (报文识别): by the constants of their headers alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from messages.layout.errors import LayoutError
from messages.layout.file import compiled
from messages.layout.model import Form, Kind, Layout, Message
from messages.layout.vocabulary import MessageName


def recognised(layout: Layout, encoding: str, content: bytes, among: Iterable[MessageName]) -> MessageName:
    """The one message of ``layout`` whose header ``content`` has; raises LayoutError for none, and for several."""
    names = [name for name in among if name in layout.messages]
    fitting = [name for name in names if compiled(layout, name, encoding).matches(content)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise LayoutError(f"could be {' or '.join(fitting)}: their headers have the same constants", line=1)
    raise LayoutError(f"is none of the document's messages: {', '.join(names)}", line=1)


def indistinct(layout: Layout, among: Iterable[MessageName]) -> Iterator[tuple[MessageName, MessageName]]:
    """Pairs of messages that no constant, number of fields, length or root element tells apart."""
    names = [name for name in among if name in layout.messages]
    for one, other in combinations(names, 2):
        first, second = layout.messages[one], layout.messages[other]
        if _shape(layout.form, first) == _shape(layout.form, second) and not _told_apart(layout.form, first, second):
            yield one, other


def _shape(form: Form, message: Message) -> int | str | None:
    if form is Form.RECORD_XML:
        return message.root
    return sum(line.width for line in message.header) if form is Form.FIXED_WIDTH else len(message.header)


def _told_apart(form: Form, one: Message, other: Message) -> bool:
    first, second = _constants(form, one), _constants(form, other)
    return any(first[place] != second[place] for place in first.keys() & second.keys())


def _constants(form: Form, message: Message) -> dict[int | str, str]:
    """Each constant of the header by its place: octet, column or path."""
    found: dict[int | str, str] = {}
    start = 0
    for index, line in enumerate(message.header):
        place = {Form.FIXED_WIDTH: start, Form.DELIMITED: index}.get(form, line.path or "")
        if line.kind is Kind.CONSTANT:
            found[place] = line.value or ""
        start += line.octets or 0
    return found
