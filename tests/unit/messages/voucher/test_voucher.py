"""Vouchers in their envelope: what is written is read; what does not hold together is refused with field and clause."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.bounded_xml import Malformed
from messages.iso20022.amounts import yuan_text
from messages.voucher import body
from messages.voucher.body import Key, VoucherBody
from messages.voucher.envelope import (
    RECEIPT,
    SENT,
    Voucher,
    VoucherQuery,
    VoucherStatus,
    read_mof,
    write_query,
    write_status,
    write_vouchers,
)
from messages.voucher.field_sets import FIELD_SETS

KEY = Key("532300000", "2026", "8207", "7K3M9QXWZ4T2F0001")
FIELDS = FIELD_SETS["8207"]
MAIN = {
    "Id": "1",
    "VouDate": "20261123",
    "OriginalVtCode": "5201",
    "OriginalVoucherNo": "PZ-1",
    "PayEntrustDate": "20261125",
    "PaySndBnkNo": "105731900013",
    "SumAmt": "3.00",
    "PayAcctNo": "24",
    "PayAcctName": "示范县",
    "XSumAmt": "1.00",
    **KEY.fields(),
}
ROW = {"Id": "R1", "OriVoucherNo": "PZ-1", "PayeeAcctNo": "6217", "PayeeAcctName": "张", "PayeeAcctBankName": "105"}
DETAILS = pl.DataFrame(
    [
        {**ROW, "PayAmt": "1.00", "XPayAmt": "1.00", "XAddWord": None},
        {**ROW, "Id": "R2", "PayAmt": "2.00", "XPayAmt": None, "XAddWord": "户名 & <不符>"},
    ]
)
TEXTS = st.text(st.characters(codec="gbk", exclude_categories=["Cc", "Cs", "Cn"]), max_size=20).map(str.strip)


def voucher(flag: str = RECEIPT, details: pl.DataFrame = DETAILS, **main: str) -> Voucher:
    return Voucher(KEY, flag, VoucherBody({**MAIN, **main}, details))


def inner_changed(old: str, new: str, flag: str = RECEIPT) -> bytes:
    """The envelope with the voucher in it changed."""
    content = write_vouchers([voucher(flag)])
    found = re.search(rb"<Voucher>([^<]+)</Voucher>", content)
    inner = b64decode(found[1]).decode("gbk")
    assert old in inner, old
    return content.replace(found[1], b64encode(inner.replace(old, new, 1).encode("gbk")))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10**14), TEXTS.filter(bool), TEXTS), min_size=1, max_size=6), TEXTS)
def test_what_is_written_is_read(rows: list[tuple[int, str, str]], remark: str) -> None:
    details = pl.DataFrame(
        [
            {**ROW, "Id": f"R{number}", "PayAmt": yuan_text(fen), "PayeeAcctName": name, "Remark": text}
            for number, (fen, name, text) in enumerate(rows)
        ]
    )
    total = yuan_text(sum(fen for fen, _, _ in rows))
    sent = voucher(SENT, details, SumAmt=total, Remark=remark)
    (read,) = read_mof(write_vouchers([sent]))
    assert (read.key, read.flag) == (KEY, SENT)
    assert {name: text for name, text in read.body.main.items() if text} == {
        name: text for name, text in sent.body.main.items() if text
    }
    assert read.body.details["PayeeAcctName"].to_list() == [name for _, name, _ in rows]
    assert read.body.details["Remark"].to_list() == [text or None for _, _, text in rows]
    assert read.body.details.columns == [field.name for field in FIELDS.detail]


@pytest.mark.parametrize(
    ("old", "new", "field", "clause"),
    [
        ("<VoucherNo>7K3M9QXWZ4T2F0001", "<VoucherNo>7K3M9QXWZ4T2F0002", "VoucherNo", "5.4"),
        ("<AdmDivCode>532300000", "<AdmDivCode>532301000", "AdmDivCode", "5.4"),
        ("<StYear>2026", "<StYear>2025", "StYear", "5.4"),
        ("<SumAmt>3.00", "<SumAmt>3.01", "SumAmt", "5.2"),
        ("<SumAmt>3.00", "<SumAmt>x", "SumAmt", "5.2"),
        ("<XSumAmt>1.00", "<XSumAmt>3.00", "XSumAmt", "5.5"),
        ("<XSumAmt>1.00</XSumAmt>", "<XSumAmt/>", "XSumAmt", "5.5"),
        ("<Id>R2</Id>", "<Id>R1</Id>", "Id", "3.2"),
        ("<Id>R2</Id>", "<Id/>", "Id", "3.2"),
        ("<PayAmt>2.00", "<PayAmt>2", "PayAmt", "3.2"),
        ("<PayAmt>2.00", "<PayAmt>２.00", "PayAmt", "3.2"),
        ("<XPayAmt>1.00", "<XPayAmt>1.000", "XPayAmt", "3.2"),
        ("<PayeeAcctNo>6217</PayeeAcctNo>", "", "PayeeAcctNo", "3.2"),
        ("<VouDate>20261123</VouDate>", "", "VouDate", "3.1"),
        ("<Hold2/><DetailList>", "<Hold3/><Hold2/><DetailList>", None, "3.1"),
        ("<Voucher>", "<Vouchers>", None, None),
        ("<DetailList>", "<DetailList>loose", None, "3.1"),
        ('encoding="GBK"', 'encoding="UTF-8"', None, None),
    ],
)
def test_a_voucher_that_does_not_hold_together_is_refused(
    old: str, new: str, field: str | None, clause: str | None
) -> None:
    with pytest.raises(Malformed) as refused:
        read_mof(inner_changed(old, new))
    assert (refused.value.field, refused.value.clause) == (field, clause)
    assert not any(word in str(refused.value) for word in ("6217", "张", "R1"))


def test_receipt_totals_are_not_asked_of_what_is_sent() -> None:
    (read,) = read_mof(inner_changed("<XSumAmt>1.00", "<XSumAmt>9.00", SENT))
    assert read.flag == SENT


@pytest.mark.parametrize("rows", [0, 500])
def test_a_voucher_has_1_to_499_details(rows: int) -> None:
    many = pl.DataFrame([{**ROW, "Id": f"R{number}", "PayAmt": "1.00"} for number in range(max(rows, 1))]).head(rows)
    content = write_vouchers([voucher(SENT, many, SumAmt=f"{rows}.00")])
    with pytest.raises(Malformed, match="no details" if rows == 0 else "more than 499"):
        read_mof(content)


def test_499_details_at_their_longest_pass_and_are_within_the_bounds() -> None:
    longest = {f.name: "&" * f.longest for f in FIELDS.detail if not f.name.startswith(("X", "Hold"))}
    numbers = [{"Id": f"{number:038d}", "PayAmt": "9999999999999999.99"} for number in range(499)]
    details = pl.DataFrame([{**longest, **number} for number in numbers])
    total = yuan_text(499 * 999_999_999_999_999_999)
    one = voucher(SENT, details.head(1), **{f.name: "&" * f.longest for f in FIELDS.main if f.name not in KEY.fields()})
    octets = len(body.write_body(FIELDS, one.body))
    assert octets <= body.frame_bytes(FIELDS) + body.longest_detail(FIELDS) < octets + 1_000
    assert len(write_vouchers([one])) <= 600 + (octets + 2) // 3 * 4
    assert len(total) > 19  # so it is refused, yet read without harm
    with pytest.raises(Malformed):
        read_mof(write_vouchers([voucher(SENT, details, SumAmt=total)]))


@pytest.mark.parametrize(
    ("old", "new", "field", "clause"),
    [
        ("<VoucherCount>1<", "<VoucherCount>2<", "VoucherCount", "2.2"),
        ("<VoucherCount>1</VoucherCount>", "", "MOF", "2.1"),
        ("MOF>", "FOM>", "MOF", "2.1"),
        ('VtCode="8207"', 'VtCode="9999"', "VtCode", "2.3"),
        ('VtCode="8207"', 'VtCode="8207" x="1"', None, "2.3"),
        (' VtCode="8207"', "", "VtCode", "2.3"),
        ('VoucherNo="7K', 'VoucherNo="7|', "VoucherNo", "2.3"),
        ("<VoucherFlag>1<", "<VoucherFlag>2<", "VoucherFlag", "2.4"),
        ("<VoucherFlag>1</VoucherFlag>", "", "VoucherBody", "2.3"),
        ("<Attach/>", "<Attach>x</Attach>", "Attach", None),
        ("<Voucher>", "<Voucher>!", "Voucher", "2.6"),
        ("<Voucher>", "<Voucher>A", "Voucher", "2.6"),
        ("<VoucherBody ", "<Stray/><VoucherBody ", None, "2.1"),
    ],
)
def test_an_envelope_that_is_not_as_the_document_has_it_is_refused(
    old: str, new: str, field: str | None, clause: str | None
) -> None:
    text = write_vouchers([voucher()]).decode("gbk")
    assert old in text
    with pytest.raises(Malformed) as refused:
        read_mof(text.replace(old, new).encode("gbk"))
    assert (refused.value.field, refused.value.clause) == (field, clause)


def test_base64_may_be_wrapped() -> None:
    content = write_vouchers([voucher()])
    found = re.search(rb"<Voucher>([^<]+)</Voucher>", content)
    wrapped = b"\r\n".join(found[1][at : at + 76] for at in range(0, len(found[1]), 76))
    (again,), (once,) = read_mof(content.replace(found[1], wrapped)), read_mof(content)
    assert again.key == once.key and again.body.main == once.body.main


def test_status_and_query() -> None:
    for status in (VoucherStatus(KEY, "15"), VoucherStatus(KEY, "16", "EVS004", "a & <张>")):
        assert read_mof(write_status(status)) == status
    query = VoucherQuery(KEY, "Q1")
    assert read_mof(write_query(query)) == query
    for old, new in ((b"<Status>15</Status>", b"<Status/>"), (b"<Status>", b"<X/><Status>"), (b"8207", b"82 7")):
        with pytest.raises(Malformed):
            read_mof(write_status(VoucherStatus(KEY, "15")).replace(old, new))


def test_a_field_that_the_voucher_does_not_have_is_not_written() -> None:
    with pytest.raises(ValueError, match="8207 has no field TreCode"):
        write_vouchers([voucher(TreCode="1")])


def test_vouchers_of_several_kinds_in_one_envelope() -> None:
    key = Key("532300000", "2026", "2252", "T1")
    main = {"Id": "1", "VouDate": "20261127", "OriginalVtCode": "8207", "OriginalVoucherNo": "N", "RefundType": "1"}
    main |= {"PayAmt": "1.00", "PayDate": "20261127", **key.fields()}
    row = pl.DataFrame([{"Id": "R1", "PayeeAcctNo": "6217", "PayAmt": "1.00", "AddWordCode": "0009"}])
    both = [voucher(), Voucher(key, SENT, VoucherBody(main, row))]
    assert [read.key.vt_code for read in read_mof(write_vouchers(both))] == ["8207", "2252"]
