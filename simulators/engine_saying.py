"""What a simulated bank says, and when (应答安排): acknowledgements, parts and the standing of each order, at their time.

A bank that exchanges files, or sends of its own accord, says each answer once, as a part. A bank that is asked
tells what stands now about the whole order, as one message for each step of the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Final

import polars as pl

from simulators.answers import Answer, Plan, Status, of_type, standing
from simulators.bank_contract import Codec, Order, Outgoing, Seal
from simulators.counterparty import Clock, Counterparty
from simulators.declaration import Declaration
from simulators.engine_writing import Kept, Writer
from simulators.journal import Journal
from simulators.ledger import Ledger
from simulators.script import DelayAcknowledgement, DropAcknowledgement, Script

_OPENING: Final = 1
"""Number of what stands before anything was decided."""
_BESIDE_PARTS: Final = 500
"""Added to the number of what stands where parts are sent as well: no two messages of a bank have one number."""


@dataclass(frozen=True, slots=True)
class Step:
    """From its time on ``kept`` is said: sent once (``sends``), or told to whoever asks."""

    kept: Kept
    sends: bool
    came_back: pl.DataFrame | None = None  # returned items, booked back then
    mark: str = ""  # in the journal of what was sent; empty: sent as often as it is due


class Saying:
    """Everything between the decision and the door; safe where ``prepare`` runs in another thread than ``tick``."""

    def __init__(self, declaration: Declaration, codec: Codec, seal: Seal, state: Path, script: Script, clock: Clock):
        self._wire = declaration.transport
        names = declaration.file_names
        self._acknowledges = names is None or names.acknowledgement is not None
        self.desk: Counterparty[Step] = Counterparty(script, clock)
        self.ledger = Ledger(state / "ledger")
        self.writer = Writer(codec, seal, state / "prepared", declaration.encoding)
        self._journal = Journal(state / "sent.txt")
        self._acknowledged: dict[str, Kept] = {}
        self._shown: dict[str, Kept] = {}
        self._due: list[Step] = []
        self._handed: list[Step] = []
        self._happening = Lock()

    def refusal(self, message_id: str, day: date, code: str, text: str) -> Kept | None:
        """The message as a whole is refused; null where the format cannot say so."""
        kept = self.writer.acknowledgement(message_id, day, code, text) if self._acknowledges else None
        if kept is None:
            return None
        if self._wire.by_files:
            self.desk.agenda.add(self.desk.clock(), Step(kept, sends=True), holdable=False)
        else:
            self._shown[message_id] = kept
        return kept

    def open(self, order: Order, planned: Plan) -> Kept | None:
        """The first word on a booked order: what is replied, null where the reply is a file or nothing."""
        acknowledgement = None
        if self._acknowledges and not of_type(planned.effects, DropAcknowledgement):
            acknowledgement = self.writer.acknowledgement(order.message_id, order.day, None, "")
        if acknowledgement is not None:
            self._acknowledged[order.message_id] = acknowledgement
        if self._wire.by_files:
            mark = f"{order.message_id}/A"
            if acknowledgement is not None and mark not in self._journal:
                due = self.desk.clock() + _delay_ms(planned)
                self.desk.agenda.add(due, Step(acknowledgement, sends=True, mark=mark), holdable=False)
            return None
        first = self._standing(order, _OPENING, f"{_OPENING:03d}", standing(order.items, ()), None)
        self._shown[order.message_id] = first
        return acknowledgement or first

    def again(self, message_id: str) -> Kept | None:
        """The same order came again: the same first word, which for files is the same file once more."""
        acknowledgement = self._acknowledged.get(message_id)
        if not self._wire.by_files:
            return acknowledgement or self._shown.get(message_id)
        if acknowledgement is not None:
            self.desk.agenda.add(self.desk.clock(), Step(acknowledgement, sends=True), holdable=False)
        return None

    def prepare(self, order: Order, planned: Plan, base_ms: int) -> None:
        """Everything further that will be said, written and signed, each on the agenda for its time."""
        tag = f"{_OPENING:03d}"
        late = _delay_ms(planned) if self._wire.by_files else 0
        parts = self._wire.by_files or self._wire.pushes
        for number, answer in enumerate(planned.answers, _OPENING + 1):
            if answer.how == "dropped":
                continue
            due = base_ms + late + answer.after_ms
            if parts:
                self._prepare_part(order, answer, due)
            if not self._wire.by_files:
                tag = tag if answer.how == "same-name" else f"{number:03d}"
                rows = standing(order.items, planned.answers[: number - _OPENING])
                kept = self._standing(order, number, tag, rows, answer.how)
                self.desk.agenda.add(due, Step(kept, sends=False, came_back=None if parts else _came_back(answer)))

    def _prepare_part(self, order: Order, answer: Answer, due_ms: int) -> None:
        mark = f"{order.message_id}/{answer.kind}{answer.part:03d}"
        if mark not in self._journal:
            kept = self.writer.answer(order, answer)
            again = answer.how == "same-name"  # shown under a name that is marked already
            step = Step(kept, sends=True, came_back=_came_back(answer), mark="" if again else mark)
            self.desk.agenda.add(due_ms, step)

    def _standing(self, order: Order, number: int, tag: str, rows: pl.DataFrame, how: str | None) -> Kept:
        beside = _BESIDE_PARTS if self._wire.pushes else 0
        return self.writer.standing(order, number + beside, tag, rows, how, singly=not self._wire.rest)

    def shown(self, message_id: str) -> Kept | None:
        """What stands about an order now; null if it never came."""
        self.tick()
        return self._shown.get(message_id)

    def tick(self) -> None:
        """Let happen what is due."""
        with self._happening:
            for step in self.desk.agenda.take_due(self.desk.clock()):
                if step.came_back is not None:
                    self.ledger.give_back(f"{step.kept.message_id}-{step.kept.number:03d}", step.came_back)
                if step.sends:
                    self._due.append(step)
                else:
                    self._shown[step.kept.message_id] = step.kept

    def pushed(self) -> list[Outgoing]:
        """What is due to be sent, each once; what was handed out by the call before has arrived by now."""
        for step in self._handed:
            if step.mark:
                self._journal.add(step.mark)
            if self._acknowledged.get(step.kept.message_id) is not step.kept:
                step.kept.forget()
        self._handed = []
        self.tick()
        if self.desk.away:
            return []
        with self._happening:
            self._handed, self._due = self._due, []
        return [step.kept.outgoing() for step in self._handed]


def _delay_ms(planned: Plan) -> int:
    return sum(round(effect.seconds * 1000) for effect in of_type(planned.effects, DelayAcknowledgement))


def _came_back(answer: Answer) -> pl.DataFrame | None:
    back = answer.rows.filter(pl.col("status") == Status.RETURNED)
    return None if back.is_empty() else back
