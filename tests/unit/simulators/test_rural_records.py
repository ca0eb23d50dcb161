"""Instruction files of bank rural-fixed: read as columns, and refused with the code of the first thing wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from simulators.answers import ANSWER_SCHEMA, Kind
from simulators.rural_answers import acknowledgement, answer_file
from simulators.rural_records import FileUnreadable, read_instruction

MESSAGE = "ABCDEFGH2345F0001"
ITEMS = [("6217000000000000001", "张三", 10_000), ("6217000000000000002", "买买提·艾力", 20_050)]


def test_reads_head_and_items(instruction: Callable[..., bytes]) -> None:
    read = read_instruction(instruction(MESSAGE, ITEMS))
    assert (read.message_id, read.total_fen) == (MESSAGE, 30_050)
    assert (read.file_date, read.requested_on) == (date(2026, 3, 2), date(2026, 3, 3))
    assert read.items.rows() == [
        ("ABCDEFGH234500000000", "6217000000000000001", "张三", 10_000),
        ("ABCDEFGH234500000001", "6217000000000000002", "买买提·艾力", 20_050),
    ]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"H01", b"H02", "9003"),
        (b"\r\nD00000002", b"\r\nD00000003", "9003"),
        (b"\r\nT", b"\r\nX", "9003"),
        (b"20260303", b"20261303", "9003"),
        (b"00000002000000000000030050\r\nD", b"00000002000000000000030051\r\nD", "9004"),
        (b"T00000002", b"T00000001", "9004"),
        ("张三".encode("gb18030"), b"\xd5\xff\xc8\xfd", "9006"),
        (b"000000000010000", b"00000000001000x", "9003"),
        (b"ABCDEFGH234500000001", b"ABCDEFGH234500000000", "9003"),
        (b"\r\nT", b"\r\n T", "9003"),
    ],
)
def test_refuses_by_code(instruction: Callable[..., bytes], old: bytes, new: bytes, code: str) -> None:
    content = instruction(MESSAGE, ITEMS)
    assert content.count(old) >= 1
    with pytest.raises(FileUnreadable) as refused:
        read_instruction(content.replace(old, new))
    assert refused.value.code == code


def test_refuses_every_cut(instruction: Callable[..., bytes]) -> None:
    content = instruction(MESSAGE, ITEMS)
    for length in range(0, len(content), 7):
        with pytest.raises(FileUnreadable):
            read_instruction(content[:length])


def test_writes_returns_and_refusals_octet_by_octet() -> None:
    row = ("ABCDEFGH234500000001", "621", 20_050, "RETURNED", "0009", "已销户", "92X", date(2026, 3, 3))
    written = answer_file(
        MESSAGE, Kind.RETURN, date(2026, 3, 2), pl.DataFrame([row], schema=ANSWER_SCHEMA, orient="row")
    )
    assert written == (
        b"H01ABCDEFGH2345F0001B2026030200000001000000000000020050\r\n"
        b"D00000001ABCDEFGH234500000001" + b"621".ljust(32) + b"00000000002005030009"
        + "已销户".encode("gb18030").ljust(60) + b"92X".ljust(24) + b"20260303\r\n"
        b"T00000001000000000000020050\r\n"
    )  # fmt: skip
    refusal = acknowledgement(MESSAGE, date(2026, 3, 2), "9002", "验签失败")
    assert refusal == b"H01ABCDEFGH2345F0001202603029002" + "验签失败".encode("gb18030").ljust(60) + b"\r\n"
