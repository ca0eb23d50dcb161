"""What a simulated bank books, says and remembers, on every kind of wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from simulators.answers import Kind

MESSAGE = "ABCDEFGH2345F0001"
ITEMS = [[f"ABCDEFGH2345{n:08d}", f"62{n}", "张三", 100 + n] for n in range(6)]
WIRES = ["files", "called", "rest", "post", "queue", "line"]
MESSAGES = ["rest", "post", "queue", "line"]


@pytest.mark.parametrize("wire", WIRES)
def test_an_order_is_booked_once_whatever_the_wire(wired: Callable[..., Any], wire: str) -> None:
    it = wired(wire)
    first = it.send()
    books = it.bank.ledger.as_json()
    assert (books["credited"], books["credited_fen"]) == (6, 615)
    again = it.send()
    assert again.follow_up is None and not again.refused
    assert (again.reply is None) == (first.reply is None) == (wire in ("files", "called"))
    if first.reply is not None:
        assert again.reply.content == first.reply.content
    other = it.send(ITEMS[:1])
    assert (other.reply, other.refused) == (None, True)
    assert it.bank.ledger.as_json() == books


@pytest.mark.parametrize("wire", ["files", "called"])
def test_files_come_in_their_time_and_once(wired: Callable[..., Any], wire: str) -> None:
    it = wired(
        wire,
        """
        rules: [{match: {account: "620"}, action: {do: returned-late, seconds: 5, code: ACCT_CLOSED}}]
        files: [{effects: [{do: delay-acknowledgement, seconds: 2}, {do: split-result, parts: 2, every_seconds: 3}]}]
        """,
    )
    it.send()
    assert it.later(1) == []
    acknowledged, part = it.later(1)
    assert acknowledged.content == f"acknowledged {MESSAGE} None ".encode()
    assert (part.kind, part.number, it.said(part)) == (Kind.RESULT, 1, ["PAID"] * 3)
    assert [(o.kind, o.number) for o in it.later(3)] == [(Kind.RESULT, 2)]
    assert it.bank.ledger.report().returned == 0
    (back,) = it.later(2)
    assert (back.kind, it.said(back), json.loads(back.content)["codes"]) == (Kind.RETURN, ["RETURNED"], ["0009"])
    assert (it.bank.ledger.report().returned, it.later(1000)) == (1, [])


@pytest.mark.parametrize("wire", MESSAGES)
def test_whoever_asks_is_told_what_stands_now(wired: Callable[..., Any], wire: str) -> None:
    it = wired(
        wire,
        """
        rules:
          - {match: {account: "620"}, action: {do: returned-late, seconds: 5, code: ACCT_CLOSED}}
          - {match: {account: "621"}, action: {do: silent}}
        files: [{effects: [{do: delay-result, seconds: 2}]}]
        """,
    )
    assert it.asked().content == f"absent {MESSAGE}".encode()
    reply = it.send().reply
    assert reply.content == f"acknowledged {MESSAGE} None ".encode()
    assert it.said(it.asked()) == ["PROCESSING"] * 6
    pushes = it.later(2)
    assert it.said(it.asked()) == ["PAID", "PROCESSING", *["PAID"] * 4]
    pushes += it.later(5)
    assert it.said(it.asked()) == ["RETURNED", "PROCESSING", *["PAID"] * 4]
    assert it.bank.ledger.report().returned == 1
    kinds = [(o.kind, len(it.said(o))) for o in pushes]
    assert kinds == ([(Kind.RESULT, 5), (Kind.RETURN, 1)] if wire in ("queue", "line") else [])
    numbers = [o.number for o in pushes if o.kind is Kind.RESULT]
    assert it.asked().number not in numbers


def test_single_items_can_be_asked_for(wired: Callable[..., Any]) -> None:
    it = wired("post", 'rules: [{match: {account: "620"}, action: {do: failed, code: "7777"}}]')
    it.send()
    it.later(0)
    about = it.asked(MESSAGE, ITEMS[0][0], "NOBODY")
    assert json.loads(about.content)["said"] == {ITEMS[0][0]: "FAILED"}
    assert it.asked(MESSAGE, "NOBODY").content == f"absent {MESSAGE}".encode()
    assert it.asked(MESSAGE, ITEMS[1][0]).number != about.number


@pytest.mark.parametrize("wire", ["files", "called", "queue"])
def test_a_restart_sends_what_was_not_sent(wired: Callable[..., Any], wire: str) -> None:
    script = "files: [{effects: [{do: split-result, parts: 3, every_seconds: 5}]}]"
    it = wired(wire, script)
    it.send()
    first = [(o.kind, o.number) for o in it.later(0)]
    assert first[-1] == (Kind.RESULT, 1)
    it.later(0)  # by now the door has delivered them
    it.clock.now += 5_000
    second = it.bank.pushed()
    assert [o.number for o in second] == [2]  # handed out, and then the power goes
    again = wired(wire, script)
    again.bank.recover()
    assert [(o.kind, o.number) for o in again.later(100)] == [(Kind.RESULT, 2), (Kind.RESULT, 3)]
    assert again.bank.ledger.report().credited == 6
    assert again.send().follow_up is None
    if wire == "queue":
        assert it.said(again.asked()) == ["PAID"] * 6


@pytest.mark.parametrize("wire", ["rest", "post"])
def test_after_a_restart_questions_are_answered(wired: Callable[..., Any], wire: str) -> None:
    wired(wire).send()
    again = wired(wire)
    again.bank.recover()
    again.later(0)
    assert again.said(again.asked()) == ["PAID"] * 6
