"""Bodies: what is written is read; whatever is not as its form has it is refused with field and clause."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messages.bounded_xml import Malformed
from messages.cnaps2 import batch_credit
from messages.cnaps2.batch_credit import BatchCreditUnwritable
from messages.cnaps2.batch_credit_read import read_batch_credit
from messages.cnaps2.forms import DETAIL_SCHEMA
from messages.cnaps2.kinds import MessageType
from messages.cnaps2.reading import read_message
from messages.cnaps2.writing import Heading, return_answer, write_message

HEADING = Heading("C1", datetime.fromisoformat("2026-11-25T10:00:00"), "7K3M9QXWZ4T2F0001")
AT = datetime.fromisoformat("2026-11-25T10:00:00")
ONE = pl.DataFrame([("R1", "62170", 123, "PR05", None, None, None, None)], schema=DETAIL_SCHEMA, orient="row")


def result(**changes: str) -> bytes:
    return write_message(MessageType.BATCH_CREDIT_RESULT, HEADING, {"PrcSts": "PR07", **changes}, ONE)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_batch_credit_is_read_back(drawn, head_of, data: st.DataObject) -> None:
    items = data.draw(drawn["items"])
    read = read_batch_credit(b"".join(batch_credit.build(head_of(items), [items[:2], items[2:]])))
    same = ["reference", "account", "name", "bank_code", "amount_fen"]
    assert read.items.select(same).rows() == items.select(same).rows()
    assert read.items["remark"].to_list() == [text or None for text in items["remark"]]
    assert read.head["policy_name"] == "耕地 & 地力" and read.head["project_code"] == ""


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from([MessageType.BATCH_CREDIT_RESULT, MessageType.INQUIRY_ANSWER]))
def test_states_are_read_back(drawn, data: st.DataObject, kind: MessageType) -> None:
    states = data.draw(drawn["states"])
    words = {"PrcSts": "PR03", "QryRslt": "QR00" if kind is MessageType.INQUIRY_ANSWER else None, "RjctInf": "a & <b>"}
    read = read_message(write_message(kind, HEADING, words, states))
    assert read.details.equals(states) and read.information["RjctInf"] == "a & <b>"
    assert (read.kind, read.message_id, read.original_id) == (kind, "C1", HEADING.original_id)


def test_items_that_do_not_fit_are_named(drawn, head_of) -> None:
    items = pl.DataFrame(
        {"reference": ["R"] * 4, "account": ["1", "2" * 33, None, "4"], "name": ["a", "b", "c", "d" * 61]}
    )
    items = items.with_columns(pl.Series("account_kind", ["BANK_CARD", "X", None, "BANK_CARD"]), amount_fen=pl.lit(0))
    found = batch_credit.unwritable(items)
    assert [(row, name) for row, name, _ in found] == [
        *((0, "amount_fen"), (1, "account"), (1, "account_kind"), (1, "amount_fen")),
        *((2, "account"), (2, "account_kind"), (2, "amount_fen"), (3, "amount_fen"), (3, "name")),
    ]


def test_a_head_that_does_not_add_up_yields_no_whole_message(head_of) -> None:
    items = pl.DataFrame(
        {"reference": ["R1"], "account": ["62170"], "account_kind": ["BANK_CARD"], "name": ["张"], "remark": [None]}
        | {"bank_code": ["104731900015"], "amount_fen": [5], "item_no": [7]},
        schema_overrides={"remark": pl.String},
    )
    with pytest.raises(ValueError, match="not those of the head"):
        list(batch_credit.build(head_of(items, total_fen=6), [items]))
    with pytest.raises(BatchCreditUnwritable) as refused:
        list(batch_credit.build(head_of(items, policy_name="", rows=2001), [items]))
    assert [(row, name) for row, name, _ in refused.value.findings] == [(-1, "policy_name"), (-1, "rows")]
    with pytest.raises(BatchCreditUnwritable, match="item 7, name"):
        list(batch_credit.build(head_of(items), [items.with_columns(name=pl.lit("\x01"))]))


def test_the_longest_detail_is_an_upper_bound(head_of) -> None:
    wide = {name: "&" * rule.longest for name, rule in batch_credit.TEXTS.items()}
    items = pl.DataFrame([{**wide, "account_kind": "BANK_CARD", "amount_fen": batch_credit.MAX_FEN, "item_no": 0}])
    heads = {name: "&" * rule.longest for name, rule in batch_credit.HEAD_TEXTS.items()}
    octets = len(b"".join(batch_credit.build(head_of(items, **heads), [items])))
    assert octets <= batch_credit.longest_detail() + batch_credit.frame_bytes() <= octets + 200


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("beps.383.001.01", "beps.999.001.01", "xmlns"),
        ("BtchCdtTrfRspn>", "Other>", None),
        ("<MsgId>C1</MsgId>", "", "MsgId"),
        ("<MsgId>C1</MsgId>", "<MsgId>C-1</MsgId>", "MsgId"),
        ("<MsgId>C1</MsgId>", "<MsgId>C1</MsgId><MsgId>C2</MsgId>", "MsgId"),
        ("<OrgnlMT>beps.382.001.01</OrgnlMT>", "", "OrgnlMT"),
        ("<Inf>", "<Inf><X/>", None),
        ("<Inf>", "<Inf/><Inf>", "Inf"),
        ("<PrcSts>PR07</PrcSts>", "<PrcSts/>", "PrcSts"),
        ("<NbOfTxs>1<", "<NbOfTxs>2<", "NbOfTxs"),
        ("<NbOfTxs>1<", "<NbOfTxs>１<", "NbOfTxs"),
        ('<TtlAmt Ccy="CNY">1.23<', '<TtlAmt Ccy="CNY">1.24<', "TtlAmt"),
        ('<TtlAmt Ccy="CNY">', '<TtlAmt Ccy="USD">', "TtlAmt"),
        ('<TtlAmt Ccy="CNY">1.23</TtlAmt>', "", "TtlAmt"),
        ("<TxId>R1</TxId>", "", "TxId"),
        ("<CdtrAcctId>62170</CdtrAcctId>", "<CdtrAcctId/>", "CdtrAcctId"),
        ('<Amt Ccy="CNY">1.23<', '<Amt Ccy="CNY">1.230<', "Amt"),
        ('<Amt Ccy="CNY">1.23<', '<Amt Ccy="CNY">-1.23<', "Amt"),
        ('<Amt Ccy="CNY">1.23<', "<Amt>1.23<", "Amt"),
        ("<PrcSts>PR05</PrcSts>", "", "PrcSts"),
        ("<PrcSts>PR05</PrcSts>", "<PrcSts>PR055</PrcSts>", "PrcSts"),
        ("<PrcSts>PR05</PrcSts>", "<PrcSts>PR05</PrcSts><SttlmDt>20261125</SttlmDt>", "SttlmDt"),
        ("<PrcSts>PR05</PrcSts>", "<PrcSts>PR05</PrcSts><SttlmDt>2026-02-30</SttlmDt>", "SttlmDt"),
        ("<Dtl>", "<Dtl><TxId>R1</TxId></Dtl><Dtl>", "CdtrAcctId"),
        ("</Document>", "", None),
        ("<Inf>", "<!DOCTYPE x><Inf>", None),
    ],
)
def test_what_is_not_as_the_form_has_it_is_refused(old: str, new: str, field: str | None) -> None:
    text = result().decode()
    assert old in text
    with pytest.raises(Malformed) as refused:
        read_message(text.replace(old, new).encode())
    assert refused.value.field == field
    assert not any(word in str(refused.value) for word in ("62170", "R1", "1.23"))


def test_two_details_of_one_reference_are_refused() -> None:
    twice = write_message(MessageType.BATCH_CREDIT_RESULT, HEADING, {"PrcSts": "PR07"}, pl.concat([ONE, ONE]))
    with pytest.raises(Malformed, match=r"two details \(line 6, field TxId, clause 7\)"):
        read_message(twice)


def test_a_message_has_at_most_2000_details() -> None:
    many = pl.concat([ONE] * 2_001).with_columns(reference=pl.int_range(pl.len()).cast(pl.String))
    body = write_message(MessageType.BATCH_CREDIT_RESULT, HEADING, {"PrcSts": "PR07"}, many)
    with pytest.raises(Malformed, match="more than 2000"):
        read_message(body)
    with pytest.raises(Malformed, match="octets"):
        read_message(result(), max_bytes=100)


def test_an_instruction_is_no_answer_and_an_answer_no_instruction() -> None:
    with pytest.raises(Malformed, match="not expected"):
        read_batch_credit(result())
    with pytest.raises(Malformed, match="not expected"):
        read_message(result().replace(b"beps.383", b"beps.382"))


def test_details_where_the_form_has_none_are_refused() -> None:
    answer = return_answer(HEADING, agreed=True).replace(b"<Inf>", b"<Dtl></Dtl><Inf>")
    with pytest.raises(Malformed):
        read_message(answer)


def test_a_return_answer_agrees_or_gives_its_reason() -> None:
    heading = Heading("R1", AT, "C318", MessageType.RETURN_REQUEST)
    read = read_message(return_answer(heading, agreed=False, reason="RJ90", text="不同意"))
    assert (read.original_type, read.information) == (
        MessageType.RETURN_REQUEST,
        {"PrcSts": "PR09", "RjctCd": "RJ90", "RjctInf": "不同意"},
    )
    assert read_message(return_answer(heading, agreed=True)).information == {"PrcSts": "PR10"}
    for wrong in ({"agreed": True, "reason": "RJ90"}, {"agreed": False}):
        with pytest.raises(ValueError, match="return"):
            return_answer(heading, **wrong)


def test_a_text_that_is_too_long_is_not_written() -> None:
    with pytest.raises(ValueError, match="RjctCd"):
        result(RjctCd="RJ011")
    with pytest.raises(ValueError, match="RjctInf"):
        details = ONE.with_columns(text_raw=pl.lit("x" * 106))
        write_message(MessageType.BATCH_CREDIT_RESULT, HEADING, {"PrcSts": "PR07"}, details)
