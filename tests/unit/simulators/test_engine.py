"""The engine on every kind of wire, with a codec and a seal of a few lines and a clock that stands still."""

# ruff: noqa: ARG002 - signatures of protocols
from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from messages.outcome import Outcome
from simulators.answers import Kind
from simulators.bank_contract import MessageInvalid, NotGenuine, Order, Outgoing, Question, Taken
from simulators.declaration import BankData, Declaration
from simulators.engine import SimulatedBank
from simulators.script_file import read_script
from simulators.words import Line, Words

MESSAGE = "ABCDEFGH2345F0001"
DAY = date(2026, 3, 3)
ITEMS = [[f"ABCDEFGH2345{n:08d}", f"62{n}", "张三", 100 + n] for n in range(6)]
FIRST = ITEMS[0][0]


class PlainCodec:
    """JSON with the engine's own words."""

    def read(self, content: bytes) -> Order | Question:
        try:
            said = json.loads(content)
        except ValueError:
            raise MessageInvalid("9003", "不是 JSON") from None
        if "question" in said:
            return Question(said["question"], tuple(said["about"]))
        schema = {"reference": pl.String, "account": pl.String, "name": pl.String, "amount_fen": pl.Int64}
        return Order(said["order"], DAY, pl.DataFrame(said["items"], schema=schema, orient="row"))

    def acknowledgement(self, message_id: str, day: date, code: str | None, text: str) -> bytes | None:
        return f"acknowledged {message_id} {code} {text}".encode()

    def result(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame) -> bytes:
        said = dict(zip(rows["reference"], rows["status"], strict=True))
        codes = [code for code in rows["reason"] if code]
        return json.dumps({"kind": kind, "number": number, "said": said, "codes": codes, "of": "报文"}).encode()

    def absent(self, message_id: str, day: date) -> bytes:
        return f"absent {message_id}".encode()


class TotallingCodec(PlainCodec):
    """The same with totals."""

    def wrong_total(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame) -> bytes:
        return b"one fen more"


class PlainSeal:
    """The signature is the word ``signed``."""

    def close(self, message_id: str, body: bytes, how: str | None) -> tuple[bytes, bytes | None]:
        return body, {"missing-signature": None, "bad-signature": b"forged"}.get(how or "", b"signed")

    def open(self, content: bytes, signature: bytes | None) -> bytes:
        if signature != b"signed":
            raise NotGenuine
        return content


WORDS = Words(
    items=(
        Line("S", "", Outcome.PAID, "", "成功"),
        Line("F", "", Outcome.FAILED, "OTHER", "失败"),
        Line("F", "0004", Outcome.FAILED, "ACCT_NOT_FOUND", "账号不存在"),
        Line("B", "0009", Outcome.RETURNED, "ACCT_CLOSED", "已销户"),
    ),
    files=(Line("0000", "", Outcome.ACCEPTED, "", ""), Line("9002", "", Outcome.FAILED, "SIGNATURE", "验签失败")),
)
WIRES: dict[str, dict[str, Any]] = {
    "files": {"kind": "sftp"},
    "called": {"kind": "sftp-server"},
    "rest": {"kind": "https", "inquiry_path": "/orders/{message_id}"},
    "post": {"kind": "https"},
    "queue": {"kind": "amqp"},
    "line": {"kind": "tcp", "listen_port": "9000"},
}
MESSAGES = ["rest", "post", "queue", "line"]


class Clock:
    """Stands still."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


class Wired:
    """A bank, its clock, and what the other side of its wire does."""

    def __init__(self, wire: str, state: Path, script: str, codec: Any = None):
        self.wire, self.clock, self._state = wire, Clock(), state
        names = {"instruction": "DF{message_id}.txt", "acknowledgement": "DA{message_id}.txt"}
        profile = {
            "bank": "plain",
            "dialect": "plain",
            "encoding": "gb18030",
            "code_table": "plain",
            "transport": WIRES[wire],
            "file_names": names | {"result": "DR{message_id}_{part}.txt", "returned": "DT{message_id}_{part}.txt"},
            "security": {"scheme": "sm2-sm3", "signing_key": "a", "verification_key": "b"},
        }
        data = BankData(Declaration.model_validate(profile), None, WORDS, {"missing-signature": "9001"})
        self.bank = SimulatedBank(data, codec or PlainCodec(), PlainSeal(), state, read_script(script), self.clock)

    def send(self, items: Any = ITEMS, message_id: str = MESSAGE, signature: bytes | None = b"signed") -> Any:
        content = json.dumps({"order": message_id, "items": items}).encode()
        taken = self.bank.receive(self.name(message_id), content, signature)
        if taken.follow_up is not None:
            taken.follow_up()
        return taken

    def name(self, message_id: str = MESSAGE) -> str:
        if self.wire in ("files", "called"):
            return f"DF{message_id}.txt"
        return message_id if self.wire == "rest" else "0" * 64

    def later(self, seconds: float) -> list[Outgoing]:
        self.clock.now += round(seconds * 1000)
        return self.bank.pushed()

    def asked(self, message_id: str = MESSAGE, *about: str) -> Outgoing:
        if self.wire == "rest":
            kept = self.bank.report_on(message_id)
            return self.bank.absent(message_id) if kept is None else kept.outgoing()
        content = json.dumps({"question": message_id, "about": about}).encode()
        reply = self.bank.receive("0" * 64, content, b"signed").reply
        assert reply is not None
        return reply


@pytest.fixture
def wired(tmp_path: Path) -> Callable[..., Wired]:
    return lambda wire, script="seed: 1", codec=None: Wired(wire, tmp_path / "state", script, codec)


def said(outgoing: Outgoing) -> list[str]:
    """The statuses in the order of the instruction, whatever the order of the answer."""
    return [status for _, status in sorted(json.loads(outgoing.content)["said"].items())]


@pytest.mark.parametrize("wire", WIRES)
def test_an_order_is_booked_once_whatever_the_wire(wired: Callable[..., Wired], wire: str) -> None:
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
def test_files_come_in_their_time_and_once(wired: Callable[..., Wired], wire: str) -> None:
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
    assert (part.kind, part.number, said(part)) == (Kind.RESULT, 1, ["PAID"] * 3)
    assert [(o.kind, o.number) for o in it.later(3)] == [(Kind.RESULT, 2)]
    assert it.bank.ledger.report().returned == 0
    (back,) = it.later(2)
    assert (back.kind, said(back), json.loads(back.content)["codes"]) == (Kind.RETURN, ["RETURNED"], ["0009"])
    assert (it.bank.ledger.report().returned, it.later(1000)) == (1, [])


@pytest.mark.parametrize("wire", MESSAGES)
def test_whoever_asks_is_told_what_stands_now(wired: Callable[..., Wired], wire: str) -> None:
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
    assert said(it.asked()) == ["PROCESSING"] * 6
    pushes = it.later(2)
    assert said(it.asked()) == ["PAID", "PROCESSING", *["PAID"] * 4]
    pushes += it.later(5)
    assert said(it.asked()) == ["RETURNED", "PROCESSING", *["PAID"] * 4]
    assert it.bank.ledger.report().returned == 1
    kinds = [(o.kind, len(said(o))) for o in pushes]
    assert kinds == ([(Kind.RESULT, 5), (Kind.RETURN, 1)] if wire in ("queue", "line") else [])
    numbers = [o.number for o in pushes if o.kind is Kind.RESULT]
    assert it.asked().number not in numbers


def test_single_items_can_be_asked_for(wired: Callable[..., Wired]) -> None:
    it = wired("post", 'rules: [{match: {account: "620"}, action: {do: failed, code: "7777"}}]')
    it.send()
    it.later(0)
    about = it.asked(MESSAGE, FIRST, "NOBODY")
    assert json.loads(about.content)["said"] == {FIRST: "FAILED"}
    assert it.asked(MESSAGE, "NOBODY").content == f"absent {MESSAGE}".encode()
    assert it.asked(MESSAGE, ITEMS[1][0]).number != about.number


@pytest.mark.parametrize("wire", ["files", "called", "queue"])
def test_a_restart_sends_what_was_not_sent(wired: Callable[..., Wired], wire: str, tmp_path: Path) -> None:
    script = "files: [{effects: [{do: split-result, parts: 3, every_seconds: 5}]}]"
    it = wired(wire, script)
    it.send()
    first = [(o.kind, o.number) for o in it.later(0)]
    assert first[-1] == (Kind.RESULT, 1)
    it.later(0)  # by now the door has delivered them
    it.clock.now += 5_000
    second = it.bank.pushed()
    assert [o.number for o in second] == [2]  # handed out, and then the power goes
    again = Wired(wire, tmp_path / "state", script)
    again.bank.recover()
    assert [(o.kind, o.number) for o in again.later(100)] == [(Kind.RESULT, 2), (Kind.RESULT, 3)]
    assert again.bank.ledger.report().credited == 6
    assert again.send().follow_up is None
    if wire == "queue":
        assert said(again.asked()) == ["PAID"] * 6


@pytest.mark.parametrize("wire", ["rest", "post"])
def test_after_a_restart_questions_are_answered(wired: Callable[..., Wired], wire: str, tmp_path: Path) -> None:
    wired(wire).send()
    again = Wired(wire, tmp_path / "state", "seed: 1")
    again.bank.recover()
    assert said(again.asked()) == ["PROCESSING"] * 6 or said(again.asked()) == ["PAID"] * 6
    again.later(0)
    assert said(again.asked()) == ["PAID"] * 6


DAMAGES: dict[str, Callable[[Outgoing], bool]] = {
    "wrong-total": lambda o: o.content == b"one fen more",
    "bad-signature": lambda o: o.signature == b"forged",
    "missing-signature": lambda o: o.signature is None,
    "truncated": lambda o: not o.whole,
    "garbled": lambda o: b"\xff\xff\x80\xff" in o.content,
    "wrong-encoding": lambda o: o.content.startswith(b"\xff\xfe"),
    "unknown-item": lambda o: b"99999999" in o.content,
    "partial": lambda o: said(o).count("PAID") == 3,
}


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("how", DAMAGES)
def test_each_damage_on_each_wire_and_its_repair(wired: Callable[..., Wired], wire: str, how: str) -> None:
    script = f"files: [{{effects: [{{do: spoil-result, how: {how}, repair_after: 5}}]}}]"
    it = wired(wire, script, TotallingCodec())
    it.send()
    asked = wire in ("rest", "post")
    sent = [o for o in it.later(0) if o.kind is Kind.RESULT]
    assert all(DAMAGES[how](outgoing) for outgoing in ([it.asked()] if asked else sent))
    repaired = it.later(5)
    assert [said(o) for o in ([it.asked()] if asked else repaired)] == [["PAID"] * 6]
    same_name = how == "truncated" and wire != "called"
    assert asked or [o.number for o in repaired] == [1 if same_name else 2]


@pytest.mark.parametrize("wire", WIRES)
def test_a_dropped_result_never_comes_or_late(wired: Callable[..., Wired], wire: str) -> None:
    it = wired(wire, "files: [{effects: [{do: spoil-result, how: dropped, repair_after: 60}]}]")
    it.send()
    assert [o for o in it.later(30) if o.kind is Kind.RESULT] == []
    late = it.later(31)
    assert said(late[0] if wire not in ("rest", "post") else it.asked()) == ["PAID"] * 6


@pytest.mark.parametrize("wire", MESSAGES)
def test_messages_that_are_not_genuine_get_no_answer(wired: Callable[..., Wired], wire: str) -> None:
    it = wired(wire)
    with pytest.raises(NotGenuine):
        it.send(signature=b"forged")
    assert it.bank.ledger.report().instructions_seen == 0


@pytest.mark.parametrize(("signature", "code"), [(None, "9001"), (b"forged", "9002")])
def test_files_that_are_not_genuine_are_refused_and_can_be_sent_again(
    wired: Callable[..., Wired], signature: bytes | None, code: str
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
def test_a_whole_message_can_be_refused(wired: Callable[..., Wired], wire: str) -> None:
    it = wired(wire, "files: [{effects: [{do: refuse-file, code: SIGNATURE}]}]")
    reply = it.send().reply
    refusal = reply if reply is not None else it.later(0)[0]
    assert refusal.content == f"acknowledged {MESSAGE} 9002 验签失败".encode()
    assert it.bank.ledger.report().instructions == 0
    if wire in MESSAGES:
        assert it.asked().content == refusal.content


@pytest.mark.parametrize("wire", WIRES)
def test_what_cannot_be_read_is_refused_where_its_name_is_known(wired: Callable[..., Wired], wire: str) -> None:
    it = wired(wire)
    taken = it.bank.receive(it.name(), b"{", b"signed")
    assert taken.refused == (wire in ("post", "queue", "line"))
    if wire in ("files", "called"):
        assert it.bank.receive("README.txt", b"{", b"signed") == Taken(None)


@pytest.mark.parametrize("wire", MESSAGES)
@pytest.mark.parametrize("message_id", ["../ORDER", "A" * 36, "", "A B"])
def test_an_id_that_is_no_id_is_not_looked_at(wired: Callable[..., Wired], wire: str, message_id: str) -> None:
    it = wired(wire)
    with pytest.raises(NotGenuine):
        it.send(message_id=message_id)
    assert it.bank.ledger.report().instructions_seen == 0


def test_a_name_that_is_not_the_messages_own_is_refused(wired: Callable[..., Wired]) -> None:
    it = wired("rest")
    content = json.dumps({"order": MESSAGE, "items": ITEMS}).encode()
    reply = it.bank.receive("SOMETHINGELSE", content, b"signed").reply
    assert reply is not None and reply.content.startswith(b"acknowledged SOMETHINGELSE 9002")
    assert it.bank.ledger.report().instructions == 0


def test_nothing_is_handed_out_while_away_and_everything_after(wired: Callable[..., Wired]) -> None:
    it = wired("line", "files: [{effects: [{do: go-offline, seconds: 10}]}]")
    it.send()
    assert (it.bank.away, it.later(9)) == (True, [])
    assert [said(o) for o in it.later(1)] == [["PAID"] * 6]


def test_held_results_wait_and_acknowledgements_do_not(wired: Callable[..., Wired]) -> None:
    it = wired("files")
    it.bank.desk.hold()
    it.send()
    assert [o.kind for o in it.later(10)] == [None]
    assert it.bank.desk.pending()["prepared"] == 1
    it.bank.desk.release()
    assert [o.kind for o in it.later(0)] == [Kind.RESULT]


def test_the_clock_can_be_stopped_and_put_forward(wired: Callable[..., Wired]) -> None:
    it = wired("post", "files: [{effects: [{do: delay-result, seconds: 3600}]}]")
    it.send()
    clock = it.bank.desk.clock
    clock.stop()
    it.clock.now += 7_200_000
    assert said(it.asked()) == ["PROCESSING"] * 6
    clock.advance(3600)
    assert said(it.asked()) == ["PAID"] * 6
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
def test_what_a_bank_cannot_play_is_refused(wired: Callable[..., Wired], wire: str, effect: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        wired(wire, f"files: [{{effects: [{effect}]}}]")


def test_an_acknowledgement_can_be_dropped(wired: Callable[..., Wired]) -> None:
    it = wired("files", "files: [{effects: [{do: drop-acknowledgement}]}]")
    it.send()
    assert [o.kind for o in it.later(0)] == [Kind.RESULT]


def test_canonical_reasons_become_the_banks_codes(wired: Callable[..., Wired]) -> None:
    it = wired("post", "default: {do: failed, code: ACCT_NOT_FOUND}")
    it.send()
    it.later(0)
    assert set(json.loads(it.asked().content)["codes"]) == {"0004"}
    with pytest.raises(ValueError, match="NAME_MISMATCH"):
        it.bank.check(read_script("default: {do: failed, code: NAME_MISMATCH}"))
