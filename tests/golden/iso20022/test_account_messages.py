"""Statements, notifications, returns and verifications: hand-written, valid by the schemas, read to what they say."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.code_table import CodeTable
from adapters.contract import MessageRefused, ResultKind
from adapters.dialects.iso20022 import Iso20022Dialect
from adapters.profile_reader import read_profile
from gateway.setup import config_directory
from messages.iso20022.account_report import parse_account_reports
from messages.iso20022.payment_return import RETURN_SCHEMA, build_payment_return, parse_payment_return
from messages.iso20022.schema import schema
from messages.iso20022.unreadable import Unreadable
from messages.iso20022.verification import (
    ANSWER_SCHEMA,
    REQUEST_COLUMNS,
    build_verification_report,
    build_verification_request,
    parse_verification_report,
    parse_verification_request,
)

HERE = Path(__file__).parent
FILE, OTHER = "7K2M9P4QX8RTF0000", "7K2M9P4QX8RTF0001"
ITEM = "7K2M9P4QX8RT00000000"
CST = timezone(timedelta(hours=8))
LIMIT = 1_000_000
MESSAGES = {
    "pacs004_two_returns": "pacs.004.001.10",
    "camt054_paid_and_returned": "camt.054.001.08",
    "camt053_one_day": "camt.053.001.08",
    "acmt023_two_people": "acmt.023.001.02",
    "acmt024_one_matches": "acmt.024.001.02",
}


def golden(name: str) -> bytes:
    return (HERE / f"{name}.xml").read_bytes()


@pytest.fixture(scope="module")
def city():
    return read_profile(config_directory() / "banks/city-iso.yaml")


@pytest.fixture(scope="module")
def codes():
    return CodeTable.read(config_directory() / "codes/city-iso.csv")


def said(city, codes, name: str) -> dict[str, list[tuple[object, ...]]]:
    results = Iso20022Dialect().parse_all(city, "x", [golden(name)])
    columns = ("reference", "amount_fen", "outcome", "reason", "settled_on")
    return {one.original_message_id: codes.apply(pl.concat(one.blocks)).select(columns).rows() for one in results}


@pytest.mark.parametrize("name", MESSAGES)
def test_they_are_valid_by_the_published_schemas(name) -> None:
    schema(MESSAGES[name]).assertValid(etree.fromstring(golden(name)))


def test_a_return_of_two_instructions(city, codes) -> None:
    assert said(city, codes, "pacs004_two_returns") == {
        FILE: [(ITEM, 12_345, "RETURNED", "ACCT_CLOSED", date(2026, 3, 5))],
        OTHER: [("7K2M9P4QX8RT00010000", 1, "RETURNED", "RETURNED", date(2026, 3, 4))],
    }


def test_a_notification_of_payments_and_a_return(city, codes) -> None:
    assert said(city, codes, "camt054_paid_and_returned") == {
        FILE: [
            (ITEM, 12_345, "PAID", None, date(2026, 3, 3)),
            ("7K2M9P4QX8RT00000001", 1, "PAID", None, date(2026, 3, 3)),
            (ITEM, 12_345, "RETURNED", "ACCT_CLOSED", date(2026, 3, 5)),
        ]
    }


def test_a_statement_speaks_of_our_items_only(city, codes) -> None:
    assert said(city, codes, "camt053_one_day") == {FILE: [(ITEM, 12_345, "PAID", None, date(2026, 3, 3))]}


def test_a_statement_has_its_balances_and_all_its_entries() -> None:
    (report,) = parse_account_reports([golden("camt053_one_day")], max_bytes=LIMIT)
    opening, closing = report.balance("OPBD"), report.balance("CLBD")
    assert opening and closing and opening.fen - report.entries["amount_fen"].sum() == closing.fen == 87_550
    assert (report.sequence, report.account, report.entries.height) == ("62", "1002881000000000018", 2)


def test_what_came_back_is_a_return(city) -> None:
    results = Iso20022Dialect().parse_all(city, "x", [golden("pacs004_two_returns")])
    assert {one.kind for one in results} == {ResultKind.RETURN}


@pytest.mark.parametrize("name", ["pacs004_two_returns", "camt053_one_day", "pain002_mixed"])
def test_a_message_is_known_however_its_first_octets_come(city, name: str) -> None:
    whole = Iso20022Dialect().parse_all(city, "x", [golden(name)])
    singly = Iso20022Dialect().parse_all(city, "x", [bytes([octet]) for octet in golden(name)])
    assert [(one.kind, one.original_message_id) for one in singly] == [
        (one.kind, one.original_message_id) for one in whole
    ]


@pytest.mark.parametrize("tag", ["s:Ntry", ":Ntry", "s:Document"])
def test_a_prefix_that_nobody_declared_is_no_crash(tag: str) -> None:
    """The parser lets it through as a tag with a colon, which is no qualified name."""
    plain = tag.partition(":")[2].encode()
    content = golden("camt053_one_day").replace(b"<" + plain, b"<" + tag.encode())
    content = content.replace(b"</" + plain, b"</" + tag.encode())
    with pytest.raises(Unreadable):
        parse_account_reports([content], max_bytes=LIMIT)


def test_a_verification_is_written_as_the_document_says() -> None:
    people = [
        ("R1", "阿依古丽·买买提", "11010519491231002X", "6217000010000000018"),
        ("R2", "A & B", None, "6228480000000000015"),
    ]
    rows = pl.DataFrame(people, schema=dict.fromkeys(REQUEST_COLUMNS, pl.String), orient="row")
    at = datetime(2026, 3, 2, 9, 30, 15, tzinfo=CST)
    assert b"".join(build_verification_request("VQ1", at, "某某县财政局", "示范城市商业银行", rows)) == golden(
        "acmt023_two_people"
    )
    message_id, read = parse_verification_request([golden("acmt023_two_people")], max_bytes=LIMIT)
    assert (message_id, read.rows()) == ("VQ1", people)


def test_a_verification_answer() -> None:
    report = parse_verification_report([golden("acmt024_one_matches")], max_bytes=LIMIT)
    assert report.original_message_id == "VQ1"
    assert report.answers.rows() == [("R1", True, None), ("R2", False, "BE01")]
    at = datetime(2026, 3, 2, 9, 31, tzinfo=CST)
    names = ("某某县财政局", "示范城市商业银行")
    assert build_verification_report("VA1", "VQ1", at, *names, report.answers) == golden("acmt024_one_matches")
    assert report.answers.schema == pl.Schema(ANSWER_SCHEMA)


HOSTILE = [
    ("pacs004_two_returns", "<NbOfTxs>2", "<NbOfTxs>3", "NbOfTxs"),
    ("pacs004_two_returns", '"CNY">123.46', '"CNY">123.47', "TtlRtrdIntrBkSttlmAmt"),
    ("pacs004_two_returns", '"CNY">0.01', '"USD">0.01', "RtrdIntrBkSttlmAmt"),
    ("pacs004_two_returns", '"CNY">0.01', '"CNY">0.015', "RtrdIntrBkSttlmAmt"),
    ("pacs004_two_returns", 'OrgnlIntrBkSttlmAmt Ccy="CNY">123.45', 'OrgnlIntrBkSttlmAmt Ccy="CNY">999.00', "RtrdIntrBkSttlmAmt"),
    ("camt054_paid_and_returned", "<CdtDbtInd>DBIT", "<CdtDbtInd>BOTH", "CdtDbtInd"),
    ("camt054_paid_and_returned", '"CNY">123.46', '"CNY">123.47', "Ntry/Amt"),
    ("camt054_paid_and_returned", "<MsgId>7K2M9P4QX8RTF0000</MsgId>", "", "PmtInfId"),
    ("camt054_paid_and_returned", "2026-03-03", "2026-02-30", "BookgDt"),
    ("camt053_one_day", "<EndToEndId>7K2M9P4QX8RT00000000", "<EndToEndId>NOTPROVIDED", "PmtInfId"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "right", "wrong", "field"), HOSTILE)
def test_what_cannot_be_right_is_refused_with_its_place(city, name, right, wrong, field) -> None:
    text = golden(name).decode().replace(right, wrong)
    assert text.encode() != golden(name)
    with pytest.raises(MessageRefused, match=field):
        Iso20022Dialect().parse_all(city, "x", [text.encode()])


@pytest.mark.parametrize("name", [name for name in MESSAGES if "acmt" not in name])
def test_half_a_message_and_a_bomb_are_refused(city, name) -> None:
    whole = golden(name)
    for data in (whole[: len(whole) // 2], whole.replace(b"<Document", b"<!DOCTYPE x [<!ENTITY a 'b'>]><Document", 1)):
        with pytest.raises(MessageRefused):
            Iso20022Dialect().parse_all(city, "x", [data])


def test_a_verdict_that_is_neither_is_refused() -> None:
    wrong = golden("acmt024_one_matches").replace(b"<Vrfctn>true", b"<Vrfctn>maybe")
    with pytest.raises(Unreadable, match="Vrfctn"):
        parse_verification_report([wrong], max_bytes=LIMIT)


returns = st.lists(
    st.tuples(
        st.integers(0, 99_999_999).map(lambda number: f"7K2M9P4QX8RT{number:08d}"),
        st.integers(1, 10**12),
        st.one_of(st.none(), st.sampled_from(["AC04", "RJ09", "BE01"])),
        st.one_of(st.none(), st.text("账户已销<&>\"'x", min_size=1, max_size=20)),
    ),
    min_size=1,
    max_size=20,
)


@settings(max_examples=50, deadline=None)
@given(returns)
def test_what_was_written_is_read_again(rows) -> None:
    day = date(2026, 3, 5)
    frame = pl.DataFrame(
        [(FILE, reference, fen, None, reason, text, None, day, None) for reference, fen, reason, text in rows],
        schema=RETURN_SCHEMA,
        orient="row",
    )
    message = build_payment_return("RT1", datetime(2026, 3, 5, tzinfo=CST), day, frame)
    schema("pacs.004.001.10").assertValid(etree.fromstring(message))
    assert parse_payment_return([message], max_bytes=LIMIT).returns.equals(frame)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(MESSAGES)), st.integers(0, 10**6), st.integers(0, 255))
def test_a_changed_octet_never_does_worse_than_a_refusal(city, name, place, octet) -> None:
    data = bytearray(golden(name))
    data[place % len(data)] = octet
    try:
        Iso20022Dialect().parse_all(city, "x", [bytes(data)])
    except MessageRefused:
        return
