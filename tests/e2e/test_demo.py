"""The demonstration as a user runs it: exit status, figures, the same again for the same seed."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from gateway.demo.books import GROUPS, Books
from gateway.demo.checks import compare

ITEMS = 300
FIGURES = ("items", "rejected", "paid", "failed", "returned", "unknown", "in_flight")
OUTCOME = (*FIGURES, *(f"{name}_fen" for name in FIGURES), "by_reason", "by_reason_fen", "by_bank", "notices_sent")


def _start(seed: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gateway.cli", "demo", "--items", str(ITEMS), "--seed", str(seed), "--json"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


@pytest.fixture(scope="module")
def runs() -> list[tuple[int, dict[str, Any]]]:
    """Exit status and report of two runs with one seed and one with another, side by side."""
    started = [_start(seed) for seed in (5, 5, 6)]
    try:
        told = [process.communicate(timeout=200)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    return [(process.returncode, json.loads(text)) for process, text in zip(started, told, strict=True)]


@pytest.mark.slow
def test_every_fen_is_accounted_for(runs) -> None:
    for status, report in runs:
        assert (status, report["conserved"], report["duplicates_paid"]) == (0, True, 0), report["checks"]
        assert report["items"] == ITEMS == sum(report[name] for name in FIGURES[1:]) + report["refused"]
        assert report["items_fen"] == sum(report[f"{name}_fen"] for name in FIGURES[1:]) + report["refused_fen"]
        assert report["unknown"] == report["in_flight"] == 0
        assert report["notices_sent"] > 0 and report["seconds"] > 0
        assert sum(report["by_reason"].values()) == report["failed"] + report["returned"]
        assert sum(file["items"] for file in report["files"]) == ITEMS - report["rejected"]


@pytest.mark.slow
def test_the_same_seed_has_the_same_outcome(runs) -> None:
    (_, first), (_, again), (_, other) = runs
    assert {name: first[name] for name in OUTCOME} == {name: again[name] for name in OUTCOME}
    written = [[(file["message_id"], file["bytes"], file["fen"]) for file in run["files"]] for run in (first, again)]
    assert written[0] == written[1]
    assert {name: first[name] for name in OUTCOME} != {name: other[name] for name in OUTCOME}


def _agreeing() -> tuple[Books, dict[str, dict[str, Any]]]:
    counts = {**dict.fromkeys(GROUPS, 0), "paid": 7, "failed": 1, "returned": 1}
    amounts = {**dict.fromkeys(GROUPS, 0), "paid": 700, "failed": 100, "returned": 100}
    books = Books(10, 1000, 1, 100, counts=counts, amounts=amounts, notices=Counter(TAKEN=2, DELIVERED=5))
    bank = {"credited": 8, "credited_fen": 800, "returned": 1, "returned_fen": 100, "duplicates_paid": 0}
    sms = {"messages": 7, "sent_twice": 0}
    ledgers = {"rural-fixed": bank, "city-iso": dict.fromkeys(bank, 0), "sms": sms, "platform": {"events": 3}}
    return books, ledgers


def _all_true(books: Books, ledgers: dict[str, dict[str, Any]], items: int = 10) -> bool:
    return all(value is not False for value in compare(books, ledgers, items).values())


def test_books_that_agree_are_said_to_agree() -> None:
    assert _all_true(*_agreeing())


@pytest.mark.parametrize(
    ("ledger", "figure", "by"),
    [
        ("rural-fixed", "credited", 1),
        ("rural-fixed", "credited_fen", 1),
        ("city-iso", "credited_fen", -1),
        ("rural-fixed", "returned", 1),
        ("rural-fixed", "returned_fen", -1),
        ("city-iso", "duplicates_paid", 1),
        ("sms", "sent_twice", 1),
        ("sms", "messages", 1),
        ("platform", "events", -3),
    ],
)
def test_tampered_ledgers_are_found(ledger, figure, by) -> None:
    books, ledgers = _agreeing()
    ledgers[ledger][figure] += by
    assert not _all_true(books, ledgers)


@pytest.mark.parametrize("group", list(GROUPS))
def test_tampered_books_are_found(group) -> None:
    books, ledgers = _agreeing()
    for figures in (books.counts, books.amounts):
        wrong, kept = copy.deepcopy(books), figures[group]
        (wrong.counts if figures is books.counts else wrong.amounts)[group] = kept + 1
        assert not _all_true(wrong, ledgers)
    assert not _all_true(books, ledgers, items=11)
