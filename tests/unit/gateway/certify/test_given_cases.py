"""A bank's test accounts: read strictly, refused by line and column, never repeated in an error."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.bank.places import ToolRefused
from gateway.certify.cases import Becomes
from gateway.certify.catalogue import catalogue
from gateway.certify.given_cases import read_given

HEAD = "case_id,name,id_number,account,bank_code,amount_fen,expected_outcome,expected_reason"
PAID = "paid,王建国,530099193801010010,6299990000000000003,402738090017,12345,PAID,"
FAILED = "own-1,张三,530099193801010010,6299990000000000003,402738090017,1,failed,acct_closed"


@pytest.fixture
def known(subject_named):
    return catalogue(subject_named("rural-fixed"))


def test_cases_of_the_catalogue_keep_their_meaning_and_get_the_banks_accounts(accounts, known) -> None:
    plan = read_given(accounts(HEAD, PAID, PAID, FAILED), known)
    paid, own = plan.cases
    assert (paid.id, paid.zh, len(paid.lines)) == ("paid", "全部发放成功", 2)
    assert paid.lines[0].given["account"] == "6299990000000000003"
    assert paid.lines[0].given["amount_fen"] == paid.lines[0].amount_fen == 12345
    assert (own.id, own.lines[0].expected.becomes, own.lines[0].expected.reason) == (
        "own-1",
        Becomes.FAILED,
        "ACCT_CLOSED",
    )


def test_what_the_bank_does_not_arrange_is_not_run(accounts, known) -> None:
    plan = read_given(accounts(HEAD, PAID), known)
    assert {one.case.id for one in plan.not_run} == {case.id for case in known} - {"paid"}
    assert all(one.zh and one.en for one in plan.not_run)


def test_no_script_is_left_in_a_case_of_the_banks_own_accounts(accounts, known) -> None:
    line = PAID.replace("paid,", "result-bad-signature,", 1)
    (case,) = read_given(accounts(HEAD, line), known).cases
    assert not case.scripted
    assert case.wanted  # the broken message must still be told


def test_the_accounts_reach_the_batch(accounts, known, batched) -> None:
    (case,) = read_given(accounts(HEAD, PAID), known).cases
    (row,) = batched(case).items.rows(named=True)
    assert (row["name"], row["account"], row["bank_code"]) == ("王建国", "6299990000000000003", "402738090017")
    assert (row["amount_fen"], row["account_kind"], row["id_type"]) == (12345, "BANK_CARD", "RESIDENT_ID")


def test_other_kinds_may_be_said(accounts, known) -> None:
    head = HEAD + ",payee_kind,id_type,account_kind"
    (case,) = read_given(accounts(head, PAID + ",ORGANISATION,USCC,CORPORATE"), known).cases
    assert case.lines[0].given["account_kind"] == "CORPORATE"


def test_gb18030_and_a_byte_order_mark_are_read(accounts, known) -> None:
    assert read_given(accounts(HEAD, PAID, encoding="gb18030"), known).cases[0].lines[0].given["name"] == "王建国"
    assert read_given(accounts(HEAD, PAID, encoding="utf-8-sig"), known).cases


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (("case_id,name", "a,b"), "accounts.csv:1: the columns must be case_id, name"),
        ((HEAD + ",name", PAID + ",x"), "accounts.csv:1: the columns"),
        ((HEAD,), "has no accounts"),
        ((HEAD, "paid,王建国"), "accounts.csv:2: has not as many cells"),
        ((HEAD, PAID + ",more"), "accounts.csv:2: has not as many cells"),
        ((HEAD, PAID, PAID.replace("PAID", "DONE")), "accounts.csv:3: expected_outcome must be one of PAID"),
        ((HEAD, PAID.replace("12345", "123.45")), "accounts.csv:2: amount_fen must be whole fen"),
        ((HEAD, PAID.replace("12345", "0")), "amount_fen must be whole fen"),
        ((HEAD, PAID.replace("12345", "９")), "amount_fen must be whole fen"),
        ((HEAD, PAID.replace("王建国", " ")), "accounts.csv:2: name is empty"),
        ((HEAD, FAILED.replace("acct_closed", "BROKEN")), "expected_reason must be empty or one of"),
        ((HEAD, 'paid,"王建国'), "accounts.csv:2: "),
    ],
)
def test_what_is_wrong_is_named_by_line_and_column(accounts, known, lines, says) -> None:
    with pytest.raises(ToolRefused) as refused:
        read_given(accounts(*lines), known)
    assert says in str(refused.value)
    assert "王建国" not in str(refused.value) and "629999" not in str(refused.value)


def test_what_is_not_there_or_too_much_is_refused(tmp_path, known) -> None:
    with pytest.raises(ToolRefused, match="cannot be read"):
        read_given(tmp_path / "none.csv", known)
    (tmp_path / "big.csv").write_bytes(b"x" * 2_000_001)
    with pytest.raises(ToolRefused, match="more than 2000000 octets"):
        read_given(tmp_path / "big.csv", known)


@given(content=st.binary(max_size=300) | st.text(max_size=120).map(lambda text: f"{HEAD}\n{text}".encode()))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_it_is_read_or_refused(tmp_path, content) -> None:
    path = tmp_path / "fuzz.csv"
    path.write_bytes(content)
    try:
        assert read_given(path, ()).cases
    except ToolRefused as refused:
        assert "fuzz.csv" in str(refused)
