"""CSV and TSV: headers, character sets, amounts, refused rows, and that both ways of reading agree."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from messages.batch.delimited_lines import DelimitedLines
from messages.batch.reading import UnreadableContent, parse_content_type, read_items

ENGLISH = "item_id,payee_kind,name,id_type,id_number,account,account_kind,bank_code,amount_fen"
CHINESE = "明细编号,补贴对象类别,姓名,证件类型,身份证号,社会保障卡银行账户,账户类别,行号,手机号,金额（元）,备注"
ROW = "A-1,PERSON,张三,RESIDENT_ID,11010519491231002X,6217990000000000006,BANK_CARD,403100000004,150000"
BUREAU = "A-1,个人,张三,居民身份证,11010519491231002X,6217990000000000006,社会保障卡,403100000004,,{},"


def csv_of(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def test_english_columns(read: Any) -> None:
    block = read(csv_of(ENGLISH, ROW), "text/csv")
    row = block.items.row(0, named=True)
    assert (row["item_id"], row["amount_fen"], row["mobile"], row["line_no"]) == ("A-1", 150000, None, 2)
    assert block.lines == 1


@pytest.mark.parametrize("mark", [b"", b"\x84\x31\x95\x33"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_bureaus_export_in_gb18030(read: Any, mark: bytes, end: str) -> None:
    content = end.join([CHINESE, BUREAU.format("1500.5"), BUREAU.format("0.01").replace("张三", "䶮·𠀀")]).encode(
        "gb18030"
    )
    items = read(mark + content, "text/csv; charset=GBK").items
    assert items["amount_fen"].to_list() == [150050, 1]
    assert items["name"].to_list() == ["张三", "䶮·𠀀"]
    assert items.select("payee_kind", "id_type", "account_kind", "mobile", "remark").row(0) == (
        "PERSON",
        "RESIDENT_ID",
        "SOCIAL_SECURITY_CARD",
        None,
        None,
    )


def test_tabs(read: Any) -> None:
    content = csv_of(ENGLISH.replace(",", "\t"), ROW.replace(",", "\t"))
    assert read(b"\xef\xbb\xbf" + content, "text/tab-separated-values").items.height == 1


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("1", 100),
        ("1.2", 120),
        ("1.23", 123),
        ("0.07", 7),
        ("-1.5", -150),
        ("007", 700),
        ("99999999999.99", 9999999999999),
    ],
)
def test_yuan_become_fen_exactly(read: Any, text: str, fen: int) -> None:
    assert read(csv_of(CHINESE, BUREAU.format(text)), "text/csv").items["amount_fen"].to_list() == [fen]


@pytest.mark.parametrize("text", ["1.234", "1,5", "1e3", "￥1", "１", "1.", ".5", "+1", " 1", "nan", "1" * 12])
def test_yuan_written_otherwise_are_refused(read: Any, text: str) -> None:
    block = read(csv_of(CHINESE, BUREAU.format(f'"{text}"')), "text/csv")
    assert block.findings.select("line_no", "item_id", "field", "code", "amount_fen").rows() == [
        (2, "A-1", "amount_fen", "AMOUNT_FORMAT", None)
    ]
    assert (block.items.height, block.lines) == (0, 1)


@pytest.mark.parametrize("text", ["1.0", "1e3", "x", "１", "+1", "1" * 14])
def test_fen_written_otherwise_are_refused(read: Any, text: str) -> None:
    block = read(csv_of(ENGLISH, ROW.replace("150000", text), ROW), "text/csv")
    assert block.findings["code"].to_list() == ["AMOUNT_FORMAT"]
    assert block.items["line_no"].to_list() == [3]


@pytest.mark.parametrize(
    ("bad", "codes"),
    [
        (ROW + ",", ["COLUMN_COUNT"]),
        ("A-1,PERSON", ["COLUMN_COUNT"]),
        (ROW.replace("张三", '"张三'), ["LINE_NOT_CSV"]),
        (ROW.replace("张三", '"张"三'), ["LINE_NOT_CSV"]),
        (ROW.replace("张三", '"张\n三"'), ["COLUMN_COUNT", "LINE_NOT_CSV"]),
        (ROW.replace("张三", "张\x00三"), ["LINE_NUL"]),
        (ROW.replace("张三", "张\r三"), ["LINE_NOT_CSV"]),
        (ROW.replace("张三", "张" * 30000), ["LINE_TOO_LONG"]),
        (ROW.replace("张三", "\udcff"), ["LINE_ENCODING"]),
    ],
)
def test_a_bad_row_is_found_alone(read: Any, bad: str, codes: list[str]) -> None:
    content = "\n".join([ENGLISH, ROW, bad, ROW]).encode("utf-8", "surrogateescape")
    block = read(content, "text/csv")
    assert sorted(block.findings["code"]) == codes
    assert block.items["line_no"].to_list() == [2, 3 + len(bad.split("\n"))]
    assert block.lines == 2 + len(bad.split("\n"))


def test_quoted_cells(read: Any) -> None:
    row = ROW.replace("张三", '"XX ""Farm"", 张"')
    assert read(csv_of(ENGLISH, row), "text/csv").items["name"].to_list() == ['XX "Farm", 张']


@pytest.mark.parametrize(
    ("header", "code", "named"),
    [
        (ENGLISH.replace(",bank_code", ""), "HEADER_COLUMN_MISSING", "bank_code"),
        (ENGLISH + ",户名", "HEADER_COLUMN_REPEATED", "name"),
        (ENGLISH + ",金额", "HEADER_COLUMN_REPEATED", "amount_fen"),
        (ENGLISH + ",奖金", "HEADER_COLUMN_UNKNOWN", "奖金"),
        (ROW, "HEADER_ROW", ""),
        ("", "EMPTY_CONTENT", ""),
        ("\n \n", "EMPTY_CONTENT", ""),
    ],
)
def test_a_wrong_header_refuses_the_file(read: Any, header: str, code: str, named: str) -> None:
    with pytest.raises(UnreadableContent) as refused:
        read(header.encode(), "text/csv")
    assert refused.value.code == code
    assert named in refused.value.en
    assert named in refused.value.zh
    assert "张三" not in refused.value.en + refused.value.zh


def test_a_header_in_the_wrong_character_set(read: Any) -> None:
    with pytest.raises(UnreadableContent, match="EMPTY_CONTENT"):
        read(csv_of(CHINESE, BUREAU.format("1")).decode().encode("gb18030"), "text/csv")
    with pytest.raises(UnreadableContent, match="CHARSET_MISMATCH"):
        read(b"\xef\xbb\xbf" + csv_of(CHINESE, BUREAU.format("1")), "text/csv; charset=gb18030")


@pytest.mark.parametrize(
    "text",
    ["", "application/json", "text/csv; charset=big5", "application/x-ndjson; charset=gbk", "text/html", "x\r\ny: z"],
)
def test_other_content_types_are_refused(text: str) -> None:
    with pytest.raises(UnreadableContent, match="CONTENT_TYPE"):
        parse_content_type(text)


CELL = st.one_of(
    st.text(max_size=4),
    st.sampled_from(['"a,b"', '"a""b"', '"', '""', "1", "1.5", "张三", "个人", "\r", "\0", ' "x"', "a\tb"]),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(CELL, min_size=7, max_size=11), max_size=10),
    st.sampled_from(["text/csv", "text/tab-separated-values", "text/csv; charset=gb18030"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_the_fast_and_the_exact_reading_agree(rows: list[list[str]], media_type: str, end: str) -> None:
    kind = parse_content_type(media_type)
    delimiter = "\t" if "tab" in media_type else ","
    text = end.join([ENGLISH.replace(",", delimiter), *(delimiter.join(row) for row in rows)])
    content = text.encode(kind.charset, "replace")
    fast = list(read_items([content], kind))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DelimitedLines, "fitting", lambda _self, lines: lines.is_null())
        exact = list(read_items([content], kind))
    for one, other in zip(fast, exact, strict=True):
        assert one.lines == other.lines
        assert_frame_equal(one.items, other.items)
        assert_frame_equal(one.findings, other.findings)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["application/x-ndjson", "text/csv", "text/csv; charset=gb18030"]))
def test_any_octets_are_read_or_refused_never_worse(content: bytes, media_type: str) -> None:
    prefix = b"\n" if "json" in media_type else ENGLISH.encode() + b"\n"
    for block in read_items([prefix + content], parse_content_type(media_type)):
        assert block.lines == block.items.height + block.findings["line_no"].n_unique()
