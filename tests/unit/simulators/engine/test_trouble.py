"""What a simulated bank spoils, refuses and cannot play, on every kind of wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from simulators.answers import Kind
from simulators.bank_contract import NotGenuine, Outgoing, Taken
from simulators.script_file import read_script

MESSAGE = "ABCDEFGH2345F0001"
ITEMS = [[f"ABCDEFGH2345{n:08d}", f"62{n}", "张三", 100 + n] for n in range(6)]
WIRES = ["files", "called", "rest", "post", "queue", "line"]
MESSAGES = ["rest", "post", "queue", "line"]


def statuses(outgoing: Outgoing) -> list[str]:
    return list(json.loads(outgoing.content)["said"].values())


DAMAGES: dict[str, Callable[[Outgoing], bool]] = {
    "wrong-total": lambda o: o.content == b"one fen more",
    "bad-signature": lambda o: o.signature == b"forged",
    "missing-signature": lambda o: o.signature is None,
    "truncated": lambda o: not o.whole,
    "garbled": lambda o: b"\xff\xff\x80\xff" in o.content,
    "wrong-encoding": lambda o: o.content.startswith(b"\xff\xfe"),
    "unknown-item": lambda o: b"99999999" in o.content,
    "partial": lambda o: statuses(o).count("PAID") == 3,
}


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("how", DAMAGES)
def test_each_damage_on_each_wire_and_its_repair(wired: Callable[..., Any], wire: str, how: str) -> None:
    script = f"files: [{{effects: [{{do: spoil-result, how: {how}, repair_after: 5}}]}}]"
    it = wired(wire, script, totals=True)
    it.send()
    asked = wire in ("rest", "post")
    sent = [o for o in it.later(0) if o.kind is Kind.RESULT]
    assert all(DAMAGES[how](outgoing) for outgoing in ([it.asked()] if asked else sent))
    repaired = it.later(5)
    assert [it.said(o) for o in ([it.asked()] if asked else repaired)] == [["PAID"] * 6]
    same_name = how == "truncated" and wire != "called"
    assert asked or [o.number for o in repaired] == [1 if same_name else 2]


@pytest.mark.parametrize("wire", WIRES)
def test_a_dropped_result_never_comes_or_late(wired: Callable[..., Any], wire: str) -> None:
    it = wired(wire, "files: [{effects: [{do: spoil-result, how: dropped, repair_after: 60}]}]")
    it.send()
    assert [o for o in it.later(30) if o.kind is Kind.RESULT] == []
    late = it.later(31)
    assert it.said(late[0] if wire not in ("rest", "post") else it.asked()) == ["PAID"] * 6


@pytest.mark.parametrize("wire", MESSAGES)
def test_messages_that_are_not_genuine_get_no_answer(wired: Callable[..., Any], wire: str) -> None:
    it = wired(wire)
    with pytest.raises(NotGenuine):
        it.send(signature=b"forged")
    assert it.bank.ledger.report().instructions_seen == 0


@pytest.mark.parametrize(("signature", "code"), [(None, "9001"), (b"forged", "9002")])
def test_files_that_are_not_genuine_are_refused_and_can_be_sent_again(
    wired: Callable[..., Any], signature: bytes | None, code: str
) -> None:
    it = wired("files")
    assert it.send(signature=signature).reply is None
    (refusal,) = it.later(0)
    assert refusal.content.startswith(f"acknowledged {MESSAGE} {code}".encode())
    it.send()
    assert it.bank.ledger.report().credited == 6
    it.later(0)
    it.send(signature=signature)
    assert it.later(0) == []  # what is booked is not refused any more


@pytest.mark.parametrize("wire", WIRES)
def test_a_whole_message_can_be_refused(wired: Callable[..., Any], wire: str) -> None:
    it = wired(wire, "files: [{effects: [{do: refuse-file, code: SIGNATURE}]}]")
    reply = it.send().reply
    refusal = reply if reply is not None else it.later(0)[0]
    assert refusal.content == f"acknowledged {MESSAGE} 9002 验签失败".encode()
    assert it.bank.ledger.report().instructions == 0
    if wire in MESSAGES:
        assert it.asked().content == refusal.content


@pytest.mark.parametrize("wire", WIRES)
def test_what_cannot_be_read_is_refused_where_its_name_is_known(wired: Callable[..., Any], wire: str) -> None:
    it = wired(wire)
    taken = it.bank.receive(it.name(), b"{", b"signed")
    assert taken.refused == (wire in ("post", "queue", "line"))
    if wire in ("files", "called"):
        assert it.bank.receive("README.txt", b"{", b"signed") == Taken(None)


@pytest.mark.parametrize("wire", MESSAGES)
@pytest.mark.parametrize("message_id", ["../ORDER", "A" * 36, "", "A B"])
def test_an_id_that_is_no_id_is_not_looked_at(wired: Callable[..., Any], wire: str, message_id: str) -> None:
    it = wired(wire)
    with pytest.raises(NotGenuine):
        it.send(message_id=message_id)
    assert it.bank.ledger.report().instructions_seen == 0


def test_a_name_that_is_not_the_messages_own_is_refused(wired: Callable[..., Any]) -> None:
    it = wired("rest")
    content = json.dumps({"order": MESSAGE, "items": ITEMS}).encode()
    reply = it.bank.receive("SOMETHINGELSE", content, b"signed").reply
    assert reply is not None and reply.content.startswith(b"acknowledged SOMETHINGELSE 9002")
    assert it.bank.ledger.report().instructions == 0


def test_nothing_is_handed_out_while_away_and_everything_after(wired: Callable[..., Any]) -> None:
    it = wired("line", "files: [{effects: [{do: go-offline, seconds: 10}]}]")
    it.send()
    assert (it.bank.away, it.later(9)) == (True, [])
    assert [it.said(o) for o in it.later(1)] == [["PAID"] * 6]


def test_held_results_wait_and_acknowledgements_do_not(wired: Callable[..., Any]) -> None:
    it = wired("files")
    it.bank.desk.hold()
    it.send()
    assert [o.kind for o in it.later(10)] == [None]
    assert it.bank.desk.pending()["prepared"] == 1
    it.bank.desk.release()
    assert [o.kind for o in it.later(0)] == [Kind.RESULT]


def test_the_clock_can_be_stopped_and_put_forward(wired: Callable[..., Any]) -> None:
    it = wired("post", "files: [{effects: [{do: delay-result, seconds: 3600}]}]")
    it.send()
    clock = it.bank.desk.clock
    clock.stop()
    it.clock.now += 7_200_000
    assert it.said(it.asked()) == ["PROCESSING"] * 6
    clock.advance(3600)
    assert it.said(it.asked()) == ["PAID"] * 6
    before = clock()
    clock.run()
    it.clock.now += 1
    assert (clock() - before, clock.stopped) == (1, False)


@pytest.mark.parametrize(
    ("wire", "effect", "word"),
    [
        ("files", "{do: lose-reply}", "not replied to"),
        ("post", "{do: drop-acknowledgement}", "use lose-reply"),
        ("queue", "{do: duplicate-result, under: same-name}", "no names"),
        ("files", "{do: spoil-result, how: wrong-total}", "no totals"),
        ("rest", "{do: refuse-file, code: BANK_CODE}", "no FAILED code"),
    ],
)
def test_what_a_bank_cannot_play_is_refused(wired: Callable[..., Any], wire: str, effect: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        wired(wire, f"files: [{{effects: [{effect}]}}]")


def test_an_acknowledgement_can_be_dropped(wired: Callable[..., Any]) -> None:
    it = wired("files", "files: [{effects: [{do: drop-acknowledgement}]}]")
    it.send()
    assert [o.kind for o in it.later(0)] == [Kind.RESULT]


def test_canonical_reasons_become_the_banks_codes(wired: Callable[..., Any]) -> None:
    it = wired("post", "default: {do: failed, code: ACCT_NOT_FOUND}")
    it.send()
    it.later(0)
    assert set(json.loads(it.asked().content)["codes"]) == {"0004"}
    with pytest.raises(ValueError, match="NAME_MISMATCH"):
        it.bank.check(read_script("default: {do: failed, code: NAME_MISMATCH}"))
