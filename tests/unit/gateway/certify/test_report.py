"""Both reports say the same, escape everything, and hold no person's data."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from gateway.certify.cases import Line, NotRun, Plan
from gateway.certify.command import where
from gateway.certify.evidence import Evidence, Look, Message
from gateway.certify.judging import rows
from gateway.certify.report import SCHEMA, as_html, as_json, report
from gateway.certify.running import Outcome, Ran

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
LEDGER = {"credited": 3, "credited_fen": 300, "returned": 0, "returned_fen": 0, "duplicates_paid": 0}


@pytest.fixture
def made(subject_named, a_case, batched, as_seen, alert):
    """A report of one good case, one bad one, and one that was not run."""
    batch = batched(a_case(Line("plain"), Line("plain"), Line("<script>alert(1)</script>")))
    seen = as_seen(batch, "PAID", "PAID", "PAID")
    sent = Message(None, batch.message_ids[0], "ab" * 32, 1234, "COMPLETED", AT.isoformat(), "key-1")
    evidence = Evidence((alert("answer-overdue", batch.message_ids[0]),), (sent,), ())
    found = tuple(rows(batch, seen))
    good = Outcome(batch, (), found, evidence, 1.25)
    bad = Outcome(batch, (("不符 <b>", "wrong & so on"),), found, evidence, 2.0)
    left = NotRun(batch.case, "无法演示", "cannot be shown")
    ran = Ran((good, bad), (left,), LEDGER, 12.34)
    return report(subject_named("coop-tcp"), Plan((), notes=(("说明", "a note"),)), ran, "simulator", AT), batch


def test_the_json_report_says_what_was_certified_and_how_it_ended(made) -> None:
    found = json.loads(as_json(made[0]))
    assert (found["schema"], found["verdict"], found["against"]) == (SCHEMA, "failed", "simulator")
    assert found["counts"] == {"passed": 1, "failed": 1, "not run": 1}
    names = [file["name"] for file in found["profile"]["files"]]
    assert names == ["banks/coop-tcp.yaml", "layouts/coop-tcp.yaml", "codes/coop-tcp.csv"]
    assert all(re.fullmatch("[0-9a-f]{64}", file["sha256"]) for file in found["profile"]["files"])
    assert found["gateway"]["version"]
    good, bad, left = found["cases"]
    assert [case["verdict"] for case in (good, bad, left)] == ["passed", "failed", "not run"]
    assert good["messages"][0]["sha256"] == "ab" * 32 and good["messages"][0]["size"] == 1234
    assert [row["items"] for row in good["items"]] == [2, 1]  # equal neighbours are one row
    assert left["reason"]["en"] == "cannot be shown"


def test_the_page_is_whole_escaped_and_without_scripts(made) -> None:
    page = as_html(made[0])
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "不符 &lt;b&gt;" in page and "wrong &amp; so on" in page
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", page)
    for words in ("示范农村信用社", "签署 Sign-off", "通过 passed", "未执行 not run", "coop-tcp", "说明"):
        assert words in page


def test_neither_holds_a_persons_data(made) -> None:
    found, batch = made
    both = as_json(found).decode() + as_html(found)
    for column in ("name", "account", "id_number"):
        for value in batch.items[column]:
            assert value not in both


def test_nothing_failed_is_passed_even_where_something_was_not_run(subject_named, a_case) -> None:
    ran = Ran((), (NotRun(a_case(Line("one")), "无", "none"),), None, 0.0)
    found = report(subject_named("city-iso"), Plan(()), ran, "test-system", AT)
    assert found["verdict"] == "passed" and found["counts"]["not run"] == 1
    assert "银行测试系统 the bank&#39;s test system" in as_html(found)


def test_a_pushed_message_belongs_to_whom_it_speaks_of(alert) -> None:
    pushed = Message(7, "pushed/0123", "cd" * 32, 10, "QUARANTINED", AT.isoformat(), None)
    mine, other = alert("message-quarantined", "bank/pushed/0123"), alert("answer-overdue", "OTHERREF0000F0000")
    look = Look((mine, other), (("MYREFERENCE0", pushed),))
    assert look.alerts_about("MYREFERENCE0") == (mine,)
    assert look.nameless_alerts(["MYREFERENCE0"]) == (("answer-overdue", "OTHERREF0000F0000"),)


def test_half_of_a_test_system_is_refused(tmp_path) -> None:
    from gateway.bank.places import ToolRefused

    assert where(None, None, None, None, None, None) is None
    with pytest.raises(ToolRefused, match="go with --settings"):
        where(None, tmp_path, None, None, None, None)
    with pytest.raises(ToolRefused, match="give --cases"):
        where(tmp_path, None, tmp_path, None, None, None)
    assert where(tmp_path, tmp_path, tmp_path, None, None, None) is not None
