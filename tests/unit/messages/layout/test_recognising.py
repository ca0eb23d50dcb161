"""Which message some bytes are, where nothing but their header tells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from messages.layout.errors import LayoutError
from messages.layout.file import Head, compiled
from messages.layout.model import Layout
from messages.layout.recognising import indistinct, recognised
from messages.layout.vocabulary import MessageName

INWARD = (MessageName.ACKNOWLEDGEMENT, MessageName.RESULT, MessageName.RETURNED)
HEAD: Head = {
    "original_message_id": "7K3M9QXWZ4T2F0001",
    "created_on": date(2026, 1, 2),
    "created_at": None,
    "group_status_raw": "0000",
    "group_text_raw": None,
    "rows": 0,
    "total_fen": 0,
}


@pytest.mark.parametrize("message", INWARD)
@pytest.mark.parametrize("bank", ["rural", "village"])
def test_the_shipped_messages_are_told_apart(message: MessageName, bank: str, request: pytest.FixtureRequest) -> None:
    layout: Layout = request.getfixturevalue(bank)
    content = b"".join(compiled(layout, message, "gb18030").build(HEAD, []))
    assert recognised(layout, "gb18030", content, INWARD) is message
    assert list(indistinct(layout, INWARD)) == []


@pytest.mark.parametrize(
    "content", [b"", b"DX|7K3M9QXWZ4T2F0001|20260102||0000|\r\n", b"\xff" * 90, b"DR|\r\n", b"DR" * 50_000]
)
def test_what_is_no_message_is_refused(village: Layout, rural: Layout, content: bytes) -> None:
    for layout in (village, rural):
        with pytest.raises(LayoutError, match="is none of the document's messages: acknowledgement, result, returned"):
            recognised(layout, "gb18030", content, INWARD)


def test_messages_with_the_same_header_cannot_be_told_apart(village: Layout) -> None:
    same = {**village.messages, MessageName.RETURNED: village.messages[MessageName.RESULT]}
    layout = village.model_copy(update={"messages": same})
    content = b"".join(compiled(layout, MessageName.RESULT, "gb18030").build(HEAD, []))
    with pytest.raises(LayoutError, match="could be result or returned"):
        recognised(layout, "gb18030", content, INWARD)
    assert list(indistinct(layout, INWARD)) == [(MessageName.RESULT, MessageName.RETURNED)]


def test_a_message_that_the_layout_lacks_is_not_looked_for(separated: Callable[..., Layout]) -> None:
    assert recognised(separated(), "utf-8", b"M|\r\n", INWARD) is MessageName.RESULT
