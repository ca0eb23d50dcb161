"""Nothing that XML can do to a reader, and the two readers of records say the same."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.bounded_xml import Malformed, checked_text, read_tree
from messages.xml_columns import TextRule, element, unfit, why_not
from messages.xml_rows import Cell, RecordForm, _quickly, _thoroughly, read_records

FORM = RecordForm(
    "List/Row",
    "",
    {"A": Cell("a", 20), "Amt": Cell("amount", 9, False, ("Ccy", "CNY")), "B": Cell("b", 20, False)},
    5,
    "9",
)
DECLARED = '<?xml version="1.0" encoding="GBK"?>\n'


def tree(text: str, encoding: str = "gbk", **bounds: int):
    return read_tree(text.encode(encoding), encoding, **{"max_bytes": 10_000, "max_tags": 100, **bounds})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (DECLARED + '<!DOCTYPE a [<!ENTITY x "y">]>\n<a>&x;</a>', 2),
        (DECLARED + "<a>\n<!-- c --></a>", 3),
        (DECLARED + "<a>\n\n<?p i?></a>", 4),
        (DECLARED + "<a>\n\x07</a>", 3),
        (DECLARED + "<a>\n&nobody;</a>", 3),
        (DECLARED + "<a>\n<b></a>", 3),
        (DECLARED + "", None),
        ("<a>no declaration</a>", 1),
        ('<?xml version="1.0" encoding="UTF-8"?><a/>', 1),
        (DECLARED + "<a/><a/>", 2),
    ],
)
def test_refused_with_the_line(text: str, line: int | None) -> None:
    with pytest.raises(Malformed) as refused:
        tree(text)
    assert line is None or refused.value.line == line


def test_octets_of_another_encoding_are_refused_with_the_line() -> None:
    with pytest.raises(Malformed, match="line 3"):
        read_tree(DECLARED.encode() + b"<a>\n\x81\x20</a>", "gbk", max_bytes=1_000, max_tags=10)
    with pytest.raises(Malformed, match="UTF-8"):
        read_tree("<a>张</a>".encode("gbk"), "utf-8", max_bytes=1_000, max_tags=10)


def test_bounds() -> None:
    with pytest.raises(Malformed, match="octets"):
        tree(DECLARED + "<a>" + "x" * 10_000 + "</a>")
    with pytest.raises(Malformed, match="tags"):
        tree(DECLARED + "<a>" + "<b/>" * 200 + "</a>")
    with pytest.raises(Malformed, match="well-formed"):
        tree(DECLARED + "<a>" * 400 + "</a>" * 400, max_tags=1_000)


def test_cdata_and_a_bom_are_text() -> None:
    assert tree(DECLARED + "<a><![CDATA[<张>]]></a>").text == "<张>"
    assert read_tree(b"\xef\xbb\xbf<a>b</a>", "utf-8", max_bytes=100, max_tags=10).text == "b"


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="\ufffd"), max_size=12
)


def written(rows: list[tuple[str, str, str]], gap: str, swap: bool) -> str:
    def row(a: str, amount: str, b: str) -> str:
        a, b = (t.replace("&", "&amp;").replace("<", "&lt;") for t in (a, b))
        cells = [f"<A>{a}</A>", f'<Amt Ccy="CNY">{amount}</Amt>', f"<B>{b}</B>" if b else "<B/>"]
        return f"<Row>{gap.join(reversed(cells) if swap else cells)}</Row>{gap}"

    return f"<Doc><Before/>{gap}<List>{gap}{''.join(row(*values) for values in rows)}</List><After>x</After></Doc>"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(texts.filter(str.strip), st.sampled_from(["1.00", "23.45"]), texts), min_size=1, max_size=5),
    st.sampled_from(["", "\n", " \n\t"]),
    st.booleans(),
)
def test_quick_and_thorough_read_the_same(rows: list[tuple[str, str, str]], gap: str, swap: bool) -> None:
    text = checked_text(written(rows, gap, swap).encode(), "utf-8", max_bytes=10**6, max_tags=10**4)
    quick, thorough = _quickly(text, FORM), _thoroughly(text, FORM)
    assert thorough[1].rows.rows() == [(a.strip(), amount, b.strip() or None) for a, amount, b in rows]
    assert (quick is None) == swap
    if quick is not None:
        assert quick[1].rows.equals(thorough[1].rows)
        assert [quick[1].line(at) for at in range(len(rows))] == [thorough[1].line(at) for at in range(len(rows))]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("<A>x</A>", "<A>x</A><A>x</A>", "stands twice"),
        ("<A>x</A>", "", "required, and missing"),
        ("<A>x</A>", "<A> </A>", "required, and missing"),
        ("<A>x</A>", f"<A>{'x' * 21}</A>", "more than 20"),
        ("<A>x</A>", "<A><C/></A>", "parts of its own"),
        ("<A>x</A>", '<A y="1">x</A>', "parts of its own"),
        ("<A>x</A>", "<A>x</A>loose", "loose text"),
        ("<A>x</A>", "loose<A>x</A>", "text where elements"),
        ("<A>x</A>", "<Z>x</Z>", "does not have"),
        ('Ccy="CNY"', 'Ccy="USD"', "Ccy=CNY"),
        ("<Row>", '<Row k="1">', "attribute"),
        ("</Row></List>", "</Row>loose</List>", "loose text"),
        ("<Row>", "<Row><A>q</A></Row>" * 5 + "<Row>", "more than 5"),
    ],
)
def test_a_record_that_is_not_as_declared_is_refused(old: str, new: str, what: str) -> None:
    text = '<Doc><List><Row><A>x</A><Amt Ccy="CNY">1.00</Amt></Row></List></Doc>'
    assert old in text
    with pytest.raises(Malformed, match=what):
        read_records(text.replace(old, new, 1), FORM)


def test_records_in_another_place_are_not_records() -> None:
    root, records = read_records("<Doc><Other><Row><A>x</A></Row></Other><List/></Doc>", FORM)
    assert records.rows.is_empty() and len(root.findall("Other/Row")) == 1


def test_columns_say_which_row_cannot_be_carried() -> None:
    rules = {"a": TextRule(4), "b": TextRule(4, required=False), "c": TextRule(4)}
    block = pl.DataFrame(
        {"a": ["x", "", None, "12345", "\n", "张𠮷", "张"], "b": [None] * 7}, schema_overrides={"b": pl.String}
    )
    found = unfit(block, rules, "gbk")
    assert [(row, name) for row, name, _ in found] == [(1, "a"), (2, "a"), (3, "a"), (4, "a"), (5, "a")]
    assert "GBK" in found[-1][2] and unfit(block, {"b": TextRule(1, required=False)}, "gbk") == []
    assert why_not("张𠮷", TextRule(4), "utf-8") is None and "GBK" in str(why_not("𠮷", TextRule(4), "gbk"))
    assert [why_not(text, TextRule(2), "gbk") is None for text in ("", "ab", "abc", "\x01")] == [
        False,
        True,
        False,
        False,
    ]
    assert block.select(element("T", "a", optional=True)).to_series().to_list()[:3] == ["<T>x</T>", "", ""]
