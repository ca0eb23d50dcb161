"""The CNAPS2 dialect: limits, findings, and what it refuses to take for an answer."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from adapters.contract import CannotTranslate, Consent, Inquirer, MessageRefused, Question, ResultKind
from adapters.dialects.cnaps2 import Cnaps2Dialect
from adapters.envelopes.registry import ENVELOPES
from adapters.registry import DIALECTS
from messages.cnaps2.kinds import MessageType
from messages.cnaps2.reading import read_message
from messages.cnaps2.writing import Heading, return_answer, write_message
from simulators.answers import ANSWER_SCHEMA, Kind
from simulators.bank_contract import Consent as Heard
from simulators.bank_contract import Order
from simulators.bank_contract import Question as Asked
from simulators.codecs.cnaps2 import Cnaps2Codec

DIALECT, CODEC = Cnaps2Dialect(), Cnaps2Codec()
ID = "7K3M9QXWZ4T2F0001"
AT = datetime.fromisoformat("2026-11-25T10:00:00")


def test_it_is_registered() -> None:
    assert isinstance(DIALECTS["cnaps2"], Cnaps2Dialect) and isinstance(DIALECTS["cnaps2"], Inquirer)
    assert "cnaps2-block" in ENVELOPES


def test_rows_under_every_limit(profile) -> None:
    def rows(**limits: int) -> int:
        return DIALECT.rows_per_file(profile.model_copy(update={"limits": profile.limits.model_copy(update=limits)}))

    assert rows() == 2000 and rows(rows_per_file=7) == 7 and rows(rows_per_file=9_999) == 2000
    assert 50 < rows(bytes_per_file=100_000) < 100
    with pytest.raises(ValueError, match="bytes_per_file must be at least"):
        rows(bytes_per_file=5_000)


def test_items_that_cannot_be_carried(profile, items_of) -> None:
    items = items_of(
        {}, {"name": "合" * 61}, {"amount_fen": 100_000_001}, {"remark": "a\x02"}, {"account_kind": "NONE"}
    )
    assert [(row, name) for row, name, _ in DIALECT.carries(profile, items)] == [
        *((1, "name"), (2, "amount_fen"), (3, "remark"), (4, "account_kind")),
    ]
    assert DIALECT.carries(profile, items.drop("reference").head(1)) == []


def test_a_head_that_cannot_be_carried(profile, items_of, head_of) -> None:
    items = items_of({})
    assert DIALECT.carries_head(profile, head_of(items)) == []
    head = head_of(items, debtor_name="县" * 61, debtor_account="")
    assert [name for name, _ in DIALECT.carries_head(profile, head)] == ["debtor_name", "debtor_account"]
    with pytest.raises(CannotTranslate):
        list(DIALECT.build(profile, head, [items]))
    with pytest.raises(ValueError, match="utf-8"):
        list(DIALECT.build(profile.model_copy(update={"encoding": "gbk"}), head_of(items), [items]))


def test_the_same_instruction_is_the_same_bytes(profile, items_of, head_of) -> None:
    items = items_of({}, {"name": "阿依古丽·买买提"}, {"remark": "x"})
    whole = b"".join(DIALECT.build(profile, head_of(items), [items]))
    assert whole == b"".join(DIALECT.build(profile, head_of(items), [items[:1], items[1:]]))


def test_what_the_centre_says_is_what_we_hear(profile, items_of, head_of) -> None:
    items = items_of({}, {"amount_fen": 7}, {}, {})
    order = CODEC.read(b"".join(DIALECT.build(profile, head_of(items), [items])))
    assert isinstance(order, Order) and order.items["amount_fen"].to_list() == [100, 7, 100, 100]
    day = date(2026, 11, 25)
    rows = order.items.select(
        "reference",
        "account",
        "amount_fen",
        pl.Series("status", ["PAID", "FAILED", "PROCESSING", "RETURNED"]),
        pl.Series("reason", [None, "RJ02", None, "RJ09"]),
        pl.Series("text", [None, "户名不符", None, "退票"]),
        pl.Series("serial", ["S1", "S2", "S3", "S4"]),
        pl.Series("settled_on", [day, None, None, day]),
    ).cast(ANSWER_SCHEMA)
    heard = DIALECT.parse(profile, "", [CODEC.result(order, Kind.RESULT, 1, rows)])
    assert (heard.kind, heard.original_message_id) == (ResultKind.RESULT, ID)
    said = heard.blocks[0]
    assert said["status_raw"].to_list() == ["PR05", "PR09", "PR03", "PR23"]
    assert said.select("reference", "account", "amount_fen").equals(rows.select("reference", "account", "amount_fen"))
    assert (
        said.select("reason_raw", "text_raw", "bank_reference", "settled_on").rows()
        == rows.select("reason", "text", "serial", "settled_on").rows()
    )
    back = DIALECT.parse(profile, "", [CODEC.result(order, Kind.RETURN, 1, rows[3:])])
    assert (back.kind, back.blocks[0]["status_raw"].to_list()) == (ResultKind.RETURN, ["PR23"])
    for kind, part in ((Kind.RESULT, rows), (Kind.RETURN, rows[3:])):
        with pytest.raises(MessageRefused, match="TtlAmt"):
            DIALECT.parse(profile, "", [CODEC.wrong_total(order, kind, 1, part)])


def test_acknowledgements_and_absence(profile) -> None:
    day = date(2026, 11, 25)

    def heard(body: bytes) -> tuple[object, ...]:
        parsed = DIALECT.parse(profile, "", [body[:50], body[50:]])
        return parsed.kind.value, parsed.original_message_id, parsed.group_status_raw, parsed.group_reason_raw

    assert heard(CODEC.acknowledgement(ID, day, None, "")) == ("ACKNOWLEDGEMENT", ID, "PR07", None)
    assert heard(CODEC.acknowledgement(ID, day, "RJ35", "核签错")) == ("ACKNOWLEDGEMENT", ID, "PR09", "RJ35")
    assert heard(CODEC.acknowledgement(ID, day, "PR24", "丢弃")) == ("ACKNOWLEDGEMENT", ID, "PR24", None)
    assert heard(CODEC.absent(ID, day)) == ("RESULT", ID, "QR01", None)


def test_the_centre_understands_our_question(profile) -> None:
    for references in ((), ("R1", "R2")):
        asked = Question("Q" * 26, ID, datetime(2026, 11, 25, tzinfo=UTC), date(2026, 11, 25), "24", references)
        assert CODEC.read(DIALECT.inquiry(profile, asked)) == Asked(ID, references)


def test_a_group_state_beside_a_find_is_heard(profile) -> None:
    words = {"QryRslt": "QR00", "PrcSts": "PR23"}
    body = write_message(MessageType.INQUIRY_ANSWER, Heading("C1", AT, ID), words)
    assert DIALECT.parse(profile, "", [body]).group_status_raw == "PR23"


def answers() -> dict[str, bytes]:
    one = pl.DataFrame(
        {"reference": ["R1"], "account": ["6217"], "amount_fen": [1], "status_raw": ["PR05"], "reason_raw": [None]}
        | {"text_raw": [None], "bank_reference": [None], "settled_on": [None]},
        schema_overrides={"reason_raw": pl.String, "text_raw": pl.String, "settled_on": pl.Date},
    ).with_columns(pl.col("bank_reference").cast(pl.String))
    ours, theirs = Heading("C1", AT, ID), Heading("C1", AT, "Q1", MessageType.INQUIRY)
    return {
        "OrgnlMT": write_message(MessageType.CONFIRMATION, theirs, {"PrcSts": "PR09"}),  # our question was refused
        "xmlns": return_answer(ours, agreed=True),
        "QryRslt": write_message(MessageType.INQUIRY_ANSWER, ours, {"QryRslt": "QR01"}, one),
        "PrcSts": write_message(MessageType.RETURN_REQUEST, ours, {}, one),
    }


@pytest.mark.parametrize("field", list(answers()))
def test_what_makes_no_sense_is_refused(profile, field: str) -> None:
    with pytest.raises(MessageRefused) as refused:
        DIALECT.parse(profile, "", [answers()[field]])
    assert refused.value.field_name == field and refused.value.clause


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"<a/>", b"\xff\xfe", b'<Document xmlns="urn:cnaps:std:beps:beps.383.001.01"']
)
def test_what_is_no_message_is_refused(profile, body: bytes) -> None:
    with pytest.raises(MessageRefused):
        DIALECT.parse(profile, "", [body])
    with pytest.raises(MessageRefused, match="octets"):
        limits = profile.limits.model_copy(update={"result_bytes": 300})
        DIALECT.parse(
            profile.model_copy(update={"limits": limits}), "", [CODEC.absent(ID, date(2026, 1, 1)), b"x" * 10**6]
        )


@pytest.mark.parametrize("agreed", [True, False])
def test_the_centre_understands_our_consent(profile, agreed: bool) -> None:
    """Read by the centre's own codec: which request, and whether we agree."""
    consent = Consent(
        "7K3M9QXWZ4T2F0001T000000042", "7K3M9QXWZ4T2F0001R001", datetime(2026, 11, 25, 9, tzinfo=UTC), agreed
    )
    content = DIALECT.consent(profile, consent)
    assert CODEC.read(content) == Heard("7K3M9QXWZ4T2F0001R001", agreed)
    said = read_message(content)
    assert (said.original_type, said.message_id) == (MessageType.RETURN_REQUEST, consent.message_id)
    assert said.information == ({"PrcSts": "PR10"} if agreed else {"PrcSts": "PR09", "RjctCd": "RJ90"})
