"""The tree that a record-XML document must have (元素树): what may stand where, and which field it is.

The bank's field table is complete: an element or attribute that it does not have is refused, never passed over, so
that nothing a bank says goes unheard. What a document reserves, or says and we do not need, is a field of kind
filler. The order of elements is not judged; one that stands twice is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from messages.layout.kinds import Kind
from messages.layout.model import Message, Record
from messages.layout.xml_paths import Steps, expanded


@dataclass(slots=True)
class Node:
    """An element that the document may have; fields by number, those of header and trailer counted together."""

    name: str
    inner: dict[str, Node] = field(default_factory=dict)
    text: int | None = None  # the field that its text is
    attributes: dict[str, int] = field(default_factory=dict)
    is_row: bool = False  # stands once an item
    in_row: bool = False  # the row element or below: field numbers are the detail's


@dataclass(frozen=True, slots=True)
class Tree:
    """One message's elements, by their names as a parser gives them."""

    root: Node
    row: Node | None
    frame: Record  # header and trailer
    detail: Record


def tree(message: Message, namespaces: Mapping[str, str]) -> Tree:
    """The tree of a message whose paths ``xml_paths.templates`` has accepted."""
    root = Node(expanded(message.root or "", namespaces))
    frame = (*message.header, *message.trailer)
    _grow(root, frame, namespaces)
    row = None
    if message.rows:
        row = _at(root, Steps.of(message.rows, namespaces).elements, namespaces)
        row.is_row = row.in_row = True
        _grow(row, message.detail, namespaces)
    return Tree(root, row, frame, message.detail)


def _grow(node: Node, record: Record, namespaces: Mapping[str, str]) -> None:
    for number, line in enumerate(record):
        if line.kind is Kind.FILLER and line.path is None:
            continue
        steps = Steps.of(line.path, namespaces)
        at = _at(node, steps.elements, namespaces)
        if steps.attribute is None:
            at.text = number
        else:
            at.attributes[expanded(steps.attribute, namespaces, attribute=True)] = number


def _at(node: Node, elements: tuple[str, ...], namespaces: Mapping[str, str]) -> Node:
    for name in elements:
        tag = expanded(name, namespaces)
        node = node.inner.setdefault(tag, Node(tag, in_row=node.in_row))
    return node
