"""NDJSON: what is read, what is refused, and that both ways of reading agree."""

from __future__ import annotations

import json
from typing import Any

import orjson
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from messages.batch import line_blocks as line_blocks_module
from messages.batch.columns import ITEM_SCHEMA, REJECTION_SCHEMA
from messages.batch.line_blocks import line_blocks
from messages.batch.ndjson_lines import NdjsonLines
from messages.batch.reading import UnreadableContent, parse_content_type, read_items


def test_a_line_becomes_a_row_in_canonical_order(read: Any, item: dict[str, Any]) -> None:
    block = read(orjson.dumps(item) + b"\n")
    assert block.items.schema == pl.Schema({**ITEM_SCHEMA, "line_no": pl.UInt32})
    assert block.items.row(0) == (*item.values(), 1)
    assert block.findings.schema == pl.Schema(REJECTION_SCHEMA)
    assert (block.lines, block.findings.height) == (1, 0)


@pytest.mark.parametrize("ascii_only", [True, False])
def test_escapes_and_spacing_do_not_matter(read: Any, item: dict[str, Any], ascii_only: bool) -> None:
    item["name"] = '𠀀\u0000/\\"\t'
    line = json.dumps(item, ensure_ascii=ascii_only).encode()
    assert read(line + b"\r\n").items.row(0) == (*item.values(), 1)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda t: t.replace("150000", '"150000"'), [("AMOUNT_FORMAT", "amount_fen")]),
        (lambda t: t.replace("150000", "150000.0"), [("AMOUNT_FORMAT", "amount_fen")]),
        (lambda t: t.replace("150000", "1e3"), [("AMOUNT_FORMAT", "amount_fen")]),
        (lambda t: t.replace("150000", "true"), [("AMOUNT_FORMAT", "amount_fen")]),
        (lambda t: t.replace("150000", "10000000000000"), [("AMOUNT_FORMAT", "amount_fen")]),
        (lambda t: t.replace("150000", "9" * 30), [("AMOUNT_FORMAT", "amount_fen")]),
        (lambda t: t.replace("150000", "9" * 5000), [("LINE_NOT_JSON", "line")]),
        (lambda t: t.replace("150000", "015"), [("LINE_NOT_JSON", "line")]),
        (lambda t: t.replace("150000", "NaN"), [("LINE_NOT_JSON", "line")]),
        (lambda t: t.replace('"13800138000"', "13800138000"), [("FIELD_TYPE", "mobile")]),
        (lambda t: t.replace('"13800138000"', "[" * 900 + "]" * 900), [("FIELD_TYPE", "mobile")]),
        (lambda t: t.replace('"13800138000"', "[" * 20000 + "]" * 20000), [("LINE_NOT_JSON", "line")]),
        (lambda t: t.replace("}", ',"name":"李四"}'), [("DUPLICATE_FIELD", "line")]),
        (lambda t: t.replace("}", ',"n\\u0061me":"李四"}'), [("DUPLICATE_FIELD", "line")]),
        (lambda t: t.replace("}", ',"bonus":1}'), [("UNKNOWN_FIELD", "line")]),
        (lambda t: t.replace("}", ',"bonus":1,"mobile":true}'), None),
        (lambda t: "[" + t + "]", [("LINE_NOT_OBJECT", "line")]),
        (lambda t: t[:-1], [("LINE_NOT_JSON", "line")]),
        (lambda t: t + t, [("LINE_NOT_JSON", "line")]),
        (lambda t: t.replace("春季", "\x00"), [("LINE_NUL", "line")]),
        (lambda t: t.replace("春季", "\x01"), [("LINE_NOT_JSON", "line")]),
        (lambda t: t.replace("春季", "\\ud800"), [("LINE_NOT_JSON", "line")]),
        (lambda t: t.replace("春季", "\udcff"), [("LINE_ENCODING", "line")]),
        (lambda t: t.replace("春季", "x" * 65536), [("LINE_TOO_LONG", "line")]),
    ],
)
def test_a_bad_line_is_found_alone(read: Any, item: dict[str, Any], change: Any, found: Any) -> None:
    text = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
    lines = [text.encode(), change(text).encode("utf-8", "surrogateescape"), text.encode()]
    block = read(b"\n".join(lines))
    assert block.items["line_no"].to_list() == [1, 3]
    assert block.lines == 3
    assert set(block.findings["line_no"]) == {2}
    if found is not None:
        assert block.findings.select("code", "field").rows() == found


def test_what_a_refused_line_is_known_by(read: Any, item: dict[str, Any]) -> None:
    wrong = read(orjson.dumps({**item, "mobile": 1})).findings
    assert wrong.select("item_id", "amount_fen").row(0) == ("A-1", 150000)
    doubled = read(orjson.dumps(item)[:-1] + b',"item_id":"B"}').findings
    assert doubled.select("item_id", "amount_fen").row(0) == (None, None)


def test_absent_null_and_empty_mean_not_given(read: Any, item: dict[str, Any]) -> None:
    shorter = {name: value for name, value in item.items() if name != "mobile"}
    content = b"\n".join(map(orjson.dumps, [item, {**item, "mobile": None}, {**item, "mobile": ""}, shorter, {}]))
    block = read(content)
    assert block.items["mobile"].to_list() == ["13800138000", None, None, None, None]
    assert block.items["amount_fen"].to_list()[-1] is None


def test_blank_lines_are_counted_as_lines_but_not_as_items(read: Any, item: dict[str, Any]) -> None:
    line = orjson.dumps(item)
    block = read(b"\n\r\n" + line + b"\n  \n\n" + line + b"\n\n")
    assert block.items["line_no"].to_list() == [3, 6]
    assert (block.lines, block.findings.height) == (2, 0)


def test_marks_at_the_beginning(read: Any, item: dict[str, Any]) -> None:
    assert read(b"\xef\xbb\xbf" + orjson.dumps(item)).items.height == 1
    for mark, code in ((b"\xff\xfe", "UTF16"), (b"\x84\x31\x95\x33", "CHARSET_MISMATCH")):
        with pytest.raises(UnreadableContent) as refused:
            read(mark + orjson.dumps(item))
        assert refused.value.code == code


def test_too_many_items_are_refused(item: dict[str, Any]) -> None:
    content = (orjson.dumps(item) + b"\n") * 3
    assert sum(b.lines for b in read_items([content], parse_content_type("application/x-ndjson"), most=3)) == 3
    with pytest.raises(UnreadableContent, match="TOO_MANY_ITEMS"):
        list(read_items([content], parse_content_type("application/x-ndjson"), most=2))


def test_a_line_of_twenty_megabytes_is_dropped_not_kept(read: Any, item: dict[str, Any]) -> None:
    line = orjson.dumps(item)
    block = read(line + b"\n" + b"x" * 20_000_000 + b"\n" + line, size=300_000)
    assert block.items["line_no"].to_list() == [1, 3]
    assert block.findings.select("line_no", "code").rows() == [(2, "LINE_TOO_LONG")]


def test_blocks_bound_what_waits() -> None:
    sizes = [len(block.body) for block in line_blocks([b"y" * 40_000_000, b"\nz\n"])]
    assert sum(sizes) < 100_000


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=30), max_size=30), st.integers(1, 60))
def test_blocks_keep_every_line_in_its_place(lines: list[bytes], block_octets: int) -> None:
    lines = [line.replace(b"\n", b"") for line in lines]
    content = b"\n".join(lines)
    chunks = [content[at : at + 7] for at in range(0, len(content), 7)]
    blocks = list(line_blocks(chunks, block_octets))
    assert b"".join(block.body for block in blocks) == content
    for block in blocks:
        assert content.split(b"\n")[block.first_line - 1] == block.body.split(b"\n")[0]
    assert line_blocks_module.LINE_OCTETS == 65_536


VALUES = st.one_of(
    st.none(),
    st.text(max_size=6),
    st.integers(-(10**14), 10**20),
    st.floats(),
    st.booleans(),
    st.lists(st.integers(), max_size=2),
    st.sampled_from(["", "\0", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), "\\", '"', " a "]),
)
NAMES = st.sampled_from([*ITEM_SCHEMA, "amount_fen", "bonus"])
OBJECTS = st.lists(st.tuples(NAMES, VALUES), max_size=16)
GOOD = st.fixed_dictionaries(
    {name: st.integers(-(10**13), 10**13) if name == "amount_fen" else st.text(max_size=5) for name in ITEM_SCHEMA}
).map(lambda value: list(value.items()))


@st.composite
def json_lines(draw: st.DrawFn) -> bytes:
    pairs = draw(st.one_of(GOOD, GOOD, OBJECTS))
    dump = json.JSONEncoder(ensure_ascii=draw(st.booleans())).encode
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " :")]))
    text = "{" + comma.join(f"{dump(name)}{colon}{dump(value)}" for name, value in pairs) + "}"
    octets = text.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 9)) == 0 and octets:
        at = draw(st.integers(0, len(octets) - 1))
        octets = octets[:at] + draw(st.binary(max_size=2)) + octets[at + 1 :]
    return octets


@settings(max_examples=150, deadline=None)
@given(st.lists(json_lines(), max_size=12), st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
def test_the_fast_and_the_exact_reading_agree(lines: list[bytes], end: bytes) -> None:
    content = end.join(lines)
    kind = parse_content_type("application/x-ndjson")
    fast = list(read_items([content], kind))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NdjsonLines, "fitting", lambda _self, text: text.is_null())
        exact = list(read_items([content], kind))
    assert [block.lines for block in fast] == [block.lines for block in exact]
    for one, other in zip(fast, exact, strict=True):
        assert_frame_equal(one.items, other.items)
        assert_frame_equal(one.findings, other.findings)


def test_ordinary_lines_take_the_fast_way(item: dict[str, Any]) -> None:
    shorter = {name: item[name] for name in reversed(item) if name != "mobile"}
    text = pl.Series("line", [json.dumps({name: item[name] for name in reversed(item)}), json.dumps(shorter)])
    assert NdjsonLines().fitting(text).to_list() == [True, True]
