"""``gateway bank certify`` over real sockets: against simulators, and through a gateway that runs already."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.certify.arranging import playing
from gateway.certify.payees import items_of
from gateway.demo.world import QUICK, World

pytestmark = pytest.mark.slow
SECONDS = 420
OWN_BANK = "merchant-json"
PAYER = "308738019001"


def certify(*arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "gateway.cli", "bank", "certify", *arguments, "--json"]
    ended = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    assert ended.stdout, ended.stderr.decode()[-3000:]
    return ended.returncode, json.loads(ended.stdout)


@pytest.mark.parametrize("bank", ["coop-tcp", "rural-fixed"])
def test_a_bank_is_certified_by_its_simulator(tmp_path, bank) -> None:
    code, report = certify(bank, "--out", str(tmp_path))
    wrong = {case["id"]: case["findings"] for case in report["cases"] if case["verdict"] == "failed"}
    assert (code, report["counts"]["failed"]) == (0, 0), wrong
    assert report["counts"]["passed"] >= 35
    assert report["ledger"]["duplicates_paid"] == 0
    assert json.loads((tmp_path / "report.json").read_bytes()) == report
    page = (tmp_path / "report.html").read_text("utf-8")
    assert all(f'id="{case["id"]}"' in page for case in report["cases"])
    assert not re.search(r"6299[0-9]{15}", page), "an account in the report"
    for case in report["cases"]:
        if case["verdict"] == "passed":
            assert {m["direction"] for m in case["messages"]} == {"out", "in"}, case["id"]
        if case["id"].startswith("result-bad") or case["id"] == "result-garbled":
            assert "QUARANTINED" in {m["state"] for m in case["messages"]}, case["id"]


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[World]:
    """A gateway that runs already, and a bank whose testers told it what to do with their accounts."""
    with World(tmp_path_factory.mktemp("running"), 1, patience=QUICK, notices=False, banks=(OWN_BANK,)) as world:
        yield world


def given(path: Path, a_case: Any, world: World, expected: dict[str, tuple[str, str]]) -> Path:
    """Test accounts, one a case; the bank fails the second and sends nothing about the last."""
    items = items_of(a_case, PAYER, 7_000)
    rows = list(zip(expected.items(), items.rows(named=True), strict=True))
    with path.open("w", encoding="utf-8", newline="") as file:
        written = csv.writer(file)
        written.writerow(["case_id", "name", "id_number", "account", "bank_code", "amount_fen"])
        for (name, _), row in rows:
            written.writerow([name, *(row[key] for key in ("name", "id_number", "account", "bank_code", "amount_fen"))])
    text = path.read_text("utf-8").splitlines()
    head = f"{text[0]},expected_outcome,expected_reason"
    lines = [f"{line},{outcome},{reason}" for line, (outcome, reason) in zip(text[1:], expected.values(), strict=True)]
    path.write_text("\n".join([head, *lines]), encoding="utf-8")
    rules = [{"match": {"account": rows[1][1]["account"]}, "action": {"do": "failed", "code": "NAME_MISMATCH"}}]
    assert playing(int(world.children[OWN_BANK].ready["control_port"]))({"rules": rules}) is None
    return path


def of_running(world: World, cases: Path, out: Path) -> tuple[int, dict[str, Any]]:
    keys, settings = world.directory / "keys/platform", world.settings_file
    return certify(
        *(OWN_BANK, "--settings", str(settings), "--cases", str(cases), "--keys", str(keys)),
        *("--url", world.gateway_url, "--wait", "20", "--out", str(out)),
    )


def test_a_banks_own_accounts_are_paid_through_a_running_gateway(tmp_path, running) -> None:
    from gateway.certify.cases import Case, Group, Line

    words = ("用例", "a case", "证明", "proves", "source")
    three = Case("accounts", Group.PAYMENT, *words, (Line("a"), Line("b"), Line("c")))
    right = {"paid": ("PAID", ""), "name-wrong": ("FAILED", "NAME_MISMATCH"), "one-row": ("PAID", "")}
    code, report = of_running(running, given(tmp_path / "accounts.csv", three, running, right), tmp_path / "first")
    verdicts = {case["id"]: case["verdict"] for case in report["cases"]}
    assert (code, report["against"], report["ledger"]) == (0, "test-system", None)
    assert {name for name, verdict in verdicts.items() if verdict == "passed"} == set(right)
    assert {verdict for name, verdict in verdicts.items() if name not in right} == {"not run"}
    own = next(case for case in report["cases"] if case["id"] == "name-wrong")
    assert own["items"][0]["got"]["raw"] and own["messages"][0]["sha256"]
    text = (tmp_path / "first/report.html").read_text("utf-8") + (tmp_path / "first/report.json").read_text("utf-8")
    assert not re.search(r"6299[0-9]{15}|王建国", text)

    wrong = {**right, "one-row": ("FAILED", "ACCT_CLOSED")}
    code, report = of_running(running, given(tmp_path / "wrong.csv", three, running, wrong), tmp_path / "second")
    assert (code, report["verdict"]) == (1, "failed")
    (failed,) = [case for case in report["cases"] if case["verdict"] == "failed"]
    assert failed["id"] == "one-row" and failed["items"][0]["got"]["outcome"] == "PAID"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("no-such-bank",), "there is no bank no-such-bank"),
        (("rural-fixed", "--cases", "x.csv"), "go with --settings"),
        (("rural-fixed", "--settings", "none.toml"), "give --cases"),
        (("rural-fixed", "--settings", "none.toml", "--cases", "x.csv", "--keys", "."), "does not exist"),
    ],
)
def test_what_cannot_be_run_says_so_and_ends_with_two(arguments, says) -> None:
    command = [sys.executable, "-m", "gateway.cli", "bank", "certify", *arguments]
    ended = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    assert ended.returncode == 2 and says in ended.stderr.decode()
