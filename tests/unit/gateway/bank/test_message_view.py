"""A message for reading: indented, opened, and never more than what it is."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.bank.message_view import sections

INNER = '<?xml version="1.0" encoding="GBK"?><Voucher><Name>王建国</Name><Pay>1.00</Pay></Voucher>'.encode("gbk")


def test_base64_inside_is_opened() -> None:
    outer, inner = sections(b"<MOF><Voucher>" + b64encode(INNER) + b"</Voucher></MOF>", "gbk")
    assert "个 Base64 字符" in outer.text and inner.title.startswith("Voucher")
    assert "  <Name>王建国</Name>" in inner.text


def test_a_block_header_stands_alone() -> None:
    head, body = sections(b"{H:02XML}\r\n{S:AAAA}\r\n<D><A>1</A></D>", "utf-8")
    assert head.kind == "text" and head.text.startswith("{H:02XML}")
    assert body.text == "<D>\n  <A>1</A>\n</D>\n" or body.text.startswith("<D>\n  <A>1</A>")


def test_json_is_indented() -> None:
    (section,) = sections(b'{"a":{"b":[1,2]}}', "utf-8")
    assert (section.kind, section.text.splitlines()[1]) == ("json", '  "a": {')


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
        b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]><x>&b;</x>",
    ],
)
def test_nothing_is_fetched_or_expanded(content: bytes) -> None:
    text = "".join(section.text for section in sections(content, "utf-8"))
    assert "root:" not in text and "aaaaaaaaaaaaaaaaaaaa" not in text


@given(st.binary(max_size=300), st.sampled_from(["utf-8", "gbk", "gb18030"]))
@settings(max_examples=100)
def test_any_octets_can_be_shown(content: bytes, encoding: str) -> None:
    for start in (b"", b"<", b"{", b"{H:", b"["):
        assert all(isinstance(section.text, str) for section in sections(start + content, encoding))


def test_a_voucher_in_a_voucher_in_a_voucher_ends() -> None:
    content = INNER
    for _ in range(6):
        content = b"<V>" + b64encode(content) + b"</V>"
    assert len(sections(content, "gbk")) == 3
