"""For any values and any way to separate: what was written is read back; what was corrupted is refused or harmless."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from messages.layout.delimited_lines import LineForm
from messages.layout.errors import LayoutError
from messages.layout.file import LayoutFile, compiled
from messages.layout.model import Delimited, FieldLine, Layout, Record
from messages.layout.vocabulary import MessageName

# GB18030 four-octet characters, GBK ones that end in an ASCII octet, delimiters and quotes
AWKWARD = st.sampled_from([*"|+\"'~ 𠮷㐂渱亅·é\u3000", "\U0010fffd", "\ue000"])
NAMES = st.lists(AWKWARD | st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).map(
    lambda letters: "".join(letters).rstrip(" ")
)
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)
ITEM = st.fixed_dictionaries(
    {
        "name": NAMES.filter(bool),
        "remark": st.none() | NAMES.filter(bool),
        "account": PRINTABLE,
        "bank_code": st.none() | st.from_regex(r"[0-9]{1,12}", fullmatch=True),
        "id_type": st.sampled_from([None, "PASSPORT", "RESIDENT_ID"]),
        "amount_fen": st.integers(0, 10**13 - 1),
    }
)
ENCODINGS = st.sampled_from(["gb18030", "gbk", "utf-8"])
RULES = (
    '{delimiter: "|"}',
    '{delimiter: "|", quote: \'"\'}',
    '{delimiter: "|+|", quote: "~", line_end: LF}',
    '{delimiter: "||", ends_with_delimiter: yes}',
    '{delimiter: "\\t", ends_with_delimiter: yes, quote: "\'"}',
)
HEAD: dict[str, Any] = {
    "message_id": "7K3M9QXWZ4T2F0001",
    "requested_on": date(2026, 11, 25),
    "created_at": datetime(2026, 11, 23, 1, 2, 3),  # noqa: DTZ001 - China's
}


def frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    dtypes = dict.fromkeys(rows[0], pl.String) | {"amount_fen": pl.Int64}
    references = pl.Series("reference", [f"7K3M9QXWZ4T2{number:08d}" for number in range(len(rows))])
    return pl.DataFrame(rows, schema=dtypes).with_columns(references)


def written(file: LayoutFile, items: pl.DataFrame) -> bytes:
    head = {**HEAD, "rows": items.height, "total_fen": sum(items["amount_fen"].to_list())}
    return b"".join(file.build(head, [items[:1], items[1:]]))


@pytest.fixture
def files(separated: Callable[..., Layout]) -> dict[tuple[str, str], LayoutFile]:
    layouts = {rule: separated(rule) for rule in RULES}
    return {
        (rule, encoding): compiled(layout, MessageName.INSTRUCTION, encoding)
        for rule, layout in layouts.items()
        for encoding in ("gb18030", "gbk", "utf-8")
    }


@pytest.mark.parametrize("rule", RULES)
def test_what_is_written_is_read_back(files: dict[tuple[str, str], LayoutFile], rule: str) -> None:
    @given(rows=st.lists(ITEM, min_size=1, max_size=5), cut=st.integers(1, 300), encoding=ENCODINGS)
    @settings(max_examples=25, deadline=None)
    def holds(rows: list[dict[str, object]], cut: int, encoding: str) -> None:
        file, items = files[rule, encoding], frame(rows)
        unfit = {finding.row for finding in file.check(items)}
        items = items.filter(~pl.Series([row in unfit for row in range(len(rows))]))
        assume(items.height)
        content = written(file, items)
        end = b"\n" if "LF" in rule else b"\r\n"
        assert content.count(b"\n") == items.height + 2
        assert content.endswith(end)
        parsed = file.parse(content[start : start + cut] for start in range(0, len(content), cut))
        assert pl.concat(parsed.blocks).select(items.columns).equals(items)

    holds()


@pytest.mark.parametrize("rule", RULES[:2])
def test_a_changed_octet_is_never_another_item(files: dict[tuple[str, str], LayoutFile], rule: str) -> None:
    """The checksum of the trailer sees to it; the header has its own: constants, count, total."""

    @given(data=st.data(), rows=st.lists(ITEM, min_size=1, max_size=3))
    @settings(max_examples=50, deadline=None)
    def holds(data: st.DataObject, rows: list[dict[str, object]]) -> None:
        file, items = files[rule, "gb18030"], frame(rows)
        assume(not file.check(items))
        right = written(file, items)
        content = bytearray(right)
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255).filter(lambda octet: octet != right[place]))
        try:
            parsed = file.parse([bytes(content)])
        except LayoutError:
            return
        assert pl.concat(parsed.blocks).select(items.columns).equals(items)
        assert place < right.index(b"\n")  # a date or an id of the header: the signature tells

    holds()


@given(
    content=st.binary(max_size=400)
    | st.text("HDR|M1-20260\r\n.T\x84\x31", max_size=300).map(lambda t: t.encode("latin-1"))
)
@settings(max_examples=80, deadline=None)
def test_any_octets_are_refused_not_crashed_on(village_results: LayoutFile, content: bytes) -> None:
    with pytest.raises(LayoutError):
        village_results.parse([content])
    assert village_results.matches(content) in (True, False)


@pytest.fixture(scope="module")
def village_results(village: Layout) -> LayoutFile:
    return compiled(village, MessageName.RESULT, "gb18030")


def record(fields: int) -> Record:
    return tuple(
        FieldLine(name=f"f{number}", title="域", clause="1", kind="text", source="name") for number in range(fields)
    )


@given(
    pieces=st.lists(st.sampled_from(["|", "\r\n", "\n", '"', '""', "a", "渱", "\t", "\x7f", "||"]), max_size=14),
    quote=st.sampled_from([None, '"']),
    delimiter=st.sampled_from(["|", "||", "\t"]),
    tail=st.booleans(),
    line_end=st.sampled_from(["CRLF", "LF"]),
)
@settings(max_examples=300, deadline=None)
def test_the_quick_way_splits_as_the_thorough_way(
    pieces: list[str], quote: str | None, delimiter: str, tail: bool, line_end: str
) -> None:
    rule = Delimited(delimiter=delimiter, quote=quote, line_end=line_end, ends_with_delimiter=tail)
    octets = "".join(pieces).encode("gb18030") + b"\n"
    form = LineForm(rule, record(3), "gb18030")
    assert outcome(lambda: form.split(octets, 1)) == outcome(lambda: form._one_by_one(octets, 1))


def outcome(split: Callable[[], pl.DataFrame]) -> list[Any] | str:
    try:
        return split().rows()
    except LayoutError as refused:
        return str(refused)


def test_a_checksum_is_of_the_octets_of_the_details(separated: Callable[..., Layout]) -> None:
    file = compiled(separated(None, ("checksum: sha256", "checksum: crc32")), MessageName.INSTRUCTION, "gb18030")
    item = {"name": "阿·力", "remark": None, "account": "1", "bank_code": None, "id_type": None, "amount_fen": 7}
    content = written(file, frame([item]))
    _, details, trailer = content.split(b"\r\n")[:3]
    assert trailer == b"T|7|" + b"%08X" % zlib.crc32(details + b"\r\n")
