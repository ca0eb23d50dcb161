"""A layout that does not fit its document or our vocabulary is refused when it is read, with the place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from messages.layout.model import Layout
from messages.layout.positions import ConfigurationRefused
from messages.layout.reader import read_layout
from messages.layout.vocabulary import MessageName

LINES = {
    (MessageName.INSTRUCTION, "header"): 216,
    (MessageName.INSTRUCTION, "detail"): 292,
    (MessageName.INSTRUCTION, "trailer"): 27,
    (MessageName.ACKNOWLEDGEMENT, "header"): 92,
    (MessageName.RESULT, "header"): 55,
    (MessageName.RESULT, "detail"): 173,
    (MessageName.RETURNED, "detail"): 173,
}


@pytest.mark.parametrize(("place", "octets"), LINES.items())
def test_the_shipped_layout_has_the_document_s_lengths(
    rural: Layout, place: tuple[MessageName, str], octets: int
) -> None:
    message, part = place
    assert sum(line.octets for line in getattr(rural.messages[message], part)) == octets


def test_the_layout_of_every_kind_is_sound(every_kind: Layout) -> None:
    assert every_kind.layout == "every-kind"


REFUSALS = [
    ("kind: filler,", "kind: fillet,", ":21:51: messages.instruction.detail[4].kind: Input should be"),
    ("octets: 30, name: name,", "octets: 30, nome: name,", "detail[2].nome: is not a known key"),
    ("octets: 30, name: name, ", "octets: 30, ", ":19:9: messages.instruction.detail[2].name: is missing"),
    ("octets: 30,", "octets: 0,", "detail[2].octets: Input should be greater than 0"),
    ("octets: 30,", "octets: 3 0,", "detail[2].octets: Input should be a valid integer"),
    ("source: name,", "source: nome,", "nome is not a source here; known are: reference, item_id, name"),
    ("source: remark,", "source: name,", "name is given twice; make one of them a filler"),
    ("name: remark,", "name: name,", "two fields are called name"),
    ("kind: text, source: name,", "kind: date, octets: 8, source: name,", "octets: was given in line 19 already"),
    (
        "kind: text, source: remark, align: right",
        "kind: reference, source: remark",
        "detail[3]: kind reference is always",
    ),
    ("kind: digits, source: bank_code", "kind: text, source: amount_fen", "amount_fen carries fen; choose a kind"),
    ("kind: reference, source: reference", "kind: identifier, source: reference", "has the kind reference"),
    ("kind: sequence, title", "kind: count, title", "kind count has no place in the detail"),
    ("kind: count, pad: blank", "kind: sequence, pad: blank", "kind sequence has no place in the header"),
    ("kind: filler, title", "kind: filler, source: address, title", "kind filler takes no source"),
    ("kind: text, source: name", "kind: text", "kind text needs a source"),
    ("value: HDR", "value: HEAD", "is not exactly 3 octets"),
    ("value: HDR, title", "value: 头, octets: 1, title", "octets: was given in line"),
    ("kind: constant, value: T", "kind: constant, value: é", "a constant is ASCII"),
    ("form: YYYY-MM-DD", "form: DD.MM.YYYY", "Input should be 'YYYYMMDD'"),
    ("form: YYYY-MM-DD", "form: YYYYMMDD", "is not exactly 10 octets"),
    ("kind: total, unit: yuan", "kind: total, unit: jiao", "Input should be 'fen' or 'yuan'"),
    ("align: left, pad: blank", "align: left, pad: zero", "zeros after a number would change it"),
    ("octets: 16, name: total", "octets: 19, name: total", "a number has at most 18 octets"),
    ("octets: 12, name: amount", "octets: 3, name: amount", "an amount in yuan has at least 4 octets"),
    ("kind: text, source: name", "kind: text, pad: blank, source: name", "'pad' does not go with kind text"),
    ("values: {A1: RESIDENT_ID, B2: PASSPORT}", "required: no", "detail[7].required: was given in line 24 already"),
    (",\n         values: {A1: RESIDENT_ID, B2: PASSPORT}", "", "kind code needs values"),
    ("B2: PASSPORT", "B2: PASSBOOK", "PASSBOOK is not known; choose from: FOREIGN_RESIDENT"),
    ("B2: PASSPORT", "B: PASSPORT", "every code is exactly 2 printable ASCII octets"),
    ("B2: PASSPORT", "B2: RESIDENT_ID", "two of the bank's codes stand for one of ours"),
    ("B2: PASSPORT", "A1: PASSPORT", "A1: was given in line"),
    ("B2: PASSPORT", "'  ': PASSPORT", "a blank code would read as no value"),
    ("source: account,", "source: address,", "no field has the source account"),
    ("  instruction:", "  instructions:", "instructions"),
    ("layout: every-kind", "layout: other-kind", ":1:1: layout: is not the file's own name"),
    ("form: fixed-width", "form: comma", ":4:1: form: Input should be 'fixed-width', 'delimited' or 'record-xml'"),
    ("form: fixed-width", "form: delimited", "detail[5].align: goes with fixed width only: nothing is padded"),
    ("form: fixed-width", "form: record-xml", "messages.instruction.root: is missing: the document element; add it"),
    ("form: fixed-width", "form: record-xml", "messages.instruction.rows: goes with details, and details with it"),
    ("form: fixed-width", "form: record-xml", "header[0].path: is missing: the element or attribute that holds it"),
    ("form: fixed-width", "form: fixed-width\ndelimited: {}", ":5:1: delimited: does not go with form fixed-width"),
    ("form: fixed-width", "form: fixed-width\nnamespaces: {x: y}", ":5:1: namespaces: do not go with form fixed-width"),
    ("    title: 指令", "    root: a\n    title: 指令", "messages.instruction.root: does not go with form fixed-width"),
    ("octets: 30, ", "path: a, octets: 30, ", "detail[2].path: does not go with form fixed-width; remove it"),
    ("octets: 30, ", "", "detail[2].octets: is missing: every field of a fixed-width record has its width; add it"),
    (
        "kind: filler, title",
        "kind: sequence, title",
        "detail[4].kind: sequence is given twice; make one of them a filler",
    ),
    ("kind: constant, value: T", "kind: constant", "trailer[0]: kind constant needs the value that always stands here"),
]


@pytest.mark.parametrize(("old", "new", "complaint"), REFUSALS)
def test_a_faulty_layout_is_refused(layout_file: Callable[..., Path], old: str, new: str, complaint: str) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        read_layout(layout_file((old, new)))
    assert complaint in str(refused.value)
    assert "every-kind.yaml:" in str(refused.value)


SEPARATED_REFUSALS = [
    (
        "octets: 30, source: name",
        "octets: 30, path: a, source: name",
        "detail[2].path: does not go with form delimited",
    ),
    ('delimiter: "|"', 'delimiter: ""', "delimited.delimiter: String should have at least 1 character"),
    ('delimiter: "|"', 'delimiter: "||||"', "delimited.delimiter: String should have at most 3 characters"),
    (
        'delimiter: "|"',
        'delimiter: "｜"',
        ":5:13: delimited.delimiter: is not ASCII, or ends a line; choose a printable",
    ),
    ('delimiter: "|"', 'delimiter: "\\n"', "delimited.delimiter: is not ASCII, or ends a line"),
    ('delimiter: "|"', 'delimiter: "."', "delimited.delimiter: could stand in a number, a date or a word"),
    ('delimiter: "|"', 'delimiter: "x"', "delimited.delimiter: could stand in a number, a date or a word"),
    ('delimiter: "|"', 'delimiter: "|", quote: "|"', "delimited.quote: is a part of the delimiter"),
    ("line_end: CRLF", "line_end: CR", "delimited.line_end: Input should be 'CRLF' or 'LF'"),
    ("line_end: CRLF", "line_ends: CRLF", "delimited.line_ends: is not a known key"),
    ("value: HDR", "value: H|R", "header[0].value: holds the delimiter; give the document's quote"),
    ("B22: PASSPORT", "B|2: PASSPORT", "detail[7].values: holds the delimiter"),
    ("kind: sequence, octets: 4, pad: zero", "kind: sequence, pad: zero", "octets: is missing: how many digits"),
    ("kind: sequence, octets: 4, pad: zero", "kind: sequence, pad: blank", "pad: goes with fixed width only"),
    ("kind: date, form", "kind: date, octets: 8, form", "header[2].octets: what the field holds is more than 8 octets"),
    (
        "kind: count, title: 笔数",
        "kind: checksum, checksum: crc32, title: 笔数",
        "kind checksum has no place in the header",
    ),
    (
        "checksum: sha256",
        "checksum: sha256, octets: 8",
        "trailer[2].octets: what the field holds is more than 8 octets",
    ),
    ("checksum: sha256", "checksum: md5", "trailer[2].checksum: Input should be 'crc32', 'sha256' or 'sm3'"),
]


@pytest.mark.parametrize(("old", "new", "complaint"), SEPARATED_REFUSALS)
def test_a_faulty_delimited_layout_is_refused(
    separated_file: Callable[..., Path], old: str, new: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        read_layout(separated_file((old, new)))
    assert complaint in str(refused.value)


def test_all_problems_are_told_at_once(layout_file: Callable[..., Path]) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        read_layout(
            layout_file(("octets: 30", "octets: x"), ("octets: 20,", "octets: y,"), ("title: 户名", "titel: 户名"))
        )
    assert len(refused.value.problems) == 4
    assert [problem.line for problem in refused.value.problems] == sorted(p.line for p in refused.value.problems)
