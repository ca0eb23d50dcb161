"""pain.001: what is written can be read by others, is valid, exact, and the same every time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from messages.iso20022.amounts import MAX_FEN
from messages.iso20022.characters import ILLEGAL
from messages.iso20022.pain001 import CHUNK_ROWS, Pain001Unwritable, build, frame_bytes, longest_item
from messages.iso20022.pain001_limits import LONGEST, unwritable
from messages.iso20022.pain001_read import READ_SCHEMA, read_instruction
from messages.iso20022.schema import PAIN_001, schema

FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def text(longest: int, shortest: int = 1) -> st.SearchStrategy[str]:
    chars = st.characters(codec="utf-8", exclude_characters="".join(ILLEGAL))
    return st.text(st.one_of(chars, st.sampled_from("&<>\"'\r\n\t]· {}%")), min_size=shortest, max_size=longest)


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "payee_kind": st.sampled_from(["PERSON", "ORGANISATION"]),
            **{name: text(LONGEST[name]) for name in ("name", "id_type", "id_number", "account", "bank_code")},
            "amount_fen": st.one_of(st.integers(1, 10**6), st.integers(1, 10**16)),
            "remark": st.one_of(st.none(), text(140)),
        }
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=FIXTURES)
@given(
    rows=ROWS,
    words=st.fixed_dictionaries({"policy_name": text(140), "project_code": text(35, 0), "voucher_no": text(140, 0)}),
)
def test_what_is_written_is_read_back(block, head, rows, words):
    items = block(*rows)
    wanted = head(items, **words)
    read, back = read_instruction(build(wanted, [items]), max_bytes=10**7)
    expected = items.with_columns(policy_name=pl.lit(wanted.policy_name)).select(*READ_SCHEMA)
    assert back.equals(expected)
    assert (read.message_id, read.payment_id, read.rows, read.total_fen) == (
        wanted.message_id, wanted.message_id, wanted.rows, wanted.total_fen,
    )  # fmt: skip
    assert (read.project_code, read.voucher_no) == (wanted.project_code, wanted.voucher_no)
    assert read.debtor_name == wanted.debtor_name and read.requested_on == wanted.requested_on


@settings(max_examples=30, deadline=None, suppress_health_check=FIXTURES)
@given(rows=ROWS, at=st.integers(0, 8))
def test_bytes_do_not_depend_on_how_rows_come(block, head, rows, at):
    items = block(*rows)
    whole = b"".join(build(head(items), [items]))
    assert whole == b"".join(build(head(items), [items[:at], items[at:], items[:0]]))


def test_no_item_is_longer_than_the_longest(block, head):
    widest = {name: "&" * longest for name, longest in LONGEST.items()}
    items = block({**widest, "amount_fen": MAX_FEN - 1})
    written = b"".join(build(head(items, policy_name="&" * 140), [items]))
    item = written.splitlines(keepends=True)[2]
    assert item.startswith(b"<CdtTrfTxInf>") and len(item) == longest_item()
    wide_head = {"message_id": 35, "debtor_name": 140, "debtor_account": 34, "debtor_bank_code": 35, "project_code": 35}
    changes = {name: "&" * longest for name, longest in wide_head.items()}
    around = b"".join(build(head(items, policy_name="p", voucher_no="&" * 140, **changes), [items]))
    assert len(around) - len(around.splitlines(keepends=True)[2]) <= frame_bytes()


@pytest.mark.parametrize("fen", [1, 9, 10, 99, 100, 101, 12_345, 10**16 + 7, MAX_FEN])
def test_amounts_are_exact(block, head, fen):
    items = block({"amount_fen": fen})
    document = etree.fromstring(b"".join(build(head(items), [items])))
    assert schema(PAIN_001).validate(document), schema(PAIN_001).error_log
    digits = f"{fen:03d}"
    assert document.findtext(".//{*}InstdAmt") == document.findtext(".//{*}CtrlSum") == f"{digits[:-2]}.{digits[-2:]}"


def test_chunks_are_some_hundred_kilobytes(block, head):
    items = block(*({} for _ in range(2 * CHUNK_ROWS + 1)))
    sizes = [len(chunk) for chunk in build(head(items), [items])]
    assert len(sizes) == 5 and max(sizes) < 2_000_000


def test_one_moment_is_written_one_way(block, head):
    items = block({})
    there = datetime(2026, 3, 2, 9, 30, 15, tzinfo=timezone(timedelta(hours=8)))
    elsewhere = datetime(2026, 3, 1, 20, 30, 15, 123, tzinfo=timezone(timedelta(hours=-5)))
    stored = datetime(2026, 3, 2, 1, 30, 15)  # noqa: DTZ001 - as a store without zones gives it back
    written = {b"".join(build(head(items, created_at=moment), [items])) for moment in (there, elsewhere, stored)}
    assert len(written) == 1 and b"<CreDtTm>2026-03-02T09:30:15+08:00<" in written.pop()


@pytest.mark.parametrize(
    ("change", "field", "why"),
    [
        ({"name": "名" * 141}, "name", "140 characters"),
        ({"name": ""}, "name", "empty"),
        ({"account": None}, "account", "empty"),
        ({"account": "1" * 35}, "account", "34 characters"),
        ({"id_number": "1" * 36}, "id_number", "35 characters"),
        ({"remark": "附" * 141}, "remark", "140 characters"),
        ({"remark": "a\x00b"}, "remark", "XML 1.0"),
        ({"name": "a\x0bb"}, "name", "XML 1.0"),
        ({"bank_code": "\uffff"}, "bank_code", "XML 1.0"),
        ({"amount_fen": 0}, "amount_fen", "fen"),
        ({"amount_fen": None}, "amount_fen", "fen"),
        ({"amount_fen": MAX_FEN + 1}, "amount_fen", "fen"),
        ({"payee_kind": "GHOST"}, "payee_kind", "PERSON"),
        ({"payee_kind": None}, "payee_kind", "PERSON"),
    ],
)
def test_what_the_schema_cannot_hold_is_refused(block, head, change, field, why):
    items = block({}, change)
    [(row, name, words)] = unwritable(items)
    assert (row, name) == (1, field) and why in words
    assert unwritable(items.drop("reference")) == [(row, name, words)]
    with pytest.raises(Pain001Unwritable) as refusal:
        list(build(head(items, total_fen=1), [items]))
    assert [(item, name) for item, name, _ in refusal.value.findings] == [(1, field)]


def test_longest_texts_are_carried(block, head):
    items = block({"name": "𠮷" * 140, "remark": "名" * 140, "account": "9" * 34})
    document = etree.fromstring(b"".join(build(head(items), [items])))
    assert schema(PAIN_001).validate(document), schema(PAIN_001).error_log


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"policy_name": ""}, "policy_name"),
        ({"policy_name": "策" * 141}, "policy_name"),
        ({"debtor_name": "a\x01"}, "debtor_name"),
        ({"debtor_name": "a\ud800"}, "debtor_name"),
        ({"message_id": "M" * 36}, "message_id"),
        ({"rows": 0}, "rows"),
        ({"total_fen": 0}, "total_fen"),
    ],
)
def test_a_head_that_cannot_be_written_is_refused(block, head, change, field):
    items = block({})
    with pytest.raises(Pain001Unwritable) as refusal:
        list(build(head(items, **change), [items]))
    assert refusal.value.findings[0][:2] == (0, field)


@pytest.mark.parametrize("change", [{"rows": 2}, {"total_fen": 1}])
def test_rows_that_do_not_match_the_head_never_make_a_file(block, head, change):
    items = block({})
    written = bytearray()
    with pytest.raises(ValueError, match="the head says"):
        for chunk in build(head(items, **change), [items]):
            written += chunk
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(bytes(written))


def test_braces_and_markup_in_the_policy_name_are_text(block, head):
    items = block({})
    policy = "{} {name} & <b> %s"
    _, back = read_instruction(build(head(items, policy_name=policy), [items]), max_bytes=10**6)
    assert back["policy_name"].to_list() == [policy]
