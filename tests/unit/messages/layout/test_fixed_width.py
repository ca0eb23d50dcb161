"""Columns to bytes and back: exact widths, nothing cut, nothing guessed."""

from __future__ import annotations

import pickle
from datetime import date
from typing import Any

import polars as pl
import pytest

from messages.layout.errors import CannotWrite, LayoutError
from messages.layout.file import CHUNK_OCTETS, LayoutFile, compiled
from messages.layout.model import Layout
from messages.layout.vocabulary import MessageName

HEAD: dict[str, Any] = {
    "message_id": "M1",
    "requested_on": date(2026, 2, 28),
    "created_on": None,
    "rows": 2,
    "total_fen": 100_007,
}
ITEMS = pl.DataFrame(
    {
        "reference": ["R1", "R2"],
        "name": ["阿·力", "Ann  Lee"],
        "remark": [None, "春耕"],
        "account": ["62-1", "A" * 20],
        "bank_code": [None, "402738090017"],
        "id_type": ["PASSPORT", None],
        "amount_fen": [7, 100_000],
    }
)


@pytest.fixture
def file(every_kind: Layout) -> LayoutFile:
    return compiled(every_kind, MessageName.INSTRUCTION, "gb18030")


def built(file: LayoutFile, items: pl.DataFrame = ITEMS, **head: object) -> bytes:
    return b"".join(file.build({**HEAD, **head}, [items]))  # type: ignore[dict-item]


def test_every_kind_is_written_as_the_layout_says(file: LayoutFile) -> None:
    name = "阿·力".encode("gb18030")
    assert built(file).split(b"\r\n") == [
        b"HDR" + b" " * 15 + b"M1" + b"2026-02-28" + b" " * 10 + b"     2" + b"1000.07       ",
        b"0001R1" + b" " * 18 + name + b" " * 24 + b" " * 20 + b" " * 4 + b" " * 16 + b"62-1" + b" " * 12 + b"B2000000000.07",
        b"0002R2" + b" " * 18 + b"Ann  Lee" + b" " * 22 + b" " * 16 + "春耕".encode("gb18030") + b" " * 4
        + b"A" * 20 + b"402738090017" + b"  " + b"000001000.00",
        b"T0000000000100007",
        b"",
    ]  # fmt: skip


def test_every_kind_is_read_back(file: LayoutFile) -> None:
    parsed = file.parse([built(file)])
    assert pl.concat(parsed.blocks).select(ITEMS.columns).equals(ITEMS)
    assert parsed.head == HEAD
    assert parsed.trailer == {"total_fen": 100_007}


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("name", "长" * 16, "has 32 octets, the field has 30"),
        ("name", "𠮷" * 8, "has 32 octets, the field has 30"),
        ("name", "", "is empty"),
        ("name", "   ", "is empty"),
        ("name", None, "is empty"),
        ("name", "two\nlines", "holds a control character"),
        ("name", "del\x7f", "holds a control character"),
        ("remark", "\t", "holds a control character"),
        ("account", "6217 0000", "holds something other than printable ASCII"),
        ("account", "６２１７", "holds a character that ASCII does not have"),
        ("account", None, "is empty"),
        ("bank_code", "40273809001", "has 11 octets, not exactly 12"),
        ("bank_code", "40273809001X", "holds something other than the digits 0 to 9"),
        ("id_type", "USCC", "has no code in the bank's list"),
        ("amount_fen", 10**11, "is empty, negative or too long"),
        ("amount_fen", -1, "is empty, negative or too long"),
        ("amount_fen", None, "is empty, negative or too long"),
    ],
)
def test_what_does_not_fit_is_told_never_cut(file: LayoutFile, column: str, value: object, why: str) -> None:
    items = ITEMS.with_columns(pl.Series(column, [ITEMS[column][0], value], dtype=ITEMS.schema[column]))
    if why.startswith("holds a character that"):
        why = "holds something other than printable ASCII"
    assert [tuple(finding) for finding in file.check(items)] == [(1, column, why)]
    with pytest.raises(CannotWrite) as refused:
        built(file, items)
    assert refused.value.findings == file.check(items)
    assert refused.value.findings == pickle.loads(pickle.dumps(refused.value)).findings  # noqa: S301


def test_the_encoding_s_own_repertoire_counts(every_kind: Layout) -> None:
    rare = ITEMS.with_columns(pl.Series("name", ["阿·力", "𠮷"]))
    assert compiled(every_kind, MessageName.INSTRUCTION, "gb18030").check(rare) == []
    findings = compiled(every_kind, MessageName.INSTRUCTION, "gbk").check(rare)
    assert findings[0].why == "holds a character that GBK does not have"
    assert compiled(every_kind, MessageName.INSTRUCTION, "utf-8").check(rare) == []


def test_only_the_columns_given_are_judged(file: LayoutFile) -> None:
    assert file.check(ITEMS.select("name")) == []
    assert file.check(ITEMS.clear()) == []


def test_a_head_that_does_not_fit_is_told_before_any_byte(file: LayoutFile) -> None:
    assert [finding.source for finding in file.check_head({**HEAD, "message_id": "M" * 18})] == ["message_id"]
    with pytest.raises(CannotWrite):
        next(file.build({**HEAD, "message_id": None}, [ITEMS]))


@pytest.mark.parametrize("wrong", [{"rows": 3}, {"total_fen": 1}])
def test_a_head_that_promises_something_else_is_our_fault(file: LayoutFile, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="the head promises"):
        built(file, **wrong)


def test_a_reference_twice_in_an_instruction_is_our_fault(file: LayoutFile) -> None:
    with pytest.raises(ValueError, match="each once"):
        built(file, ITEMS.with_columns(pl.lit("R1").alias("reference")))


REPLACED = [
    (b"HDR", b"HDX", "line 1, field mark, clause 1.1"),
    (b"2026-02-28", b"2026-02-30", "is not a date written YYYY-MM-DD (line 1, field day"),
    (b"2026-02-28", b"2026/02/28", "is not a date written YYYY-MM-DD"),
    (b"2026-02-28", b" " * 10, "is blank, and must not be"),
    (b"     2", b"     3", "says 3, the details make 2 (line 1, field count, clause 1.5)"),
    (b"     2", b"    02", "is not a number"),
    (b"     2", b"     -", "is not a number"),
    (b"     2", b"      ", "is not a number"),
    (b"1000.07 ", b"1000.70 ", "says 100070, the details make 100007"),
    (b"1000.07 ", b"01000.07", "is not an amount with two decimals"),
    (b"1000.07 ", b"1000.7  ", "is not an amount with two decimals"),
    (b"1000.07 ", b"1000 07 ", "something other than printable ASCII"),
    (b"0002R2", b"0003R2", "is not the next number of the file (line 3, field number, clause 2.1)"),
    (b"0002R2", b"0001R2", "is not the next number"),
    (b"0002R2", b"000 R2", "holds something other than the digits 0 to 9"),
    (b"0002R2", b"0002R1", "stands in the file twice (line 3, field item, clause 2.2)"),
    (b"0002R2", b"0002  ", "is blank, and must not be (line 3"),
    (b"0002R2 ", b"0002 R2", "something other than printable ASCII"),
    (b"Ann  Lee", b"Ann\x00 Lee", "holds a control character (line 3)"),
    (b"Ann  Lee ", b"Ann  Lee\xff", "is not GB18030 (line 3, field name, clause 2.3)"),
    (b"402738090017", b"40273809001 ", "holds something other than the digits 0 to 9"),
    (b"402738090017", b" " * 11 + b"7", "holds something other than the digits 0 to 9"),
    (b"B2", b"B3", "is not a code of the bank's list (line 2, field id_kind, clause 2.8)"),
    (b"000001000.00", b"000001000.0 ", "something other than printable ASCII"),
    (b"000001000.00", b"000001000,00", "is not an amount with two decimals"),
    (b"000001000.00", b"-00001000.00", "is not an amount with two decimals"),
    (b"000001000.00", b"000001000.01", "says 100007, the details make 100008 (line 1"),
    (b"T0000000000100007", b"T0000000000100008", "says 100008, the details make 100007 (line 4"),
    (b"T0000000000100007\r\n", b"", "from here the file does not go on in whole records"),
    (b"T0000000000100007\r\n", b"T0000000000100007", "whole records (line 3)"),
    (b"T0000000000100007\r\n", b"T0000000000100007\n\n", "is not a record of exactly 17 octets"),
    (b"\r\n0002", b"\n\n0002", "is not a record of exactly 124 octets and CR LF (line 2)"),
    (b"Ann  Lee", b"Ann Lee", "from here the file does not go on in whole records (line 3)"),
    (b"\r\nT0", b"\r\n\r\nT0", "from here the file does not go on in whole records"),
]


@pytest.mark.parametrize(("old", "new", "complaint"), REPLACED)
def test_a_file_that_is_not_the_document_s_is_refused(file: LayoutFile, old: bytes, new: bytes, complaint: str) -> None:
    content = built(file)
    assert content.count(old) == 1
    with pytest.raises(LayoutError) as refused:
        file.parse([content.replace(old, new)])
    assert complaint in str(refused.value)
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)  # noqa: S301


@pytest.mark.parametrize("cut", [0, 1, 61, 62, 100, 300])
def test_a_file_that_ends_early_is_refused(file: LayoutFile, cut: int) -> None:
    with pytest.raises(LayoutError):
        file.parse([built(file)[:cut]])


def test_an_acknowledgement_is_one_record(rural: Layout) -> None:
    file = compiled(rural, MessageName.ACKNOWLEDGEMENT, "gb18030")
    head = {
        "original_message_id": "M",
        "created_on": date(2026, 1, 2),
        "group_status_raw": "E1",
        "group_text_raw": None,
    }
    content = b"".join(file.build(head, []))
    assert file.parse([content[:50], content[50:]]).head == head
    assert file.most_rows(1_000_000) == 0
    with pytest.raises(LayoutError, match="whole records"):
        file.parse([content + b"\r\n"])


def test_a_file_without_details_is_sound(rural: Layout) -> None:
    file = compiled(rural, MessageName.RESULT, "gb18030")
    head = {"original_message_id": "M", "created_on": date(2026, 1, 2), "rows": 0, "total_fen": 0}
    assert file.parse(file.build(head, [])).blocks == ()


def test_rows_are_limited_by_octets_and_by_the_layout_s_own_digits(rural: Layout, file: LayoutFile) -> None:
    instruction = compiled(rural, MessageName.INSTRUCTION, "gb18030")
    assert instruction.most_rows(218 + 29 + 3 * 294) == 3
    assert instruction.most_rows(218 + 29 + 3 * 294 - 1) == 2
    assert instruction.most_rows(10) == 0
    assert file.most_rows(2_000_000_000) == 9_999


def test_large_files_go_in_bounded_chunks_and_blocks(rural: Layout) -> None:
    rows = 30_000
    items = pl.DataFrame(
        {
            "reference": [f"R{number:08d}" for number in range(rows)],
            "account": "62170000",
            "amount_fen": range(rows),
            "status_raw": "1",
            "reason_raw": "0037",
            "text_raw": "户名不符",
            "bank_reference": None,
            "settled_on": date(2026, 11, 24),
        },
        schema_overrides={"bank_reference": pl.String},
    )
    head = {
        "original_message_id": "M",
        "created_on": date(2026, 1, 2),
        "rows": rows,
        "total_fen": rows * (rows - 1) // 2,
    }
    file = compiled(rural, MessageName.RESULT, "gb18030")
    chunks = list(file.build(head, [items[:9_999], items[9_999:]]))
    assert max(map(len, chunks)) <= CHUNK_OCTETS
    parsed = file.parse(b"".join(chunks)[start : start + 77_777] for start in range(0, rows * 175 + 86, 77_777))
    assert len(parsed.blocks) > 1
    assert pl.concat(parsed.blocks).select(items.columns).equals(items)


def test_a_sum_beyond_64_bits_is_exact(rural: Layout) -> None:
    items = pl.DataFrame(
        {
            "reference": [f"R{number}" for number in range(12)],
            "account": "1",
            "amount_fen": [999_999_999_999_999] * 12,
            "status_raw": "0",
            "reason_raw": None,
            "text_raw": None,
            "bank_reference": None,
            "settled_on": None,
        },
        schema_overrides={"reason_raw": pl.String, "settled_on": pl.Date},
    )
    head = {"original_message_id": "M", "created_on": date(2026, 1, 2), "rows": 12, "total_fen": 11_999_999_999_999_988}
    file = compiled(rural, MessageName.RESULT, "gb18030")
    assert file.parse(file.build(head, [items])).head["total_fen"] == 11_999_999_999_999_988
