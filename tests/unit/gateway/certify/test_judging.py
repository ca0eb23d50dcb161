"""A verdict needs both books to agree, every wanted alert, and none that was not wanted."""

from __future__ import annotations

import pytest

from gateway.certify.cases import PAID, Becomes, Expected, Line, Wanted
from gateway.certify.judging import as_expected, judge, rows, stands_meanwhile

FAILED = Expected(Becomes.FAILED, "ACCT_CLOSED", "CORRECT_AND_REISSUE", "0009")


def english(findings) -> str:
    return " | ".join(en for _, en in findings)


def test_as_it_must_be_nothing_is_wrong(a_case, batched, as_seen) -> None:
    batch = batched(a_case(Line("one"), Line("two")))
    assert judge(batch, as_seen(batch, "PAID", "PAID")) == []


@pytest.mark.parametrize(("times", "returned"), [(2, 0), (0, 0), (1, 1)])
def test_the_banks_books_must_say_the_same(a_case, batched, as_seen, times, returned) -> None:
    batch = batched(a_case(Line("one")))
    fen = batch.items["amount_fen"][0] * times
    ledger = {f"{batch.reference}00000000": {"times": times, "fen": fen, "returned": returned}}
    assert f"credited it {times} and took it back {returned}" in english(
        judge(batch, as_seen(batch, "PAID", ledger=ledger))
    )


def test_what_is_paid_here_and_unknown_to_the_bank_is_wrong(a_case, batched, as_seen) -> None:
    batch = batched(a_case(Line("one")))
    assert "credited it 0" in english(judge(batch, as_seen(batch, "PAID", ledger={})))


def test_another_amount_in_the_banks_books_is_wrong(a_case, batched, as_seen) -> None:
    batch = batched(a_case(Line("one")))
    ledger = {f"{batch.reference}00000000": {"times": 1, "fen": 1, "returned": 0}}
    assert "another amount" in english(judge(batch, as_seen(batch, "PAID", ledger=ledger)))


def test_a_bank_that_shows_no_books_is_judged_by_ours(a_case, batched, as_seen) -> None:
    batch = batched(a_case(Line("one")))
    seen = as_seen(batch, "PAID", ledger=None)
    assert judge(batch, seen) == []
    assert rows(batch, seen)[0].credited is None


@pytest.mark.parametrize(
    ("reason", "remedy", "raw"),
    [
        ("ACCT_FROZEN", "CORRECT_AND_REISSUE", "0009"),
        ("ACCT_CLOSED", "FINAL", "0009"),
        ("ACCT_CLOSED", "CORRECT_AND_REISSUE", "0010"),
    ],
)
def test_reason_remedy_and_the_banks_own_code_must_be_right(a_case, batched, as_seen, reason, remedy, raw) -> None:
    batch = batched(a_case(Line("0009 已销户", FAILED)))
    right = as_seen(batch, "FAILED", reason="ACCT_CLOSED", remedy="CORRECT_AND_REISSUE", raw="0009")
    assert judge(batch, right) == []
    wrong = as_seen(batch, "FAILED", reason=reason, remedy=remedy, raw=raw)
    assert "'0009 已销户' must be FAILED ACCT_CLOSED (0009)" in english(judge(batch, wrong))


@pytest.mark.parametrize("state", ["READY", "INSTRUCTED", "SENT", "ACCEPTED", "UNKNOWN"])
def test_whatever_is_neither_paid_nor_failed_is_open(a_case, batched, as_seen, state) -> None:
    batch = batched(a_case(Line("silent", Expected(Becomes.OPEN))))
    assert judge(batch, as_seen(batch, state)) == []
    other = batched(a_case(Line("paid", PAID)))
    assert "must be PAID and are OPEN" in english(judge(other, as_seen(other, state)))


def test_a_rejected_item_is_known_by_its_finding(a_case, batched, as_seen) -> None:
    batch = batched(a_case(Line("too long", Expected(Becomes.REJECTED, "NOT_CARRIED"))))
    item_id = batch.items["item_id"][0]
    seen = as_seen(batch, "PAID", ledger={})
    seen.items.clear()
    seen.rejected[item_id] = "NOT_CARRIED"
    assert judge(batch, seen) == []
    seen.rejected[item_id] = "TOO_LONG"
    assert "must be REJECTED NOT_CARRIED and are REJECTED TOO_LONG" in english(judge(batch, seen))


def test_alerts_that_are_wanted_must_be_there_and_no_others(a_case, batched, as_seen, alert) -> None:
    batch = batched(a_case(Line("one"), wanted=(Wanted(("message-quarantined",)),), tolerated=frozenset({"hm"})))
    about = f"bank/{batch.message_ids[0]}"
    quarantined, odd = alert("message-quarantined", about), alert("result-contradicted", about)
    assert "no alert message-quarantined" in english(judge(batch, as_seen(batch, "PAID")))
    allowed = (quarantined, alert("answer-overdue", about), alert("hm", about))
    assert judge(batch, as_seen(batch, "PAID", alerts=allowed)) == []
    assert "unexpected alert result-contradicted" in english(
        judge(batch, as_seen(batch, "PAID", alerts=(quarantined, odd)))
    )


def test_an_alert_without_an_instruction_is_known_by_its_words(a_case, batched, as_seen) -> None:
    batch = batched(a_case(Line("one"), wanted=(Wanted(("unmapped-code",), ("7777",)),)))
    assert judge(batch, as_seen(batch, "PAID", others=(("unmapped-code", "bank/1/7777"),))) == []
    assert judge(batch, as_seen(batch, "PAID", others=(("unmapped-code", "bank/1/8888"),)))


def test_files_refusals_and_the_balance_are_looked_at(a_case, batched, as_seen) -> None:
    batch = batched(a_case(Line("one")))
    assert "1 instruction(s) expected, 2 made" in english(judge(batch, as_seen(batch, "PAID", sent=(None, None))))
    refused = [{"code": "NO_PROJECT", "zh": "不在清单", "en": "not listed"}]
    assert "refused whole: NO_PROJECT" in english(judge(batch, as_seen(batch, "PAID", problems=refused)))
    assert "do not balance" in english(judge(batch, as_seen(batch, "PAID", conserved=False)))


def test_before_the_later_words_something_else_must_hold(a_case, batched, as_seen) -> None:
    waiting = frozenset({Becomes.OPEN})
    batch = batched(a_case(Line("one", PAID, waiting), Line("two")))
    assert stands_meanwhile(batch, as_seen(batch, "SENT", "PAID").items, set())
    assert not stands_meanwhile(batch, as_seen(batch, "PAID", "PAID").items, set())
    assert not stands_meanwhile(batch, {}, set())


def test_counts_tell_when_a_case_has_arrived(a_case) -> None:
    case = a_case(Line("one"), Line("two", FAILED), Line("three", Expected(Becomes.REJECTED)))
    names = ("ready", "in_flight", "unknown", "disputed", "paid", "failed", "returned")
    counts = {name: {"items": 0} for name in names}
    status = {"counts": counts, "rejected": {"items": 1}}
    assert not as_expected(case, status)
    counts["paid"]["items"] = counts["failed"]["items"] = 1
    assert as_expected(case, status)
    counts["unknown"]["items"] = 1
    assert not as_expected(case, status)
