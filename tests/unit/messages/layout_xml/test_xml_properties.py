"""For any values: what was written is read back by both readers, in every encoding; hostile octets are refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from messages.layout import xml_reading
from messages.layout.errors import LayoutError
from messages.layout.record_xml import RecordXmlFile

Make = Callable[[list[dict[str, object]]], pl.DataFrame]
Write = Callable[[RecordXmlFile, pl.DataFrame], bytes]

ANY = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
RARE = st.sampled_from("㐀㐂𠮷𠀀鿿䶮·•&<>\"']")
TEXTS = st.text(ANY | RARE, min_size=1, max_size=12).map(lambda text: text.strip(" "))
IN_GBK = st.text(st.sampled_from("张三阿依古丽·买提〇镕喆︱㈱&<>]\"' aZ09-"), min_size=1, max_size=12).map(
    lambda text: text.strip(" ")
)
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)


def items(names: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries(
        {
            "payee_kind": st.sampled_from(["PERSON", "ORGANISATION"]),
            "name": names.filter(bool),
            "account": PRINTABLE,
            "bank_code": st.none() | st.from_regex(r"[0-9]{12}", fullmatch=True),
            "remark": st.none() | names.filter(bool),
            "amount_fen": st.integers(0, 10**11),
        }
    )


RESULT = st.fixed_dictionaries(
    {
        "account": PRINTABLE,
        "amount_fen": st.integers(0, 10**13 - 1),
        "status_raw": st.sampled_from("0123"),
        "reason_raw": st.none() | st.from_regex(r"[0-9]{4}", fullmatch=True),
        "text_raw": st.none() | IN_GBK.filter(bool),
        "bank_reference": st.none() | PRINTABLE,
        "settled_on": st.none() | st.dates(date(1900, 1, 1)),
    }
)


def read_both_ways(file: RecordXmlFile, content: bytes, cut: int) -> list[pl.DataFrame]:
    """What the quick and the thorough reader give; chunks of ``cut`` octets."""
    read = []
    with pytest.MonkeyPatch.context() as patch:
        for threshold in (0, 10**9):
            patch.setattr(xml_reading, "BULK_FROM_OCTETS", threshold)
            chunks = (content[start : start + cut] for start in range(0, len(content), cut))
            read.append(pl.concat(file.parse(chunks).blocks))
    return read


@pytest.mark.parametrize(("encoding", "names"), [("gb18030", TEXTS), ("utf-8", TEXTS), ("gbk", IN_GBK)])
def test_instructions_are_read_back(
    every_kind: Callable[[str], RecordXmlFile],
    make: Make,
    write: Write,
    encoding: str,
    names: st.SearchStrategy[str],
) -> None:
    file = every_kind(encoding)

    @given(rows=st.lists(items(names), min_size=1, max_size=5), cut=st.integers(1, 700))
    @settings(max_examples=30, deadline=None)
    def run(rows: list[dict[str, object]], cut: int) -> None:
        given_items = make(rows)
        unfit = {finding.row for finding in file.check(given_items)}
        assert unfit == {row for row, item in enumerate(rows) if too_long(item, encoding)}
        fitting = given_items.filter(~pl.Series([row in unfit for row in range(len(rows))]))
        assume(fitting.height)
        content = write(file, fitting)
        content.decode(encoding)
        for read in read_both_ways(file, content, cut):
            assert read.select(fitting.columns).equals(fitting)

    run()


def too_long(item: dict[str, object], encoding: str) -> bool:
    name, remark = str(item["name"]), str(item["remark"] or "")
    return len(name.encode(encoding)) > 30 or len(remark.encode(encoding)) > 20


@given(rows=st.lists(RESULT, min_size=1, max_size=6), cut=st.integers(1, 900))
@settings(max_examples=30, deadline=None)
def test_results_are_read_back(
    results: RecordXmlFile, make: Make, write: Write, rows: list[dict[str, object]], cut: int
) -> None:
    given_items = make(rows)
    assume(not results.check(given_items))
    for read in read_both_ways(results, write(results, given_items), cut):
        assert read.select(given_items.columns).equals(given_items)


@given(name=st.text(ANY, min_size=1, max_size=6))
@settings(max_examples=70, deadline=None)
def test_what_gbk_does_not_have_is_a_finding(every_kind: Callable[[str], RecordXmlFile], make: Make, name: str) -> None:
    item = {"payee_kind": "PERSON", "name": name, "account": "1", "bank_code": None, "remark": None, "amount_fen": 1}
    try:
        name.encode("gbk")
        encodable = True
    except UnicodeEncodeError:
        encodable = False
    found = [finding.why for finding in every_kind("gbk").check(make([item]))]
    assert found == (
        ["holds a character that GBK does not have"] if not encodable else ["is empty"] if not name.strip(" ") else []
    )


@given(data=st.data(), rows=st.lists(RESULT, min_size=1, max_size=3))
@settings(max_examples=70, deadline=None)
def test_a_changed_octet_is_refused_or_changes_one_value_that_is_not_money(
    results: RecordXmlFile, make: Make, write: Write, data: st.DataObject, rows: list[dict[str, object]]
) -> None:
    given_items = make(rows)
    assume(not results.check(given_items))
    right = write(results, given_items)
    content = bytearray(right)
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255).filter(lambda octet: octet != right[place]))
    try:
        read = pl.concat(results.parse([bytes(content)]).blocks).select(given_items.columns)
    except LayoutError:
        return
    assert read["amount_fen"].equals(given_items["amount_fen"])
    changed = [name for name in given_items.columns if not read[name].equals(given_items[name])]
    assert len(changed) <= 1


@given(content=st.binary(max_size=600) | st.text("<>/&;!?[]\"'= \nRootHeadBdyLisItm018", max_size=400).map(str.encode))
@settings(max_examples=100, deadline=None)
def test_any_octets_are_refused_not_crashed_on(results: RecordXmlFile, content: bytes) -> None:
    assert not results.matches(content)
    with pytest.raises(LayoutError):
        results.parse([content])


@given(data=st.data())
@settings(max_examples=70, deadline=None)
def test_cut_turned_and_doubled_documents_are_refused_or_read(
    results: RecordXmlFile, make: Make, write: Write, data: st.DataObject
) -> None:
    row = {"account": "6", "amount_fen": 5, "status_raw": "0", "reason_raw": None, "text_raw": "好"}
    whole = write(results, make([row | {"bank_reference": None, "settled_on": None}] * 2))
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
    into = data.draw(st.integers(0, len(whole)))
    content = whole[:into] + whole[start:end] + whole[into + data.draw(st.sampled_from([0, end - start])) :]
    results.matches(content)
    try:
        parsed = results.parse([content])
    except LayoutError:
        return
    assert sum(block.height for block in parsed.blocks) == parsed.head["rows"]
