"""Documents that nobody should have sent: each a refusal that says where, never a crash, never a part of it taken."""

from __future__ import annotations

import time

import polars as pl
import pytest

from messages.layout import xml_reading
from messages.layout.errors import LayoutError
from messages.layout.record_xml import RecordXmlFile

ROW = """<Item><seqno>{n}</seqno><detailno>7K3M9QXWZ4T2{n:08d}</detailno><rcvacct>6217</rcvacct><amt>0.05</amt>\
<transtatus>0</transtatus><errcode></errcode><errmsg>好</errmsg><hostserno></hostserno><hostdate>20261124</hostdate></Item>
"""


def document(rows: str = ROW.format(n=1), count: str = "1", total: str = "0.05") -> str:
    return (
        '<?xml version="1.0" encoding="GBK"?>\n<Root><Head><trancode>718013</trancode><trandate>20261124</trandate>'
        "<reqserno></reqserno><respcode>000000</respcode><respmsg></respmsg></Head><Body>"
        f"<origserno>7K3M9QXWZ4T2F0001</origserno><totalnum>{count}</totalnum><totalamt>{total}</totalamt><List>\n"
        f"{rows}</List></Body></Root>\n"
    )


@pytest.fixture(autouse=True, params=[0, xml_reading.BULK_FROM_OCTETS], ids=["quick", "thorough"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both readers must refuse the same."""
    monkeypatch.setattr(xml_reading, "BULK_FROM_OCTETS", request.param)


def refused(results: RecordXmlFile, text: str | bytes) -> LayoutError:
    content = text if isinstance(text, bytes) else text.encode("gbk")
    with pytest.raises(LayoutError) as fault:
        results.parse([content])
    return fault.value


def test_the_document_itself_is_read(results: RecordXmlFile) -> None:
    assert pl.concat(results.parse([document().encode("gbk")]).blocks)["amount_fen"].to_list() == [5]


@pytest.mark.parametrize(
    ("old", "new", "why", "line", "field"),
    [
        ("<Root>", '<!DOCTYPE Root [<!ENTITY a "b">]><Root>', "document type", 2, None),
        ("<Root>", '<!DOCTYPE Root SYSTEM "http://evil/">\n<Root>', "document type", 2, None),
        ("<errmsg>好", "<errmsg>&a;", "not well-formed", 3, None),
        ("<errmsg>好", "<errmsg>&#0;", "not well-formed", 3, None),
        ("<errmsg>好", "<errmsg>\x01", "XML 1.0 does not allow", 3, None),
        ("<errmsg>好", "<errmsg>a]]>", "not well-formed", 3, None),
        ("<errmsg>好", "<errmsg>a\tb", "row 1: holds a control", 3, "errmsg"),
        ("<errmsg>好", "<errmsg>" + "好" * 61, "row 1: has 122 octets", 3, "errmsg"),
        ("<errmsg>好", "<errmsg><b>好</b>", "does not have there", 3, "b"),
        ("<errcode>", "<errcode why='x'>", "an attribute", 3, "errcode"),
        ("<errcode></errcode>", "<errcode></errcode><errcode/>", "twice", 3, "errcode"),
        ("<errcode></errcode>", "<other/>", "does not have there", 3, "other"),
        ("<errcode></errcode>", "<errcode xmlns='urn:x'/>", "does not have there", 3, "errcode"),
        ("<errcode></errcode>", "loose<errcode/>", "only elements", 3, "Item"),
        ("<amt>0.05</amt>", "<amt>0.5</amt>", "row 1: is not an amount", 3, "amt"),
        ("<amt>0.05</amt>", "<amt>-0.05</amt>", "row 1: is not an amount", 3, "amt"),
        ("<amt>0.05</amt>", "<amt>０.05</amt>", "row 1: ", 3, "amt"),
        ("<amt>0.05</amt>", "<amt>1e1</amt>", "row 1: is not an amount", 3, "amt"),
        ("<amt>0.05</amt>", "", "row 1: is ", 3, "amt"),
        ("<hostdate>20261124", "<hostdate>20260230", "row 1: is not written YYYYMMDD", 3, "hostdate"),
        ("<hostdate>20261124", "<hostdate>2026112", "row 1: is not written YYYYMMDD", 3, "hostdate"),
        ("<transtatus>0", "<transtatus>00", "row 1: has 2 octets", 3, "transtatus"),
        ("<transtatus>0</transtatus>", "<transtatus/>", "row 1: is empty", 3, "transtatus"),
        ("<seqno>1", "<seqno>2", "row 1: is not the next number", None, "seqno"),
        ("<seqno>1", "<seqno>01", "row 1: is not a number", 3, "seqno"),
        ("718013", "718012", "is not 718013", 2, "trancode"),
        ("<respcode>000000</respcode>", "", "is empty", 1, "respcode"),
        ("<Head>", "<Head/><Head>", "twice", 2, "Head"),
        ("</Body>", "</Body><Body/>", "twice", 4, "Body"),
        ("</Root>", "</Root><Root/>", "not well-formed", 4, None),
        ("</List>", "", "not well-formed", None, None),
        ("<Root>", "<Other>", "another document element", 2, "Other"),
        ("<totalnum>1", "<totalnum>2", "says 2, the details make 1", 2, "totalnum"),
        ("<totalamt>0.05", "<totalamt>0.06", "says 6, the details make 5", 2, "totalamt"),
        ('encoding="GBK"', 'encoding="UTF-8"', "another encoding", 1, None),
        ('encoding="GBK"', 'encoding="no-such"', "another encoding", 1, None),
        ('version="1.0"', 'version="1.1"', "declaration cannot be read", 1, None),
        ("<?xml", " <?xml", "not well-formed", 1, None),
    ],
)
def test_it_is_refused_with_its_place(
    results: RecordXmlFile, old: str, new: str, why: str, line: int | None, field: str | None
) -> None:
    text = document()
    assert old in text
    fault = refused(results, text.replace(old, new, 1))
    assert why in fault.what
    assert line is None or fault.line == line
    assert fault.field == field


def test_octets_that_are_not_the_encoding_are_refused_with_their_line(results: RecordXmlFile) -> None:
    content = document(ROW.format(n=1) + ROW.format(n=2), "2", "0.10").encode("gbk")
    place = content.rindex("好".encode("gbk"))
    fault = refused(results, content[:place] + b"\xff\xff" + content[place + 2 :])
    assert (fault.line, "GBK" in fault.what) == (4, True)


def test_a_second_octet_of_gbk_is_never_markup(results: RecordXmlFile) -> None:
    tails = [bytes([lead, tail]).decode("gbk") for lead in range(0x81, 0x99) for tail in (0x40, 0x5B, 0x5D, 0x7C, 0x7E)]
    words = "".join(tails)
    rows = "".join(
        ROW.format(n=number).replace("好", words[start : start + 60])
        for number, start in enumerate(range(0, len(words), 60), 1)
    )
    count = rows.count("<Item>")
    content = document(rows, str(count), f"0.{5 * count:02d}").encode("gbk")
    read = pl.concat(results.parse(content[at : at + 1] for at in range(len(content))).blocks)
    assert "".join(read["text_raw"].to_list()) == words


def test_depth_and_width_are_bounded_by_the_table(results: RecordXmlFile) -> None:
    assert "does not have" in refused(results, document(rows="<a>" * 100_000)).what
    assert "twice" in refused(results, document(rows="<Item>" + "<errmsg/>" * 100_000)).what


def test_one_endless_text_is_refused_soon(results: RecordXmlFile) -> None:
    before = time.process_time()
    content = document(rows="<Item><errmsg>" + "x" * 9_000_000).encode("gbk")
    assert "octets" in refused(results, content).what
    assert time.process_time() - before < 5


def test_a_row_among_many_is_named(results: RecordXmlFile) -> None:
    rows = "".join(ROW.format(n=number) for number in range(1, 2_001))
    wrong = rows.replace("<seqno>1500</seqno>", "<seqno>1501</seqno>")
    assert "row 1500" in refused(results, document(wrong, "2000", "100.00")).what
    wrong = rows.replace("2T200001500".replace("2T2", "T2"), "T2 0001500")
    fault = refused(results, document(wrong, "2000", "100.00"))
    assert ("row 1500" in fault.what, fault.line, fault.field, fault.clause) == (True, 1502, "detailno", "5.2.2")


def test_a_row_that_ends_another_way_is_not_lost(results: RecordXmlFile) -> None:
    rows = ROW.format(n=1) + ROW.format(n=2).replace("</Item>", "</Item >") + ROW.format(n=3)
    read = pl.concat(results.parse([document(rows, "3", "0.15").encode("gbk")]).blocks)
    assert read["reference"].to_list() == [f"7K3M9QXWZ4T2{n:08d}" for n in (1, 2, 3)]


def test_the_first_row_does_not_decide_for_the_others(results: RecordXmlFile) -> None:
    """Shapes are learned from rows: an attribute, a missing element or another order in later rows is still seen."""
    other = ROW.format(n=2).replace("<rcvacct>", "<rcvacct a='1'>")
    assert "an attribute" in refused(results, document(ROW.format(n=1) + other, "2", "0.10")).what
    missing = ROW.format(n=2).replace("<hostserno></hostserno>", "").replace("<errcode></errcode>", "<errcode/>")
    turned = ROW.format(n=3).replace(
        "<errcode></errcode><errmsg>好</errmsg>", "<errmsg>&#22909;</errmsg>\n<errcode>  </errcode>"
    )
    rows = ROW.format(n=1) + missing + turned + ROW.format(n=4)
    read = pl.concat(results.parse([document(rows, "4", "0.20").encode("gbk")]).blocks)
    assert read["text_raw"].to_list() == ["好"] * 4
    assert read["reason_raw"].to_list() == [None] * 4


@pytest.mark.parametrize("prefix", ["s", ""])
def test_a_prefix_that_nobody_declared_is_no_crash(results: RecordXmlFile, prefix: str) -> None:
    """The parser lets it through as a tag with a colon, which is no qualified name."""
    for end in (f"{prefix}:errcode", "errcode"):
        fault = refused(results, document().replace("<errcode></errcode>", f"<{prefix}:errcode></{end}>"))
        assert fault.line == 3 and fault.field is None


@pytest.mark.parametrize("name", ["赵铁柱隐私", "A6299980000000000019"])
def test_the_name_of_an_element_may_be_somebodys(results: RecordXmlFile, name: str) -> None:
    assert name not in str(refused(results, document().replace("<errcode></errcode>", f"<{name}/>")))


def test_loose_text_before_the_first_of_many_rows_is_refused(results: RecordXmlFile) -> None:
    """Also where the rows behind it have to be parsed one by one, as the text fits no shape."""
    first, *others = (ROW.format(n=n) for n in range(1, 4))
    fault = refused(results, document(f"{first}null{''.join(others)}", "3", "0.15"))
    assert "text where only elements belong" in fault.what
