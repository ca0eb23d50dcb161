"""For any values: what was written is read back, and a changed octet is noticed or changes no identity and no money."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from messages.layout.errors import LayoutError
from messages.layout.file import LayoutFile, compiled
from messages.layout.model import Layout
from messages.layout.vocabulary import MessageName

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).map(lambda s: s.rstrip(" "))
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)
REMARKS = st.none() | NAMES.filter(bool)
ITEM = st.fixed_dictionaries(
    {
        "payee_kind": st.sampled_from(["PERSON", "ORGANISATION"]),
        "name": NAMES.filter(bool),
        "id_type": st.sampled_from(["RESIDENT_ID", "USCC", "PASSPORT", "HK_MACAO_PERMIT"]),
        "id_number": PRINTABLE,
        "account": PRINTABLE,
        "account_kind": st.sampled_from(["SOCIAL_SECURITY_CARD", "PASSBOOK"]),
        "bank_code": st.from_regex(r"[0-9]{12}", fullmatch=True),
        "amount_fen": st.integers(0, 10**15 - 1),
        "remark": REMARKS,
    }
)
RESULT = st.fixed_dictionaries(
    {
        "account": PRINTABLE,
        "amount_fen": st.integers(0, 10**15 - 1),
        "status_raw": st.sampled_from("0123"),
        "reason_raw": st.none() | st.from_regex(r"[0-9]{4}", fullmatch=True),
        "text_raw": REMARKS,
        "bank_reference": st.none() | PRINTABLE,
        "settled_on": st.none() | st.dates(date(1900, 1, 1)),
    }
)
HEAD = {
    "message_id": "7K3M9QXWZ4T2F0001",
    "original_message_id": "7K3M9QXWZ4T2F0001",
    "created_on": date(2026, 11, 23),
    "requested_on": date(2026, 11, 25),
    "project_code": "P",
    "policy_name": "补贴",
    "voucher_no": None,
    "debtor_account": "1",
    "debtor_bank_code": "402738090017",
}
IDENTITY = ["reference", "account", "amount_fen"]


def frame(rows: list[dict[str, object]]) -> pl.DataFrame:
    dtypes = dict.fromkeys(rows[0], pl.String) | {"amount_fen": pl.Int64}
    dtypes |= {"settled_on": pl.Date} if "settled_on" in rows[0] else {}
    references = pl.Series("reference", [f"7K3M9QXWZ4T2{number:08d}" for number in range(len(rows))])
    return pl.DataFrame(rows, schema=dtypes).with_columns(references)


def written(file: LayoutFile, items: pl.DataFrame) -> bytes:
    head = {**HEAD, "rows": items.height, "total_fen": sum(items["amount_fen"].to_list())}
    return b"".join(file.build(head, [items[:1], items[1:]]))


@pytest.fixture(scope="module")
def instructions(rural: Layout) -> LayoutFile:
    return compiled(rural, MessageName.INSTRUCTION, "gb18030")


@pytest.fixture(scope="module")
def results(rural: Layout) -> LayoutFile:
    return compiled(rural, MessageName.RESULT, "gb18030")


@given(rows=st.lists(ITEM, min_size=1, max_size=6), cut=st.integers(1, 500))
@settings(max_examples=80, deadline=None)
def test_instructions_are_read_back_and_every_record_has_its_octets(
    instructions: LayoutFile, rows: list[dict[str, object]], cut: int
) -> None:
    items = frame(rows)
    unfit = {finding.row for finding in instructions.check(items)}
    assert unfit == {row for row, item in enumerate(rows) if too_long(item)}
    items = items.filter(~pl.Series([row in unfit for row in range(len(rows))]))
    assume(items.height)
    content = written(instructions, items)
    records = [content[218 + 294 * row :][:294] for row in range(items.height)]
    assert all(record[:1] == b"D" and record[-2:] == b"\r\n" for record in records)
    assert len(content) == 218 + 294 * items.height + 29
    parsed = instructions.parse(content[start : start + cut] for start in range(0, len(content), cut))
    assert pl.concat(parsed.blocks).select(items.columns).equals(items)


def too_long(item: dict[str, object]) -> bool:
    name, remark = str(item["name"]), str(item["remark"] or "")
    return len(name.encode("gb18030")) > 120 or len(remark.encode("gb18030")) > 60


@given(rows=st.lists(RESULT, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_results_are_read_back(results: LayoutFile, rows: list[dict[str, object]]) -> None:
    items = frame(rows)
    assume(not results.check(items))
    parsed = results.parse([written(results, items)])
    assert pl.concat(parsed.blocks).select(items.columns).equals(items)


@given(data=st.data(), rows=st.lists(RESULT, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_a_changed_octet_is_refused_or_changes_one_value_that_is_not_money(
    results: LayoutFile, data: st.DataObject, rows: list[dict[str, object]]
) -> None:
    items = frame(rows)
    assume(not results.check(items))
    right = written(results, items)
    content = bytearray(right)
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255).filter(lambda octet: octet != right[place]))
    try:
        parsed = results.parse([bytes(content)])
    except LayoutError:
        return
    read = pl.concat(parsed.blocks).select(items.columns)
    assert read["amount_fen"].equals(items["amount_fen"])
    changed = [
        (row, name) for name in items.columns for row in range(items.height) if read[name][row] != items[name][row]
    ]
    assert len(changed) <= 1
    if changed and changed[0][1] in IDENTITY:  # the others of the three, and the signature, still tell
        assert changed[0][1] in ("reference", "account")


@given(content=st.binary(max_size=1_000))
@settings(max_examples=100, deadline=None)
def test_any_octets_are_refused_not_crashed_on(results: LayoutFile, content: bytes) -> None:
    with pytest.raises(LayoutError):
        results.parse([content])


@given(content=st.text("HDTR01 \r\n92B6\x84", max_size=600))
@settings(max_examples=100, deadline=None)
def test_nearly_right_octets_are_refused_not_crashed_on(results: LayoutFile, content: str) -> None:
    with pytest.raises(LayoutError):
        results.parse([content.encode("latin-1")])
