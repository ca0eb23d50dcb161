"""pain.002: one meaning, however it is written and however it is cut; the two readers always agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from xml.sax.saxutils import escape

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from messages.iso20022 import octets
from messages.iso20022.pain002 import RESULT_COLUMNS, StatusReport, parse_status_report
from messages.iso20022.pain002_build import STATUS_ROW_SCHEMA, StatusReportHead, build_status_report
from messages.iso20022.pain002_bulk import BulkReader
from messages.iso20022.schema import PAIN_002, namespace, schema
from messages.iso20022.unreadable import Unreadable

THOROUGH, QUICK = 10**9, 0
SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
MOST = 10**8


def cut(data: bytes, size: int) -> Iterable[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def parse(data: bytes, bulk_from: int, *, chunk: int = 65_536, piece: int | None = None) -> StatusReport:
    with pytest.MonkeyPatch.context() as patch:
        if piece is not None:
            patch.setattr(octets, "PIECE_BYTES", piece)
            patch.setattr(octets, "REACH_BYTES", 4 * piece)
        return parse_status_report(cut(data, chunk), max_bytes=MOST, bulk_from_bytes=bulk_from)


def rows_of(report: StatusReport) -> list[tuple[object, ...]]:
    return [row for block in report.blocks for row in block.iter_rows()]


@dataclass(frozen=True)
class Style:
    """One way to write the same report."""

    prefix: str
    quote: str
    gap: str
    reverse: bool
    split_at: int  # a second payment information begins after so many records; 0: never
    comments: bool


STYLES = st.builds(
    Style,
    prefix=st.sampled_from(["", "p", "ns-1"]),
    quote=st.sampled_from("'\""),
    gap=st.sampled_from(["", "\n", "\n\t  ", "\r\n  "]),
    reverse=st.booleans(),
    split_at=st.integers(0, 6),
    comments=st.booleans(),
)
WORDS = st.text(st.sampled_from("AB12 户名不符&<>]'\"·𠮷\n"), max_size=12).map(lambda text: " ".join(text.split()))
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(["ACSC", "RJCT", "PDNG"]),
            "code": st.sampled_from([None, "AC04", "BE01"]),
            "texts": st.lists(WORDS, max_size=3),
            "fen": st.one_of(st.none(), st.integers(0, 10**14)),
            "account": st.one_of(st.none(), WORDS),
            "serial": st.one_of(st.none(), WORDS),
            "day": st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2030, 1, 1))),
            "dress": st.sampled_from(["plain", "plain", "plain", "cdata", "reference", "spaced"]),
        }
    ),
    max_size=12,
)


def dressed(text: str, dress: str) -> str:
    if dress == "cdata":
        return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
    if dress == "reference":
        return "".join(f"&#{ord(char)};" for char in text)
    return f" \n{escape(text)}\t" if dress == "spaced" else escape(text)


def element(style: Style, name: str, *inside: str) -> str:
    tag = f"{style.prefix}:{name}" if style.prefix else name
    joined = (
        style.gap.join(("", *inside, ""))
        if inside and inside[0].startswith("<") and name != "AddtlInf"
        else "".join(inside)
    )
    return f"<{tag}>{joined}</{tag}>"


def leaf(style: Style, name: str, text: str, dress: str) -> str:
    tag = f"{style.prefix}:{name}" if style.prefix else name
    return f"<{tag}>{dressed(text, dress)}</{tag}>"


def record(style: Style, number: int, row: dict) -> str:
    dress = row["dress"]
    parts = [leaf(style, "OrgnlEndToEndId", f"REF{number:05d}", dress), leaf(style, "TxSts", row["status"], dress)]
    reasons = [element(style, "Rsn", leaf(style, "Cd", row["code"], dress))] if row["code"] else []
    reasons += [leaf(style, "AddtlInf", text, dress) for text in row["texts"]]
    if reasons:
        parts.append(element(style, "StsRsnInf", *reasons))
    if row["serial"] is not None:
        parts.append(leaf(style, "AcctSvcrRef", row["serial"], dress))
    original = []
    if row["fen"] is not None:
        amount = f"{row['fen'] // 100}.{row['fen'] % 100:02d}"
        tagged = leaf(style, "InstdAmt", amount, dress).replace(
            "InstdAmt>", f"InstdAmt Ccy={style.quote}CNY{style.quote}>", 1
        )
        original.append(element(style, "Amt", tagged))
    if row["day"] is not None:
        original.append(leaf(style, "IntrBkSttlmDt", row["day"].isoformat(), dress))
    if row["account"] is not None:
        inner = element(style, "Othr", leaf(style, "Id", row["account"], dress))
        original.append(element(style, "CdtrAcct", element(style, "Id", inner)))
    if original:
        parts.append(element(style, "OrgnlTxRef", *(reversed(original) if style.reverse else original)))
    return element(style, "TxInfAndSts", *(reversed(parts) if style.reverse else parts))


def document(style: Style, rows: list[dict]) -> bytes:
    records = [record(style, number, row) for number, row in enumerate(rows)]
    if style.comments:
        records.insert(len(records) // 2, "<!-- <TxInfAndSts></TxInfAndSts> </p:TxInfAndSts> -->")
    at = style.split_at or len(records) + 1
    halves = [half for half in (records[:at], records[at:]) if half]
    payments = [
        element(style, "OrgnlPmtInfAndSts", element(style, "OrgnlPmtInfId", f"P{index}"), *half)
        for index, half in enumerate(halves)
    ]
    head = element(style, "GrpHdr", element(style, "MsgId", "R1"), element(style, "CreDtTm", "2026-03-03T10:00:00"))
    group = element(
        style,
        "OrgnlGrpInfAndSts",
        element(style, "OrgnlMsgId", "M1"),
        element(style, "OrgnlMsgNmId", "pain.001.001.09"),
    )
    body = element(style, "Document", element(style, "CstmrPmtStsRpt", head, group, *payments))
    declared = f"xmlns{':' + style.prefix if style.prefix else ''}={style.quote}{namespace(PAIN_002)}{style.quote}"
    return body.replace("Document>", f"Document {declared}>", 1).encode()


def expected(number: int, row: dict) -> tuple[object, ...]:
    texts = "; ".join(text for text in row["texts"] if text) or None
    account, serial = row["account"] or None, row["serial"] or None
    return (f"REF{number:05d}", row["fen"], account, row["status"], row["code"], texts, serial, row["day"])


@settings(max_examples=120, deadline=None, suppress_health_check=SLOW)
@given(rows=RECORDS, style=STYLES, chunk=st.integers(1, 5_000), piece=st.sampled_from([None, 600, 2_000]))
def test_any_form_has_one_meaning(rows, style, chunk, piece):
    data = document(style, rows)
    wanted = [expected(number, row) for number, row in enumerate(rows)]
    thorough = parse(data, THOROUGH, chunk=chunk)
    quick = parse(data, QUICK, chunk=chunk, piece=piece)
    assert rows_of(thorough) == wanted
    assert rows_of(quick) == wanted
    assert (thorough.payments, thorough.group_status) == (quick.payments, quick.group_status)
    assert all(block.schema == pl.Schema(RESULT_COLUMNS) for block in (*thorough.blocks, *quick.blocks))


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(
    rows=RECORDS.filter(lambda rows: len(rows) > 3),
    style=STYLES,
    at=st.integers(0, 10**6),
    junk=st.sampled_from(
        [
            b"<",
            b">",
            b"&",
            b"]]>",
            b"\x00",
            b"\xff",
            b"</TxInfAndSts>",
            b"<TxInfAndSts>",
            b"<!--",
            b"-->",
            b"'",
            b"x",
            b"&x;",
        ]
    ),
    replace=st.integers(0, 30),
)
def test_both_readers_say_the_same_of_damaged_reports(rows, style, at, junk, replace):
    data = document(style, rows)
    at %= len(data)
    damaged = data[:at] + junk + data[at + replace :]
    answers = []
    for bulk_from in (THOROUGH, QUICK):
        try:
            report = parse(damaged, bulk_from, piece=600)
            answers.append((rows_of(report), report.payments))
        except Unreadable as refusal:
            answers.append(refusal.what)
    assert answers[0] == answers[1] or all(isinstance(answer, str) for answer in answers)


def status_rows(count: int) -> pl.DataFrame:
    number = pl.int_range(count, eager=True)
    rejected = number % 5 == 0
    return pl.select(
        reference=pl.format("REF{}", number),
        status=pl.when(rejected).then(pl.lit("RJCT")).otherwise(pl.lit("ACSC")),
        reason_code=pl.when(rejected & (number % 2 == 0)).then(pl.lit("AC04")),
        reason_proprietary=pl.when(rejected & (number % 2 == 1)).then(pl.lit("RTRN")),
        text=pl.when(rejected).then(pl.lit("账户 & <户名> 不符")),
        bank_reference=pl.format("B{}", number),
        amount_fen=number * 7 + 1,
        settled_on=pl.when(~rejected).then(pl.lit(date(2026, 3, 3))),
        account=pl.format("6217{}", number),
    ).cast(STATUS_ROW_SCHEMA)


HEAD = StatusReportHead("R1", datetime(2026, 3, 3), "M1", "PART", original_rows=2_000, payment_id="M1")  # noqa: DTZ001


def test_a_built_report_is_valid_and_read_quickly(monkeypatch):
    rows = status_rows(2_000)
    data = b"".join(build_status_report(HEAD, [rows[:1_500], rows[1_500:]]))
    assert schema(PAIN_002).validate(etree.fromstring(data)), schema(PAIN_002).error_log
    taken = []
    read = BulkReader.read
    monkeypatch.setattr(BulkReader, "read", lambda self, piece: taken.append(read(self, piece)) or taken[-1])
    quick = parse(data, QUICK, piece=50_000)
    assert len(taken) > 5 and all(block is not None for block in taken[:-1])
    assert rows_of(quick) == rows_of(parse(data, THOROUGH))
    found = pl.concat(quick.blocks)
    assert found["amount_fen"].equals(rows["amount_fen"]) and found["settled_on"].equals(rows["settled_on"])
    assert found["reason_raw"].to_list() == [
        a or b for a, b in zip(rows["reason_code"], rows["reason_proprietary"], strict=True)
    ]


def test_rows_need_a_payment_information():
    with pytest.raises(ValueError, match="payment_id"):
        list(build_status_report(StatusReportHead("R1", datetime(2026, 3, 3), "M1"), [status_rows(1)]))  # noqa: DTZ001


ONE = "<TxInfAndSts><OrgnlEndToEndId>REF1</OrgnlEndToEndId><TxSts>ACSC</TxSts>{}</TxInfAndSts>"


def report(records: str, *, group: str = "", payment: str = "") -> bytes:
    return (
        f'<Document xmlns="{namespace(PAIN_002)}"><CstmrPmtStsRpt><GrpHdr><MsgId>R1</MsgId></GrpHdr>'
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>M1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}"
        f"</OrgnlGrpInfAndSts>\n<OrgnlPmtInfAndSts><OrgnlPmtInfId>M1</OrgnlPmtInfId>{payment}\n{records}\n"
        "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


@pytest.mark.parametrize("bulk_from", [QUICK, THOROUGH])
@pytest.mark.parametrize(
    ("inside", "field"),
    [
        ("<TxSts>RJCT</TxSts>", "status"),
        ("<OrgnlEndToEndId>REF2</OrgnlEndToEndId>", "end_to_end"),
        ("<TxStatus>RJCT</TxStatus>", "TxStatus"),
        ("<AcctSvcrRef>a<b/>c</AcctSvcrRef>", "AcctSvcrRef"),
        (f"<AcctSvcrRef>{'9' * 36}</AcctSvcrRef>", "bank_reference"),
        (f"<StsRsnInf><AddtlInf>{'字' * 1_001}</AddtlInf></StsRsnInf>", "text"),
        ("<StsRsnInf><Rsn><Cd>AC04</Cd><Prtry>X</Prtry></Rsn></StsRsnInf>", "Rsn"),
        ('<OrgnlTxRef><Amt><InstdAmt Ccy="USD">1.00</InstdAmt></Amt></OrgnlTxRef>', "currency"),
        ("<OrgnlTxRef><Amt><InstdAmt>1.00</InstdAmt></Amt></OrgnlTxRef>", "currency"),
        *(
            (f'<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">{amount}</InstdAmt></Amt></OrgnlTxRef>', "amount")
            for amount in ("1.001", "-1.00", "1e3", "1,00", "１.00", "9" * 17, "1.2.3", "NaN", "0x1")
        ),
        ("<OrgnlTxRef><IntrBkSttlmDt>2026-02-30</IntrBkSttlmDt></OrgnlTxRef>", "settled"),
        ("<OrgnlTxRef><IntrBkSttlmDt>03/03/2026</IntrBkSttlmDt></OrgnlTxRef>", "settled"),
    ],
)
def test_a_record_that_cannot_be_taken_at_its_word_is_refused_with_its_line(bulk_from, inside, field):
    plain = ONE.format("")
    with pytest.raises(Unreadable) as refusal:
        parse(report("\n".join([plain, plain, ONE.format(inside), plain])), bulk_from)
    assert (refusal.value.field, refusal.value.line) == (field, 5)


@pytest.mark.parametrize("bulk_from", [QUICK, THOROUGH])
@pytest.mark.parametrize(
    ("amount", "fen"), [("1", 100), ("1.", 100), ("1.5", 150), ("0.07", 7), ("+2.30000", 230), ("00012.34", 1234)]
)
def test_amounts_in_every_legal_form(bulk_from, amount, fen):
    inside = f'<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">{amount}</InstdAmt></Amt></OrgnlTxRef>'
    assert rows_of(parse(report(ONE.format(inside)), bulk_from))[0][1] == fen


@pytest.mark.parametrize("bulk_from", [QUICK, THOROUGH])
def test_what_is_left_out_is_null_and_a_status_left_out_is_empty(bulk_from):
    bare = "<TxInfAndSts><OrgnlInstrId>REF1</OrgnlInstrId></TxInfAndSts>"
    assert rows_of(parse(report(bare), bulk_from)) == [("REF1", None, None, "", None, None, None, None)]
    with pytest.raises(Unreadable, match="OrgnlEndToEndId"):
        parse(report("<TxInfAndSts><TxSts>ACSC</TxSts></TxInfAndSts>"), bulk_from)


@pytest.mark.parametrize("bulk_from", [QUICK, THOROUGH])
def test_the_first_reason_stands_and_all_texts(bulk_from):
    inside = (
        "<StsRsnInf><AddtlInf>一</AddtlInf></StsRsnInf>"
        "<StsRsnInf><Rsn><Prtry>R1</Prtry></Rsn><AddtlInf>二</AddtlInf></StsRsnInf>"
        "<StsRsnInf><Rsn><Cd>AC01</Cd></Rsn></StsRsnInf>"
    )
    [row] = rows_of(parse(report(ONE.format(inside)), bulk_from))
    assert (row[4], row[5]) == ("R1", "一; 二")


def counted(*counts: tuple[str, int]) -> str:
    return "".join(
        f"<NbOfTxsPerSts><DtldNbOfTxs>{number}</DtldNbOfTxs><DtldSts>{status}</DtldSts></NbOfTxsPerSts>"
        for status, number in counts
    )


@pytest.mark.parametrize("bulk_from", [QUICK, THOROUGH])
def test_counters_must_agree_with_what_is_listed(bulk_from):
    two = ONE.format("") * 2
    for group, payment in [
        ("<OrgnlNbOfTxs>2</OrgnlNbOfTxs>", counted(("ACSC", 2))),
        ("<OrgnlNbOfTxs>9</OrgnlNbOfTxs>" + counted(("ACSC", 2), ("PDNG", 7)), ""),
    ]:
        assert parse(report(two, group=group, payment=payment), bulk_from).payments[0].records == 2
    for group, payment, field in [
        ("<OrgnlNbOfTxs>1</OrgnlNbOfTxs>", "", "OrgnlNbOfTxs"),
        ("", "<OrgnlNbOfTxs>1</OrgnlNbOfTxs>", "OrgnlNbOfTxs"),
        ("<OrgnlNbOfTxs>-2</OrgnlNbOfTxs>", "", "OrgnlNbOfTxs"),
        ("<OrgnlNbOfTxs>3</OrgnlNbOfTxs>", counted(("ACSC", 3)), "NbOfTxsPerSts"),
        ("", counted(("RJCT", 2)), "NbOfTxsPerSts"),
        (counted(("ACSC", 1)), "", "NbOfTxsPerSts"),
        ("", counted(("ACSC", 2), ("ACSC", 2)), "NbOfTxsPerSts"),
    ]:
        with pytest.raises(Unreadable) as refusal:
            parse(report(two, group=group, payment=payment), bulk_from)
        assert refusal.value.field == field


def test_the_file_as_a_whole():
    status = "<PmtInfSts>RJCT</PmtInfSts><StsRsnInf><Rsn><Cd>DS02</Cd></Rsn><AddtlInf>验签失败</AddtlInf></StsRsnInf>"
    read = parse(report("", payment=status), QUICK)
    [payment] = read.payments
    assert (payment.status, payment.reason, payment.text, payment.records) == ("RJCT", "DS02", "验签失败", 0)
    assert read.group_status is None and read.blocks == ()


@pytest.mark.parametrize("missing", ["MsgId", "OrgnlMsgId", "OrgnlMsgNmId", "OrgnlPmtInfId"])
def test_what_names_the_message_must_be_there(missing):
    with pytest.raises(Unreadable) as refusal:
        parse(
            report("").replace(f"<{missing}>".encode(), b"<StsId>").replace(f"</{missing}>".encode(), b"</StsId>"),
            QUICK,
        )
    assert refusal.value.field == missing
