"""Columns to delimited lines and back: decoded text is split, nothing is cut, every line has its fields."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import polars as pl
import pytest

from messages.layout.errors import CannotWrite, LayoutError
from messages.layout.file import CHUNK_OCTETS, LayoutFile, compiled
from messages.layout.head_values import CHINA
from messages.layout.line_cutting import LINE_OCTETS
from messages.layout.model import Layout
from messages.layout.vocabulary import MessageName

HEAD: dict[str, Any] = {
    "message_id": "M1",
    "requested_on": date(2026, 2, 28),
    "created_at": datetime(2026, 2, 27, 16, 30, 5, tzinfo=UTC),
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
FIRST = "0001|R1|阿·力|||62-1||B22|0.07".encode("gb18030")
SECOND = "0002|R2|Ann  Lee|春耕||AAAAAAAAAAAAAAAAAAAA|402738090017||1000.00".encode("gb18030")
DETAILS = FIRST + b"\r\n" + SECOND + b"\r\n"
Reader = Callable[..., Layout]


def instruction(layout: Layout, encoding: str = "gb18030") -> LayoutFile:
    return compiled(layout, MessageName.INSTRUCTION, encoding)


@pytest.fixture
def file(separated: Reader) -> LayoutFile:
    return instruction(separated())


def built(file: LayoutFile, items: pl.DataFrame = ITEMS, **head: object) -> bytes:
    return b"".join(file.build({**HEAD, **head}, [items]))


def sealed(details: bytes, head: bytes | None = None, total: str = "100007") -> bytes:
    """A file around changed details, with the checksum that they have."""
    first = head or b"HDR|M1|2026-02-28|2026-02-28 00:30:05|2|0000000001000.07\r\n"
    return first + details + f"T|{total}|{hashlib.sha256(details).hexdigest().upper()}\r\n".encode()


def test_every_kind_is_written_as_the_layout_says(file: LayoutFile) -> None:
    assert built(file) == sealed(DETAILS)


def test_every_kind_is_read_back(file: LayoutFile) -> None:
    content = built(file)
    parsed = file.parse(content[start : start + 7] for start in range(0, len(content), 7))
    assert pl.concat(parsed.blocks).select(ITEMS.columns).equals(ITEMS)
    assert parsed.head == HEAD | {"created_at": datetime(2026, 2, 28, 0, 30, 5, tzinfo=CHINA)}
    assert parsed.trailer == {"total_fen": 100_007, "checksum": hashlib.sha256(DETAILS).hexdigest().upper()}


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("name", "长" * 16, "has 32 octets, the field has 30"),
        ("name", "𠮷" * 8, "has 32 octets, the field has 30"),
        ("name", "a|b", "holds the delimiter |, and the document has no quotes"),
        ("name", "  ", "is empty"),
        ("name", None, "is empty"),
        ("name", "two\nlines", "holds a control character"),
        ("remark", "\t", "holds a control character"),
        ("remark", "del\x7f", "holds a control character"),
        ("account", "6217 0000", "holds something other than printable ASCII"),
        ("account", "６２", "holds something other than printable ASCII"),
        ("account", "6|2", "holds the delimiter |, and the document has no quotes"),
        ("account", "A" * 21, "has 21 octets, the field has 20"),
        ("bank_code", "40273809001X", "holds something other than the digits 0 to 9"),
        ("bank_code", "4027380900170", "has 13 octets, the field has 12"),
        ("id_type", "USCC", "has no code in the bank's list"),
        ("amount_fen", 10**13, "is empty, negative or too long"),
        ("amount_fen", -1, "is empty, negative or too long"),
        ("amount_fen", None, "is empty, negative or too long"),
    ],
)
def test_what_does_not_fit_is_told_never_cut(file: LayoutFile, column: str, value: object, why: str) -> None:
    items = ITEMS.with_columns(pl.Series(column, [ITEMS[column][0], value], dtype=ITEMS.schema[column]))
    assert [tuple(finding) for finding in file.check(items)] == [(1, column, why)]
    with pytest.raises(CannotWrite) as refused:
        built(file, items)
    assert refused.value.findings == file.check(items)


def test_long_names_that_just_fit_are_no_findings(file: LayoutFile) -> None:
    assert file.check(ITEMS.with_columns(name=pl.lit("长" * 15))) == []
    assert file.check(ITEMS.with_columns(name=pl.lit("𠮷" * 7 + "长"))) == []


def test_the_encoding_s_own_repertoire_counts(separated: Reader) -> None:
    rare = ITEMS.with_columns(pl.Series("name", ["阿·力", "𠮷"]))
    assert instruction(separated()).check(rare) == []
    assert instruction(separated(), "utf-8").check(rare) == []
    assert [tuple(f) for f in instruction(separated(), "gbk").check(rare)] == [
        (1, "name", "holds a character that GBK does not have")
    ]


def test_only_the_columns_given_are_judged(file: LayoutFile) -> None:
    assert file.check(ITEMS.select("name")) == []
    assert file.check(ITEMS.clear()) == []
    assert file.check(ITEMS.select(other="name")) == []


def test_a_character_whose_second_octet_is_the_delimiter_s_is_not_split(file: LayoutFile) -> None:
    # 渱 is 9C 7C and 軀 is DC 7C: the second octet of both is that of "|"
    name = b"\x9c\x7c\xdc\x7c".decode("gb18030")
    items = ITEMS.with_columns(pl.Series("name", [name, "Ann"]))
    content = built(file, items)
    assert b"|R1|\x9c\x7c\xdc\x7c||" in content
    assert pl.concat(file.parse([content]).blocks)["name"].to_list() == [name, "Ann"]


REPLACED = [
    (b"HDR", b"HDX", "is not HDR, which stands here in every such record (line 1, field mark, clause 1.1)"),
    (b"2026-02-28|", b"2026-02-30|", "is not a date written YYYY-MM-DD (line 1, field day"),
    (b"2026-02-28|", b"20260228|", "is not a date written YYYY-MM-DD"),
    (b"2026-02-28|", b"|", "is blank, and must not be"),
    (b" 00:30:05", b" 24:30:05", "is not a moment written YYYY-MM-DD HH:MM:SS (line 1, field made, clause 1.4)"),
    (b" 00:30:05", b"", "is not a moment written"),
    (b"|2|0", b"|3|0", "says 3, the details make 2 (line 1, field count, clause 1.5)"),
    (b"|2|0", b"|02|0", "is not a number"),
    (b"|2|0", b"|-2|0", "is not a number"),
    (b"|2|0", b"||0", "is blank, and must not be"),
    (b"0000000001000.07", b"1000.07", "is not an amount with two decimals"),
    (b"0000000001000.07", b"0000000001000.70", "says 100070, the details make 100007"),
    (b"\r\n0002", b"\n0002", "does not end with CRLF (line 2)"),
    (b"\r\n0002", b"\r\r\n0002", "holds a control character (line 2, field amount, clause 2.9)"),
    (b"0002|R2", b"0003|R2", "is not the next number of the file (line 3, field number, clause 2.1)"),
    (b"0002|R2", b"2|R2", "is not a number (line 3, field number"),
    (b"0002|R2", b"0002|R1", "stands in the file twice (line 3, field item, clause 2.2)"),
    (b"0002|R2", b"0002|", "is blank, and must not be (line 3, field item"),
    (b"0002|R2", b"0002||R2", "has 10 fields, not 9 (line 3)"),
    (b"0002|R2", b"0002R2", "has 8 fields, not 9 (line 3)"),
    (b"0002|R2", b"0002| R2", "holds something other than printable ASCII (line 3, field item, clause 2.2)"),
    (b"0002|R2", b"0002|" + b"R" * 21, "has 21 octets, the field has 20 (line 3"),
    (b"|62-1|", b"||", "is blank, and must not be (line 2, field account, clause 2.6)"),
    (b"Ann  Lee", b"Ann\x00 Lee", "holds a control character (line 3, field name, clause 2.3)"),
    (b"Ann  Lee|", b"   |", "is blank, and must not be (line 3, field name"),
    (b"Ann  Lee|", b"Ann  Lee\xff|", "is not GB18030 (line 3, field name, clause 2.3)"),
    (b"Ann  Lee", b"A" * 31, "has 31 octets, the field has 30 (line 3, field name"),
    (b"402738090017", b"4027380900 7", "holds something other than the digits 0 to 9 (line 3, field bank"),
    (b"B22", b"B23", "is not a code of the bank's list (line 2, field id_kind, clause 2.8)"),
    (b"|1000.00", b"|1000.0", "is not an amount with two decimals (line 3, field amount, clause 2.9)"),
    (b"|1000.00", b"|1000,00", "is not an amount with two decimals"),
    (b"|1000.00", b"|-1000.00", "is not an amount with two decimals"),
    (b"|1000.00", b"|01000.00", "is not an amount with two decimals"),
    (b"|1000.00", b"|1e3", "is not an amount with two decimals"),
    (b"|1000.00", b"|100000000000000.00", "is not an amount with two decimals"),
    (b"|1000.00", b"|1000.01", "says 100007, the details make 100008 (line 1"),
]


@pytest.mark.parametrize(("old", "new", "complaint"), REPLACED)
def test_a_file_that_is_not_the_document_s_is_refused(file: LayoutFile, old: bytes, new: bytes, complaint: str) -> None:
    head, details = sealed(b"").partition(b"\r\n")[0] + b"\r\n", DETAILS
    assert (head + details).count(old) == 1
    with pytest.raises(LayoutError) as refused:
        file.parse([sealed(details.replace(old, new), head.replace(old, new))])
    assert complaint in str(refused.value)


def test_a_line_more_and_one_less_field_do_not_cancel_out(file: LayoutFile) -> None:
    details = DETAILS.replace(b"0001|R1", b"0001|R1|").replace(b"0002|R2", b"0002R2")
    with pytest.raises(LayoutError, match=r"has 10 fields, not 9 \(line 2\)"):
        file.parse([sealed(details)])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "the file is empty (line 1)"),
        (b"HDR|M1", "the line does not end (line 1)"),
        (b"x" * (LINE_OCTETS + 1), f"the line has more than {LINE_OCTETS} octets (line 1)"),
        (sealed(DETAILS)[:-2], "the last line does not end (line 4)"),
        (sealed(DETAILS).partition(b"\r\n")[0] + b"\r\n", "the file ends without its trailer (line 2)"),
        (sealed(DETAILS) + b"\r\n", "has 3 fields, not 9 (line 4)"),
        (sealed(DETAILS).replace(b"T|", b"U|"), "is not T, which stands here in every such record (line 4"),
        (sealed(DETAILS)[:-3] + b"x\r\n", "the details make"),
        (sealed(DETAILS)[:-3] + b"\r\n", "the details make"),
        (sealed(DETAILS, total="100008"), "says 100008, the details make 100007 (line 4, field total, clause 3.2)"),
        (sealed(DETAILS).replace(b"62-1", b"62-2"), "(line 4, field check, clause 3.3)"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(file: LayoutFile, content: bytes, complaint: str) -> None:
    with pytest.raises(LayoutError) as refused:
        file.parse([content])
    assert complaint in str(refused.value)


def test_a_promise_that_the_items_do_not_keep_is_our_fault(file: LayoutFile) -> None:
    for wrong in ({"rows": 3}, {"total_fen": 1}):
        with pytest.raises(ValueError, match="the head promises"):
            built(file, **wrong)
    assert [finding.source for finding in file.check_head({**HEAD, "message_id": "M" * 18})] == ["message_id"]


QUOTING = """{delimiter: ",", quote: "'", line_end: LF}"""


def test_text_with_a_delimiter_or_a_quote_is_quoted(separated: Reader) -> None:
    file = instruction(separated(QUOTING))
    items = ITEMS.with_columns(pl.Series("name", ["a,b", "d'Arc"]), pl.Series("remark", ["'", None]))
    content = built(file, items)
    lines = content.split(b"\n")
    assert lines[1] == b"0001,R1,'a,b','''',,62-1,,B22,0.07"
    assert lines[2] == b"0002,R2,'d''Arc',,,AAAAAAAAAAAAAAAAAAAA,402738090017,,1000.00"
    assert pl.concat(file.parse([content]).blocks).select(ITEMS.columns).equals(items)


@pytest.mark.parametrize(
    ("name", "read"),
    [(b"'Ann'", "Ann"), (b"'a,b'", "a,b"), (b"'a''b'", "a'b"), (b"''''", "'"), (b"'a'',''b'", "a','b")],
)
def test_quotes_are_taken_off(separated: Reader, name: bytes, read: str) -> None:
    file = instruction(separated(QUOTING))
    content = built(file).replace(b"Ann  Lee", name)
    content = sealed_as(content)
    assert pl.concat(file.parse([content]).blocks)["name"].to_list() == ["阿·力", read]


def sealed_as(content: bytes) -> bytes:
    """The same file with the checksum that its details have."""
    head, _, rest = content.partition(b"\n")
    details, _, _ = rest.rpartition(b"T,")
    return head + b"\n" + details + f"T,100007,{hashlib.sha256(details).hexdigest().upper()}\n".encode()


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        (b"'Ann", "has a quote that is not closed (line 3, field name, clause 2.3)"),
        (b"Ann'", "holds a quote, and does not begin with one (line 3, field name, clause 2.3)"),
        (b"A'n'n", "holds a quote, and does not begin with one (line 3, field name"),
        (b"'Ann'x", "goes on behind its closing quote (line 3, field name"),
        (b"'a,b", "has a quote that is not closed (line 3, field name"),
        (b"'a\nb'", "has a quote that is not closed (line 3, field name"),
        (b"''", "is blank, and must not be (line 3, field name"),
    ],
)
def test_a_misplaced_quote_is_refused(separated: Reader, name: bytes, complaint: str) -> None:
    file = instruction(separated(QUOTING))
    with pytest.raises(LayoutError) as refused:
        file.parse([sealed_as(built(file).replace(b"Ann  Lee", name))])
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    "rule",
    [
        '{delimiter: "|", line_end: LF, ends_with_delimiter: yes}',
        '{delimiter: "\\t"}',
        '{delimiter: "||", ends_with_delimiter: yes}',
        '{delimiter: "|+|", quote: "~"}',
        '{delimiter: "@@", quote: \'"\', ends_with_delimiter: yes, line_end: LF}',
    ],
)
def test_every_way_to_separate(separated: Reader, rule: str) -> None:
    file = instruction(separated(rule))
    content = built(file)
    assert pl.concat(file.parse([content]).blocks).select(ITEMS.columns).equals(ITEMS)
    layout = separated(rule)
    assert layout.delimited is not None
    ends = (layout.delimited.delimiter.encode() if layout.delimited.ends_with_delimiter else b"") + (
        b"\r\n" if layout.delimited.line_end == "CRLF" else b"\n"
    )
    assert content.count(ends) == 4
    for broken in (content.replace(ends, b"x" + ends[-2:], 1), content[: -len(ends)], content.replace(ends, b"", 2)):
        with pytest.raises(LayoutError):
            file.parse([broken])


def test_the_beginning_of_a_long_delimiter_at_the_end_of_a_word_is_no_word(separated: Reader) -> None:
    items = ITEMS.with_columns(pl.Series("name", ["a|", "b"]))
    file = instruction(separated('{delimiter: "||"}'))
    assert [tuple(finding) for finding in file.check(items)] == [
        (0, "name", "holds the delimiter ||, and the document has no quotes")
    ]
    assert instruction(separated('{delimiter: "||"}')).check(items.with_columns(name=pl.lit("|a"))) == []
    quoting = instruction(separated('{delimiter: "||", quote: "~"}'))
    assert pl.concat(quoting.parse([built(quoting, items)]).blocks)["name"].to_list() == ["a|", "b"]


def test_a_tab_within_text_is_a_control_character_even_where_it_separates(separated: Reader) -> None:
    file = instruction(separated('{delimiter: "\\t", quote: "~"}'))
    items = ITEMS.with_columns(pl.Series("name", ["a\tb", "b"]))
    assert [tuple(finding) for finding in file.check(items)] == [(0, "name", "holds a control character")]


RESULT_HEAD = {"original_message_id": "M", "created_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=CHINA)}


def results(rows: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "reference": [f"R{number:08d}" for number in range(rows)],
            "status_raw": "1",
            "amount_fen": range(rows),
            "text_raw": ["户名不符" if number % 3 else None for number in range(rows)],
            "settled_on": date(2026, 11, 24),
        }
    )


def test_large_files_go_in_bounded_chunks_and_blocks(separated: Reader) -> None:
    rows = 80_000
    items, file = results(rows), compiled(separated(), MessageName.RESULT, "gb18030")
    chunks = list(file.build(RESULT_HEAD | {"rows": rows, "total_fen": rows * (rows - 1) // 2}, [items[:9], items[9:]]))
    assert max(map(len, chunks)) <= CHUNK_OCTETS
    content = b"".join(chunks)
    for pieces in ([content], [content[start : start + 77_777] for start in range(0, len(content), 77_777)]):
        parsed = file.parse(pieces)
        assert len(parsed.blocks) > 1
        assert pl.concat(parsed.blocks).select(items.columns).equals(items)
        assert parsed.head == {"original_message_id": "M", "created_at": time(3, 4, 5)}
    wrong = content.replace(b"R00079999|1|", b"R00079999|1||")
    with pytest.raises(LayoutError, match=r"has 6 fields, not 5 \(line 80001\)"):
        file.parse([wrong])


def test_a_file_without_details_is_sound(separated: Reader) -> None:
    file = compiled(separated(), MessageName.RESULT, "gb18030")
    assert file.parse(file.build(RESULT_HEAD | {"rows": 0, "total_fen": 0}, [])).blocks == ()


def test_an_acknowledgement_is_one_line(village: Layout) -> None:
    file = compiled(village, MessageName.ACKNOWLEDGEMENT, "gb18030")
    head = {
        "original_message_id": "M",
        "created_on": date(2026, 1, 2),
        "created_at": None,
        "group_status_raw": "E1",
        "group_text_raw": None,
    }
    content = b"".join(file.build(head, []))
    assert content == b"DA|M|20260102||E1|\r\n"
    assert file.parse([content[:9], content[9:]]).head == head
    assert file.most_rows(1_000_000) == 0
    with pytest.raises(LayoutError, match=r"the document has no details \(line 2\)"):
        file.parse([content + content])


def test_rows_are_limited_by_octets_and_by_the_layout_s_own_digits(village: Layout, file: LayoutFile) -> None:
    longest = 8 + 60 + 16 + 32 + 7 + 1 + 20 + 1 + 20 + 8 + 2
    head = 2 + 17 + 8 + 7 + 32 + 60 + 8 + 18 + 7 + 2
    instructions = compiled(village, MessageName.INSTRUCTION, "gb18030")
    assert instructions.most_rows(head + 3 * longest) == 3
    assert instructions.most_rows(head + 3 * longest - 1) == 2
    assert file.most_rows(2_000_000_000) == 9_999


INQUIRY = """\
  inquiry:
    title: 查询
    clause: "6"
    header:
      - {clause: 6.1, name: id, kind: identifier, source: original_message_id, title: 编号}
    detail:
      - {clause: 6.2, name: item, kind: reference, source: reference, title: 参考号}
  result:
"""


def test_a_record_of_one_field_has_no_delimiter(separated: Reader) -> None:
    file = compiled(separated(None, ("  result:\n", INQUIRY)), MessageName.INQUIRY, "utf-8")
    content = b"".join(file.build({"original_message_id": "M"}, [pl.DataFrame({"reference": ["R1", "R2"]})]))
    assert content == b"M\r\nR1\r\nR2\r\n"
    assert file.parse([content]).blocks[0]["reference"].to_list() == ["R1", "R2"]
    for wrong in (b"M\r\nR1\r\n\r\n", b"M\r\nR1|\r\n"):
        with pytest.raises(LayoutError):
            file.parse([wrong])
