"""A bank of a few lines for the engine: a codec, a seal, every kind of wire, and a clock that stands still."""

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
from simulators.bank_contract import MessageInvalid, NotGenuine, Order, Outgoing, Question
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


class Clock:
    """Stands still."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        return self.now


class Wired:
    """A bank, its clock, and what the other side of its wire does."""

    def __init__(self, wire: str, state: Path, script: str, *, totals: bool):
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
        self.bank = SimulatedBank(
            data, TotallingCodec() if totals else PlainCodec(), PlainSeal(), state, read_script(script), self.clock
        )

    def send(self, items: Any = ITEMS, message_id: str = MESSAGE, signature: bytes | None = b"signed") -> Any:
        content = json.dumps({"order": message_id, "items": items}).encode()
        taken = self.bank.receive(self.name(message_id), content, signature)
        if taken.follow_up is not None:
            taken.follow_up()
        return taken

    @property
    def asks(self) -> bool:
        """Whether results come to whoever asks, and to nobody else."""
        return self.wire in ("rest", "post")

    @staticmethod
    def said(outgoing: Outgoing) -> list[str]:
        """The statuses in the order of the instruction, whatever the order of the answer."""
        return [status for _, status in sorted(json.loads(outgoing.content)["said"].items())]

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
    """Makes a bank on a wire; the same once more is that bank after a restart."""
    return lambda wire, script="seed: 1", totals=False: Wired(wire, tmp_path / "state", script, totals=totals)
