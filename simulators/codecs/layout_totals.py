"""A result whose total is wrong and nothing else (合计不符): the details of one file in the frame of another."""

from __future__ import annotations

from messages.layout.model import Form, Layout
from messages.layout.vocabulary import MessageName


def spliced(layout: Layout, name: MessageName, rows: int, right: bytes, wrong: bytes) -> bytes:
    """The frame (header, trailer) of ``wrong`` around the ``rows`` details of ``right``, both whole messages."""
    start, end = _details(layout, name, rows, right)
    before, after = _details(layout, name, rows, wrong)
    return wrong[:before] + right[start:end] + wrong[after:]


def _details(layout: Layout, name: MessageName, rows: int, content: bytes) -> tuple[int, int]:
    """Where the details begin and end."""
    message = layout.messages[name]
    if layout.form is Form.RECORD_XML:
        tag = (message.rows or "").rsplit("/", 1)[-1].encode()
        start = content.find(b"<" + tag)
        return start, content.rfind(b"</" + tag + b">")
    start = content.index(b"\n") + 1
    end = start
    for _ in range(rows):
        end = content.index(b"\n", end) + 1
    return start, end
