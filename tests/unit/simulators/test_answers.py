"""What a bank will say: first words, later words, splits, duplicates, contradictions."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from lxml import etree

from messages.iso20022.schema import PAIN_002, schema
from simulators.answers import Answer, Kind, Plan, Status, plan, standing
from simulators.iso_answers import refusal_report, status_report
from simulators.script_file import read_script

DAY = date(2026, 3, 3)
ITEMS = pl.DataFrame(
    {
        "reference": [f"ABCDEFGH2345{n:08d}" for n in range(10)],
        "account": [f"62{n}" for n in range(10)],
        "name": ["张三"] * 10,
        "amount_fen": [100 + n for n in range(10)],
    }
)


def planned(script: str) -> Plan:
    return plan(read_script(script), "ABCDEFGH2345F0001", 1, ITEMS, DAY)


def said(answer: Answer) -> list[str]:
    return answer.rows["status"].to_list()


def test_each_action_has_its_words_and_its_credit() -> None:
    made = planned(
        """
        rules:
          - {match: {account: "620"}, action: {do: failed, code: "0004", text: 账号不存在}}
          - {match: {account: "621"}, action: {do: processing-then-paid, seconds: 3}}
          - {match: {account: "622"}, action: {do: returned-late, seconds: 5, code: "0009"}}
          - {match: {account: "623"}, action: {do: silent}}
          - {match: {account: "624"}, action: {do: silent, credited: false}}
        files: [{effects: [{do: delay-result, seconds: 1}]}]
        """
    )
    assert made.credited.tolist() == [False, True, True, True, False, *[True] * 5]
    first, paid, back = made.answers
    assert said(first) == [Status.FAILED, Status.PROCESSING, *[Status.PAID] * 6]
    assert first.rows["reason"].to_list()[:2] == ["0004", None]
    assert first.rows["settled_on"].to_list()[1:3] == [None, DAY]
    assert [(a.after_ms, a.kind, a.part, said(a)) for a in (paid, back)] == [
        (4000, Kind.RESULT, 2, [Status.PAID]),
        (6000, Kind.RETURN, 1, [Status.RETURNED]),
    ]


def test_split_and_reordered_results_hold_every_row_once() -> None:
    made = planned("files: [{effects: [{do: split-result, parts: 3, every_seconds: 2}, {do: reorder-rows}]}]")
    assert [(a.after_ms, a.part, a.rows.height) for a in made.answers] == [(0, 1, 4), (2000, 2, 4), (4000, 3, 2)]
    references = pl.concat([a.rows for a in made.answers])["reference"].to_list()
    assert references != ITEMS["reference"].to_list()
    assert sorted(references) == ITEMS["reference"].to_list()


@pytest.mark.parametrize(("under", "parts"), [("another-part", [1, 2]), ("same-name", [1, 1])])
def test_duplicates(under: str, parts: list[int]) -> None:
    made = planned(f"files: [{{effects: [{{do: duplicate-result, under: {under}, seconds: 1}}]}}]")
    assert [a.part for a in made.answers] == parts
    assert made.answers[0].rows.equals(made.answers[1].rows)


def test_a_contradiction_turns_rows_round() -> None:
    made = planned("files: [{effects: [{do: contradict-result, rows: 2, code: '0010', seconds: 1}]}]")
    assert said(made.answers[1]) == [Status.FAILED] * 2
    assert made.answers[1].rows["reason"].to_list() == ["0010"] * 2
    assert made.answers[1].part == 2


def test_everything_silent_says_nothing() -> None:
    assert planned("default: {do: silent}").answers == ()


def test_status_reports_follow_the_schema_and_the_last_word_counts() -> None:
    made = planned(
        """
        rules:
          - {match: {account: "620"}, action: {do: failed, code: AC03, text: "<账号> & 户名"}}
          - {match: {account: "621"}, action: {do: processing-then-paid, seconds: 3}}
          - {match: {account: "622"}, action: {do: returned-late, seconds: 5, code: AC07, text: 已销户}}
          - {match: {account: "623"}, action: {do: failed, code: RJ02}}
          - {match: {account: "624"}, action: {do: silent}}
        files: [{effects: [{do: spoil-result, how: unknown-item, repair_after: 1}]}]
        """
    )
    groups = []
    for number in range(len(made.answers) + 1):
        report = status_report("ABCDEFGH2345F0001", DAY, number + 1, standing(ITEMS, made.answers[:number]))
        tree = _valid(report)
        groups.append(tree.findtext(".//{*}GrpSts"))
        statuses = {
            e.findtext("{*}OrgnlEndToEndId"): e.findtext("{*}TxSts") for e in tree.iterfind(".//{*}TxInfAndSts")
        }
        assert set(ITEMS["reference"]) <= set(statuses)
        assert ("ABCDEFGH234599999999" in statuses) == (number == 1)
    assert groups == ["ACTC", "ACSP", "ACSP", "ACSP", "ACSP"]
    assert list(statuses.values()).count("RJCT") == 3
    reasons = [e.text for e in tree.iterfind(".//{*}Rsn/{*}Cd")], [e.text for e in tree.iterfind(".//{*}Rsn/{*}Prtry")]
    assert reasons == (["AC03", "RJ02"], ["RTRN"])
    assert [e.text for e in tree.iterfind(".//{*}AddtlInf")] == ["<账号> & 户名", "AC07 已销户"]
    assert tree.findtext(".//{*}InstdAmt") == "1.04" or tree.findtext(".//{*}InstdAmt", "").startswith("1.0")
    _valid(refusal_report("ABCDEFGH2345F0001", DAY, "FF01", "a < b"))


def _valid(report: bytes) -> etree._Element:
    tree = etree.fromstring(report)
    assert schema(PAIN_002).validate(tree), schema(PAIN_002).error_log
    return tree
