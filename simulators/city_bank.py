"""The bank ``city-iso`` without its network: payment orders in, status reports out.

Every order id is booked once. What the bank will say is prepared in full when the order is booked: one report
for each step of the plan, written and signed, shown from its time on.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Final

import polars as pl

from simulators.answers import Answer, Plan, Status, of_type, plan
from simulators.counterparty import Clock, Counterparty, wall_clock_ms
from simulators.iso_answers import refusal_report, status_now, status_report
from simulators.iso_records import MessageInvalid, PaymentOrder, read_pain001
from simulators.ledger import AlreadyBooked, Ledger
from simulators.script import Effect, GoOffline, RefuseFile, Script, SpoilResult
from simulators.signatures import Seal

_MESSAGE_ID: Final = re.compile(r"[0-9A-Za-z]{1,35}")
_NO_CHARACTER: Final = b"\xff\xfe\xff"


@dataclass(frozen=True, slots=True)
class Report:
    """One status report as it is sent; ``whole`` is False where the line breaks half way."""

    path: Path
    signature: bytes | None
    tag: str  # ETag
    whole: bool = True
    came_back: pl.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """From its time on, ``report`` is what the bank answers about ``message_id``."""

    message_id: str
    report: Report


@dataclass(frozen=True, slots=True)
class Reply:
    """What the caller gets: a report or a refusal, and what the script does on the way."""

    code: int
    report: Report
    effects: tuple[Effect, ...] = field(default=())
    follow_up: Callable[[], None] | None = None  # bulk work that need not keep the caller waiting; to be called once


class NotTheSame(Exception):
    """The order id is booked with other content."""


class SignatureWrong(Exception):
    """The order is not signed by the gateway, or its id is no id."""


def check_script(script: Script) -> None:
    """Raise ValueError for what this bank's messages cannot show."""
    for rule in script.files:
        for effect in of_type(rule.effects, SpoilResult):
            if effect.how == "wrong-total":
                raise ValueError("wrong-total: a status report of this bank carries no totals")


class CityBank:
    """The bank's back office; ``take`` may be called from a worker thread, everything else from the loop."""

    def __init__(self, state: Path, script: Script, seal: Seal, clock: Clock = wall_clock_ms):
        self.desk: Counterparty[Step] = Counterparty(script, clock)
        self.ledger = Ledger(state / "ledger")
        self._seal = seal
        self._orders, self._reports = state / "orders", state / "reports"
        self._shown: dict[str, Report] = {}
        self._receipt = Lock()
        for folder in (self._orders, self._reports):
            folder.mkdir(parents=True, exist_ok=True)

    def recover(self) -> None:
        """After a restart: plan again what was booked; the reports come in the same order, from now."""
        for path in sorted(self._orders.glob("*.xml"), key=lambda p: p.stat().st_mtime_ns):
            reply = self._take(path.stem, path.read_bytes())
            if reply.follow_up is not None:
                reply.follow_up()

    def take(self, message_id: str, body: bytes, signature: bytes) -> Reply:
        """One posted order; raises SignatureWrong, NotTheSame."""
        if not _MESSAGE_ID.fullmatch(message_id) or not self._seal.is_genuine(body, signature):
            raise SignatureWrong
        with self.desk.receiving(), self._receipt:
            return self._take(message_id, body)

    def _take(self, message_id: str, body: bytes) -> Reply:
        digest = hashlib.sha256(body).hexdigest()
        known = self.ledger.digest_of(message_id)
        if known not in (None, digest):
            raise NotTheSame
        if known == digest and (shown := self._shown.get(message_id)) is not None:
            return Reply(200, shown)
        try:
            return self._book(message_id, body, digest)
        except MessageInvalid as invalid:
            today = datetime.fromtimestamp(self.desk.clock() / 1000, UTC).date()
            content = refusal_report(message_id, today, invalid.code, invalid.text)
            refusal = self._shown.setdefault(message_id, self._written(message_id, "refusal", content, None))
            return Reply(200, refusal)

    def _book(self, message_id: str, body: bytes, digest: str) -> Reply:
        order = read_pain001(body)
        if order.message_id != message_id:
            raise MessageInvalid("FF01", "X-Message-Id is not the message's own id")
        nth = self.ledger.notice(message_id)
        planned = plan(self.desk.script, message_id, nth, order.items, order.requested_on)
        for refusal in of_type(planned.effects, RefuseFile):
            raise MessageInvalid(refusal.code, refusal.text)
        (self._orders / f"{message_id}.xml").write_bytes(body)
        rows = order.items.select("reference", "amount_fen", pl.Series("credited", planned.credited))
        with suppress(AlreadyBooked):  # a restart lost what is shown, never what is booked
            self.ledger.book(message_id, digest, rows)
        opening = status_report(message_id, order.requested_on, 1, status_now(order.items, ()))
        first = self._shown[message_id] = self._written(message_id, "001", opening, None)
        for away in of_type(planned.effects, GoOffline):
            self.desk.go_away(away.seconds)
        self.desk.begin()
        return Reply(200, first, planned.effects, partial(self._prepare, order, planned, self.desk.clock()))

    def _prepare(self, order: PaymentOrder, planned: Plan, now: int) -> None:
        """Every further report of the plan, written and signed, each on the agenda for its time."""
        try:
            self._put_on_agenda(order, planned, now)
        finally:
            self.desk.end()

    def _put_on_agenda(self, order: PaymentOrder, planned: Plan, now: int) -> None:
        message_id, day, items, tag = order.message_id, order.requested_on, order.items, "001"
        for number, answer in enumerate(planned.answers, 2):
            said = status_now(items, planned.answers[: number - 1])
            content = status_report(message_id, day, number, said)
            tag = tag if answer.how == "same-name" else f"{number:03d}"
            report = self._written(message_id, tag, content, answer)
            self.desk.agenda.add(now + answer.after_ms, Step(message_id, report))

    def _written(self, message_id: str, tag: str, content: bytes, answer: Answer | None) -> Report:
        how = answer.how if answer is not None else None
        if how == "garbled":
            place = content.rfind(b"</OrgnlEndToEndId>")
            content = content[:place] + _NO_CHARACTER + content[place:]
        signature = (
            None
            if how == "missing-signature"
            else self._seal.sign(content + (b"\n" if how == "bad-signature" else b""))
        )
        path = self._reports / f"{message_id}-{tag}-{hashlib.sha256(content).hexdigest()[:12]}.xml"
        path.write_bytes(content)
        back = None
        if answer is not None:
            back = answer.rows.filter(pl.col("status") == Status.RETURNED)
        return Report(path, signature, f'"{tag}"', how != "truncated", back)

    def report_on(self, message_id: str) -> Report | None:
        """What the bank says about an order now; None if it never came."""
        self.tick()
        return self._shown.get(message_id)

    def tick(self) -> None:
        """Show every report whose time has come."""
        for step in self.desk.agenda.take_due(self.desk.clock()):
            self._shown[step.message_id] = step.report
            if step.report.came_back is not None and not step.report.came_back.is_empty():
                self.ledger.give_back(f"{step.message_id}-{step.report.tag.strip(chr(34))}", step.report.came_back)

    def signed(self, content: bytes) -> bytes:
        """The bank's signature over any answer."""
        return self._seal.sign(content)
