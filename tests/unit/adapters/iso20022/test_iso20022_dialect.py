"""The ISO 20022 dialect: what it promises to carry it writes, and what a bank says it understands the right way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from adapters.contract import RESULT_SCHEMA, CannotTranslate, Dialect, MessageRefused, ResultKind
from adapters.dialects.iso20022 import Iso20022Dialect
from messages.iso20022.amounts import MAX_FEN
from messages.iso20022.pain001 import frame_bytes, longest_item
from messages.iso20022.pain001_limits import LONGEST
from messages.iso20022.pain001_read import read_instruction
from messages.iso20022.pain002 import RESULT_COLUMNS
from messages.iso20022.pain002_build import STATUS_ROW_SCHEMA, StatusReportHead, build_status_report
from messages.outcome import Outcome

DIALECT: Dialect = Iso20022Dialect()
MESSAGE = "7K2M9P4QX8RTF0000"


def answer(group: str | None, *items: str, payment: str | None = None, payment_id: str | None = MESSAGE) -> bytes:
    head = StatusReportHead(
        "R1", datetime(2026, 3, 3, tzinfo=UTC), MESSAGE, group, payment_id=payment_id, payment_status=payment
    )
    rows = [
        {**dict.fromkeys(STATUS_ROW_SCHEMA), "reference": f"REF{at}", "status": status}
        for at, status in enumerate(items)
    ]
    blocks = [pl.DataFrame(rows, schema=STATUS_ROW_SCHEMA)] if rows else []
    return b"".join(build_status_report(head, blocks))


def test_both_rooms_mean_the_same_columns():
    assert list(RESULT_COLUMNS.items()) == list(RESULT_SCHEMA.items())


def test_it_writes_what_it_is_given(profile, items, instruction):
    block = items(5)
    written = b"".join(DIALECT.build(profile(), instruction(block), [block]))
    head, back = read_instruction([written], max_bytes=10**6)
    assert (head.message_id, head.payment_id, head.rows, head.total_fen) == (MESSAGE, MESSAGE, 5, 500)
    assert back["reference"].equals(block["reference"])
    assert written == b"".join(DIALECT.build(profile(), instruction(block), [block]))


def test_a_full_file_of_the_longest_items_keeps_the_byte_limit(profile, items, instruction):
    narrow = profile(bytes_per_file=200_000)
    rows = DIALECT.rows_per_file(narrow)
    widest = [pl.lit("&" * longest).alias(name) for name, longest in LONGEST.items()]
    block = items(rows, amount_fen=MAX_FEN // 1_000).with_columns(widest)
    head = replace(instruction(block), policy_name="&" * 140, debtor_name="&" * 140, voucher_no="&" * 140)
    size = sum(len(chunk) for chunk in DIALECT.build(narrow, head, [block]))
    assert 200_000 - frame_bytes() - longest_item() < size <= 200_000


def test_rows_are_bounded_by_rows_and_by_bytes(profile):
    assert DIALECT.rows_per_file(profile()) == 1_000
    assert DIALECT.rows_per_file(profile(bytes_per_file=frame_bytes() + 7 * longest_item())) == 7
    with pytest.raises(ValueError, match="bytes_per_file"):
        DIALECT.rows_per_file(profile(bytes_per_file=frame_bytes()))


def test_what_it_cannot_carry_it_says_before_anything_is_promised(profile, items, instruction):
    block = pl.concat([items(1), items(1, remark="a\x00"), items(1, amount_fen=10**9 + 1), items(1, name="名" * 141)])
    findings = DIALECT.carries(profile(), block.drop("reference"))
    assert [(row, field) for row, field, _ in findings] == [(1, "remark"), (2, "amount_fen"), (3, "name")]
    assert DIALECT.carries(profile(), items(3)) == []
    with pytest.raises(CannotTranslate) as refusal:
        list(DIALECT.build(profile(), instruction(block), [block]))
    assert [(item, field) for item, field, _ in refusal.value.findings] == [(10_000, "remark"), (10_000, "name")]
    assert "a\x00" not in str(refusal.value)


def test_it_writes_utf8_only(profile, items, instruction):
    block = items(1)
    with pytest.raises(ValueError, match="utf-8"):
        list(DIALECT.build(profile(encoding="gb18030"), instruction(block), [block]))


@pytest.mark.parametrize(
    ("group", "outcome"),
    [
        ("ACTC", Outcome.ACCEPTED),
        ("ACCP", Outcome.ACCEPTED),
        ("ACSP", Outcome.ACCEPTED),
        ("ACSC", Outcome.ACCEPTED),
        ("PDNG", Outcome.ACCEPTED),
        ("PART", Outcome.ACCEPTED),
        ("RJCT", Outcome.FAILED),
        ("CANC", None),
        ("rjct", None),
        (None, None),
    ],
)
def test_the_status_of_a_file_never_pays_anyone(profile, group, outcome):
    parsed = DIALECT.parse(profile(), "", [answer(group)])
    assert (parsed.kind, parsed.group_status_raw, parsed.group_outcome) == (ResultKind.ACKNOWLEDGEMENT, group, outcome)
    assert parsed.original_message_id == MESSAGE and parsed.blocks == ()
    bare = DIALECT.parse(profile(), "", [answer(group, payment_id=None)])
    assert bare.group_outcome == outcome


@pytest.mark.parametrize(
    ("group", "payment", "status", "outcome"),
    [
        (None, "RJCT", "RJCT", Outcome.FAILED),
        (None, "ACCP", "ACCP", Outcome.ACCEPTED),
        ("PART", "RJCT", "RJCT", Outcome.FAILED),
        ("ACCP", "ACSP", "ACSP", Outcome.ACCEPTED),
        ("ACCP", "RJCT", "RJCT", Outcome.UNKNOWN),
        ("RJCT", "ACSP", "ACSP", Outcome.UNKNOWN),
    ],
)
def test_the_payment_information_speaks_for_the_file_where_no_items_do(profile, group, payment, status, outcome):
    parsed = DIALECT.parse(profile(), "", [answer(group, payment=payment)])
    assert (parsed.group_status_raw, parsed.group_outcome) == (status, outcome)


@pytest.mark.parametrize(
    ("group", "statuses", "outcome"),
    [
        ("PART", ["ACSC", "RJCT"], Outcome.ACCEPTED),
        (None, ["ACSC"], None),
        ("RJCT", ["RJCT", "RJCT"], Outcome.FAILED),
        ("RJCT", ["RJCT", "ACSC"], Outcome.UNKNOWN),
    ],
)
def test_items_are_a_result(profile, group, statuses, outcome):
    parsed = DIALECT.parse(profile(), "", [answer(group, *statuses)])
    assert (parsed.kind, parsed.group_outcome) == (ResultKind.RESULT, outcome)
    assert [status for block in parsed.blocks for status in block["status_raw"]] == statuses
    assert all(block.schema == pl.Schema(RESULT_SCHEMA) for block in parsed.blocks)


def test_the_bank_never_received_it(profile):
    body = b' \n{"message_id": "7K2M9P4QX8RTF0000", "status": "NOT_FOUND"}'
    for chunks in ([body], [body[at : at + 1] for at in range(len(body))]):
        parsed = DIALECT.parse(profile(), "", chunks)
        assert (parsed.group_outcome, parsed.original_message_id) == (Outcome.ABSENT, MESSAGE)
        assert (parsed.kind, parsed.group_status_raw) == (ResultKind.ACKNOWLEDGEMENT, "NOT_FOUND")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{}",
        b'{"message_id":"A"}',
        b'{"message_id":"A","status":"FOUND"}',
        b'{"message_id":"A","status":["NOT_FOUND"]}',
        b'{"message_id":"","status":"NOT_FOUND"}',
        b'{"message_id":7,"status":"NOT_FOUND"}',
        b'{"message_id":"' + b"A" * 36 + b'","status":"NOT_FOUND"}',
        b'{"message_id":"A","message_id":"B","status":"NOT_FOUND"}',
        b'{"message_id":"A","status":"NOT_FOUND"}x',
        b'{"message_id":"A","status":"NOT_FOUND","pad":"' + b"x" * 5_000 + b'"}',
        b'{"a":' + b"[" * 4_000,
        b'{"message_id":"\xff","status":"NOT_FOUND"}',
    ],
)
def test_absence_is_believed_only_word_for_word(profile, body):
    with pytest.raises(MessageRefused):
        DIALECT.parse(profile(), "", [body])


@pytest.mark.parametrize(
    "body", [b"", b"   ", b"[]", b"NOT_FOUND", b"\x00", b"<html><body>502</body></html>", b"\xff\xfe<\x00"]
)
def test_anything_else_is_refused_with_a_line(profile, body):
    with pytest.raises(MessageRefused) as refusal:
        DIALECT.parse(profile(), "", [body])
    assert refusal.value.line is not None


def test_answers_to_others_are_refused(profile):
    for old, new in ((b"pain.001.001.09</", b"pain.008.001.08</"), (b"<OrgnlPmtInfId>7", b"<OrgnlPmtInfId>8")):
        with pytest.raises(MessageRefused):
            DIALECT.parse(profile(), "", [answer("ACCP").replace(old, new)])


def test_the_size_limit_is_the_profiles(profile):
    body = answer("ACCP", *["ACSC"] * 50)
    assert DIALECT.parse(profile(result_bytes=len(body)), "", [body])
    with pytest.raises(MessageRefused, match="larger"):
        DIALECT.parse(profile(result_bytes=len(body) - 1), "", [body])
