"""Times, moments and checksums in fixed-width records, where they stand once a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path

import polars as pl
import pytest

from messages.layout import checksums
from messages.layout.errors import LayoutError
from messages.layout.file import LayoutFile, compiled
from messages.layout.head_values import CHINA
from messages.layout.model import Layout
from messages.layout.positions import ConfigurationRefused
from messages.layout.reader import read_layout
from messages.layout.vocabulary import MessageName

LAYOUT = """\
layout: moments
title: 时间
document: 测试
form: fixed-width
messages:
  instruction:
    title: 指令
    clause: "1"
    header:
      - {clause: 1.1, octets: 2,  name: id,    kind: identifier, source: message_id, title: 编号}
      - {clause: 1.2, octets: 14, name: made,  kind: moment, source: created_at, title: 时间}
    detail:
      - {clause: 2.1, octets: 2,  name: item,    kind: reference, source: reference, title: 参考号}
      - {clause: 2.2, octets: 4,  name: name,    kind: text, source: name, title: 户名}
      - {clause: 2.3, octets: 4,  name: account, kind: identifier, source: account, title: 账号}
      - {clause: 2.4, octets: 4,  name: amount,  kind: amount_fen, source: amount_fen, title: 金额}
    trailer:
      - {clause: 3.1, octets: 64, name: check, kind: checksum, checksum: sm3, title: 校验值}
  result:
    title: 结果
    clause: "4"
    header:
      - {clause: 4.1, octets: 2,  name: id,    kind: identifier, source: original_message_id, title: 编号}
      - {clause: 4.2, octets: 8,  name: made,  kind: time, time_form: "HH:MM:SS", source: created_at, required: no, title: 时间}
    detail:
      - {clause: 5.1, octets: 2,  name: item,  kind: reference, source: reference, title: 参考号}
      - {clause: 5.2, octets: 1,  name: state, kind: digits, source: status_raw, title: 状态}
"""
ITEMS = pl.DataFrame({"reference": ["R1", "R2"], "name": ["张三", "a"], "account": ["1", "2"], "amount_fen": [3, 4]})
HEAD = {"message_id": "M", "created_at": datetime(2026, 1, 1, 16, 0, 9, tzinfo=UTC), "rows": 2, "total_fen": 7}
DETAILS = "R1张三1   0003\r\nR2a   2   0004\r\n".encode("gbk")


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(old: str = "", new: str = "") -> Path:
        path = tmp_path / "moments.yaml"
        path.write_text(LAYOUT.replace(old, new, 1) if old else LAYOUT, encoding="utf-8")
        return path

    return write


@pytest.fixture
def layout(written: Callable[..., Path]) -> Layout:
    return read_layout(written())


@pytest.fixture
def file(layout: Layout) -> LayoutFile:
    return compiled(layout, MessageName.INSTRUCTION, "gbk")


def test_a_file_with_a_moment_and_a_checksum(file: LayoutFile) -> None:
    content = b"".join(file.build(HEAD, [ITEMS]))
    check = hashlib.new("sm3", DETAILS).hexdigest().upper().encode()
    assert content == b"M 20260102000009\r\n" + DETAILS + check + b"\r\n"
    parsed = file.parse([content])
    assert parsed.head == {"message_id": "M", "created_at": datetime(2026, 1, 2, 0, 0, 9, tzinfo=CHINA)}
    assert pl.concat(parsed.blocks).equals(ITEMS)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (b"R1\xd5\xc5", b"R1\xd5\xc6", "the details make"),
        (
            b"20260102000009",
            b"20260102240009",
            "is not a moment written YYYYMMDDHHMMSS (line 1, field made, clause 1.2)",
        ),
        (b"20260102000009", b"2026010200000 ", "is not a moment"),
        (b"20260102000009", b"18990102000009", "is not a moment"),
        (b"20260102000009", b" " * 14, "is blank, and must not be (line 1, field made"),
    ],
)
def test_what_was_changed_is_refused(file: LayoutFile, old: bytes, new: bytes, complaint: str) -> None:
    content = b"".join(file.build(HEAD, [ITEMS]))
    with pytest.raises(LayoutError) as refused:
        file.parse([content.replace(old, new)])
    assert complaint in str(refused.value)


def test_a_checksum_in_small_letters_is_another(file: LayoutFile) -> None:
    content = b"".join(file.build(HEAD, [ITEMS]))
    with pytest.raises(LayoutError, match=r"line 4, field check, clause 3\.1"):
        file.parse([content[:-66] + content[-66:].lower()])


def test_a_time_may_be_blank(layout: Layout) -> None:
    results = compiled(layout, MessageName.RESULT, "gbk")
    assert results.parse([b"M         \r\n"]).head["created_at"] is None
    assert results.parse([b"M 23:59:00\r\n"]).head["created_at"] == time(23, 59)
    with pytest.raises(LayoutError, match="is not a time written HH:MM:SS"):
        results.parse([b"M 23:60:00\r\n"])


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("octets: 64", "octets: 32", "what the field holds is not exactly 32 octets"),
        ("checksum: sm3, ", "", "kind checksum needs 'checksum'"),
        ("octets: 14, name: made,  kind: moment", "octets: 8, name: made,  kind: date", "created_at carries moment"),
        ("octets: 14,", "octets: 19,", "what the field holds is not exactly 19 octets"),
        ("kind: reference, source: reference, title", "kind: checksum, checksum: sm3, title", "no place in the detail"),
        ("kind: moment,", "kind: moment, checksum: sm3,", "'checksum' does not go with kind moment"),
    ],
)
def test_a_faulty_field_is_refused(written: Callable[..., Path], old: str, new: str, complaint: str) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        read_layout(written(old, new))
    assert complaint in str(refused.value)


def test_a_checksum_that_this_machine_cannot_make_is_told_when_the_layout_is_read(
    written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checksums.hashlib, "algorithms_available", {"sha256"})
    with pytest.raises(ConfigurationRefused, match="sm3 is not in this Python's OpenSSL"):
        read_layout(written())
