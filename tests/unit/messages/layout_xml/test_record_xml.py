"""What is written, octet by octet; what is read, in any legal form; what cannot be written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import polars as pl
import pytest

from messages.layout import xml_reading
from messages.layout.errors import CannotWrite, LayoutError
from messages.layout.record_xml import RecordXmlFile

Make = Callable[[list[dict[str, object]]], pl.DataFrame]
Write = Callable[[RecordXmlFile, pl.DataFrame], bytes]

DOCUMENT = """\
<?xml version="1.0" encoding="GBK"?>
<Doc xmlns="urn:bank:order" xmlns:x="urn:bank:extra" version="1&lt;2">\
<Head><Id>7K3M9QXWZ4T2F0001</Id><x:Day>2026-11-25</x:Day><Made>2026-11-23 09:02:03</Made><Hold></Hold>\
<Policy>耕地补贴</Policy></Head><Body><Sum count="2">15.01</Sum><List>
<Item no="000001"><Ref>7K3M9QXWZ4T200000000</Ref><Payee kind="P"><Name>张三</Name>\
<x:Acct no="6217"><Bank></Bank></x:Acct></Payee><Note></Note><Hold></Hold><Amt>0.01</Amt></Item>
<Item no="000002"><Ref>7K3M9QXWZ4T200000001</Ref><Payee kind="ORG"><Name>甲&amp;乙&lt;社&gt;</Name>\
<x:Acct no="&quot;A&amp;1"><Bank>401737300187</Bank></x:Acct></Payee><Note>春 耕</Note><Hold></Hold><Amt>15.00</Amt></Item>
</List><Total>1501</Total></Body><End><x:Mark>T</x:Mark></End></Doc>
"""
ROWS: list[dict[str, object]] = [
    {"payee_kind": "PERSON", "name": "张三", "account": "6217", "bank_code": None, "remark": None, "amount_fen": 1},
    {
        "payee_kind": "ORGANISATION",
        "name": " 甲&乙<社> ",
        "account": '"A&1',
        "bank_code": "401737300187",
        "remark": "春 耕",
        "amount_fen": 1500,
    },
]


@pytest.fixture(params=[0, xml_reading.BULK_FROM_OCTETS], ids=["quick", "thorough"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both readers must give the same."""
    monkeypatch.setattr(xml_reading, "BULK_FROM_OCTETS", request.param)


@pytest.fixture
def file(every_kind: Callable[[str], RecordXmlFile]) -> RecordXmlFile:
    return every_kind("gbk")


def read_in(file: RecordXmlFile, text: str) -> pl.DataFrame:
    blocks = file.parse([text.encode("gbk")]).blocks
    return pl.concat(blocks)


def test_the_document_is_written_in_the_order_of_the_layout(file: RecordXmlFile, make: Make, write: Write) -> None:
    assert write(file, make(ROWS)) == DOCUMENT.encode("gbk")


@pytest.mark.usefixtures("either")
def test_the_document_is_read(file: RecordXmlFile, make: Make) -> None:
    parsed = file.parse([DOCUMENT.encode("gbk")])
    assert parsed.head["message_id"] == "7K3M9QXWZ4T2F0001"
    assert parsed.head["requested_on"] == date(2026, 11, 25)
    assert parsed.head["created_at"] == datetime.fromisoformat("2026-11-23T09:02:03+08:00")
    assert (parsed.head["rows"], parsed.head["total_fen"], parsed.trailer["total_fen"]) == (2, 1501, 1501)
    wanted = make(ROWS).with_columns(pl.col("name").str.strip_chars())
    assert pl.concat(parsed.blocks).select(wanted.columns).equals(wanted)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Note></Note>", "<Note/>"),
        ("<Note></Note>", ""),
        ("<Hold></Hold><Amt>", "\n<Amt>"),
        ('<Item no="000001">', "<Item\n\tno='000001' >\n  "),
        ("<Ref>7K", "\r\n<Ref> 7K"),
        ("<Name>张三</Name>", "<Name>\n张三\t</Name>"),
        ("<Name>张三</Name>", "<Name>张&#19977;</Name>"),
        ("<Name>张三</Name>", "<Name><![CDATA[张三]]></Name>"),
        ("<Name>张三</Name>", "<Name>张<!-- <Name>李四</Name> -->三</Name>"),
        ("<Note></Note><Hold></Hold><Amt>0.01</Amt>", "<Amt>0.01</Amt><Note></Note>"),
        ("<x:Acct", "<y:Acct xmlns:y='urn:bank:extra'"),
        ('<?xml version="1.0" encoding="GBK"?>', "<?xml version='1.0' encoding='cp936' standalone='yes' ?>"),
        ('<?xml version="1.0" encoding="GBK"?>\n', ""),
        ("<List>\n", "<List><?note x?>\n"),
    ],
)
def test_any_legal_form_means_the_same(file: RecordXmlFile, make: Make, old: str, new: str) -> None:
    assert old in DOCUMENT
    text = DOCUMENT.replace(old, new, 1)
    if "<y:Acct" in text:
        text = text.replace("</x:Acct>", "</y:Acct>", 1)
    read = read_in(file, text)
    assert read["name"].to_list() == ["张三", "甲&乙<社>"]
    assert read["remark"].to_list() == [None, "春 耕"]
    assert read["reference"].to_list() == ["7K3M9QXWZ4T200000000", "7K3M9QXWZ4T200000001"]


def test_a_document_in_another_order_is_read(file: RecordXmlFile) -> None:
    body, end = DOCUMENT.index("<Body>"), DOCUMENT.index("<End>")
    turned = DOCUMENT[:body] + "<End><x:Mark>T</x:Mark></End>" + DOCUMENT[body:end] + "</Doc>"
    assert read_in(file, turned).height == 2


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("name", "张\n三", "control character"),
        ("name", "张\x85三", None),
        ("name", "张\uffff", "XML cannot carry"),
        ("name", "𠮷", "GBK does not have"),
        ("name", "  ", "is empty"),
        ("name", "中" * 16, "has 32 octets"),
        ("account", "A 1", "printable ASCII"),
        ("account", "1" * 21, "has 21 octets"),
        ("bank_code", "40173730018", "not exactly 12"),
        ("payee_kind", "NOBODY", "no code in the bank's list"),
        ("payee_kind", None, "is empty"),
        ("amount_fen", -1, "negative"),
        ("amount_fen", None, "empty"),
        ("amount_fen", 10**14, "too long"),
        ("remark", "A" * 20, None),
    ],
)
def test_what_cannot_be_written_names_row_and_field(
    file: RecordXmlFile, make: Make, item: dict[str, object], field: str, value: object, why: str | None
) -> None:
    items = make([item, item | {field: value}])
    findings = file.check(items)
    if why is None:
        assert [finding for finding in findings if "GBK" not in finding.why] == []
        return
    assert [(finding.row, finding.source) for finding in findings] == [(1, field)]
    assert why in findings[0].why
    assert str(value) not in findings[0].why or field == "bank_code"


def test_the_findings_of_a_build_count_rows_from_the_first_block(
    file: RecordXmlFile, make: Make, head: dict[str, object], item: dict[str, object]
) -> None:
    items = make([item, item, item | {"name": "𠮷"}])
    with pytest.raises(CannotWrite) as refused:
        list(file.build({**head, "rows": 3, "total_fen": 3}, [items[:1], items[1:]]))  # type: ignore[arg-type]
    assert refused.value.findings == [(2, "name", "holds a character that GBK does not have")]


def test_columns_that_a_block_does_not_have_are_not_judged(
    file: RecordXmlFile, make: Make, item: dict[str, object]
) -> None:
    assert file.check(make([item]).select("reference", "name")) == []


def test_a_head_that_cannot_be_written_is_found(file: RecordXmlFile, head: dict[str, object]) -> None:
    unfit = {**head, "message_id": None, "policy_name": "政" * 11, "rows": 1, "total_fen": 1}
    assert [(f.row, f.source) for f in file.check_head(unfit)] == [(0, "message_id"), (0, "policy_name")]  # type: ignore[arg-type]


def test_the_head_must_add_up(
    file: RecordXmlFile, make: Make, head: dict[str, object], item: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match="promises"):
        list(file.build({**head, "rows": 1, "total_fen": 2}, [make([item])]))  # type: ignore[arg-type]


def test_most_rows_really_fit(file: RecordXmlFile, make: Make, write: Write) -> None:
    most = file.most_rows(20_000)
    longest = {
        "payee_kind": "ORGANISATION",
        "name": "&" * 30,
        "account": '"' * 20,
        "bank_code": "4" * 12,
        "remark": "&" * 20,
    }
    assert most > 10
    content = write(file, make([longest | {"amount_fen": 10**11}] * most))
    assert 16_000 < len(content) <= 20_000
    assert file.most_rows(10**10) == 10**6 - 1


def test_it_is_known_by_its_root_and_constants(file: RecordXmlFile) -> None:
    content = DOCUMENT.encode("gbk")
    assert file.matches(content)
    assert file.matches(content[:400])
    assert not file.matches(DOCUMENT.replace("1&lt;2", "1&lt;3").encode("gbk"))
    assert not file.matches(DOCUMENT.replace("urn:bank:order", "urn:bank:other").encode("gbk"))
    assert not file.matches(b"")
    assert not file.matches(b"\xff\xff")
    assert not file.matches(b"<!DOCTYPE Doc>" + content)


def test_a_document_without_rows_says_so(file: RecordXmlFile) -> None:
    start, end = DOCUMENT.index("<Item"), DOCUMENT.index("</List>")
    empty = DOCUMENT[:start] + DOCUMENT[end:]
    parsed = file.parse([empty.replace("15.01", "0.00").replace('"2"', '"0"').replace("1501", "0").encode("gbk")])
    assert parsed.blocks == ()
    with pytest.raises(LayoutError, match="says 2, the details make 0"):
        file.parse([empty.encode("gbk")])
