"""The SMS provider (短信通道) without its network: lots in, receipts out, every message counted.

Lots are not deduplicated, as with real providers: a lot sent twice is two messages to everyone in it, and the
books say so. A script's words mean here: ``failed`` is refused at once under the code; ``paid`` is DELIVRD;
``processing-then-paid`` is DELIVRD after its seconds; ``returned-late`` is its code (UNDELIV, EXPIRED, REJECTD)
after its seconds; ``silent`` never gets a receipt. ``account`` in a match is the mobile number, ``reference`` the id.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from simulators.answers import of_type
from simulators.counterparty import Clock, Counterparty, wall_clock_ms
from simulators.matching import decide, effects_on
from simulators.script import Action, DelayResult, Effect, Failed, ProcessingThenPaid, ReturnedLate, Script, Silent

Text = Annotated[str, Field(min_length=1, max_length=64)]
RECEIPT_STATUSES: Final = frozenset({"UNDELIV", "EXPIRED", "REJECTD"})


class Message(BaseModel):
    """One SMS to be sent."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Text
    mobile: Annotated[str, Field(pattern=r"\A1[3-9][0-9]{9}\z")]
    params: dict[str, str]


class Lot(BaseModel):
    """What is submitted at once (批次)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    lot_id: Text
    template: Text
    sign: Text
    messages: list[Message] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Receipts:
    """Receipts of one lot that become known together."""

    lot_id: str
    receipts: tuple[dict[str, str], ...]


def check_script(script: Script) -> None:
    """Raise ValueError where a late return is not a receipt status of this provider."""
    for action in script.actions:
        if isinstance(action, ReturnedLate) and action.code not in RECEIPT_STATUSES:
            raise ValueError(f"code {action.code!r}: a receipt is one of {', '.join(sorted(RECEIPT_STATUSES))}")


class SmsProvider:
    """Lots, receipts and the count of messages by id; kept in a journal under ``state``."""

    def __init__(self, state: Path, script: Script, lot_size: int = 100, clock: Clock = wall_clock_ms):
        state.mkdir(parents=True, exist_ok=True)
        self.desk: Counterparty[Receipts] = Counterparty(script, clock)
        self.lot_size = lot_size
        self._journal = state / "lots.ndjson"
        self._answers: dict[str, dict[str, Any]] = {}
        self._places: dict[str, int] = {}
        self._receipts: dict[str, list[dict[str, str]]] = {}
        self._sent: Counter[str] = Counter()
        self._refused = 0
        self._taken = 0
        for line in self._journal.read_bytes().splitlines() if self._journal.exists() else []:
            self._enter(orjson.loads(line))

    def _enter(self, answer: dict[str, Any]) -> None:
        self._answers[answer["lot_id"]] = answer
        self._places.setdefault(answer["lot_id"], len(self._places) + 1)
        self._sent.update(answer["accepted"])
        self._refused += len(answer["refused"])
        self._taken += 1

    def effects(self, lot_id: str) -> tuple[Effect, ...]:
        """What the script does to this lot as a whole."""
        nth = self._places.get(lot_id, len(self._places) + 1)
        return effects_on(self.desk.script, lot_id, nth)

    def take(self, lot: Lot) -> dict[str, Any]:
        """Send what is not refused; the answer lists accepted ids and refused ones with their codes."""
        items = pl.DataFrame(
            {"reference": [m.id for m in lot.messages], "account": [m.mobile for m in lot.messages]}
        ).with_columns(name=pl.lit(""), amount_fen=pl.lit(0, dtype=pl.Int64))
        actions = [self.desk.script.actions[number] for number in decide(self.desk.script, items)]
        decided = list(zip(lot.messages, actions, strict=True))
        answer = {
            "lot_id": lot.lot_id,
            "accepted": [m.id for m, action in decided if not isinstance(action, Failed)],
            "refused": [{"id": m.id, "code": a.code, "text": a.text} for m, a in decided if isinstance(a, Failed)],
        }
        wait = sum(round(effect.seconds * 1000) for effect in of_type(self.effects(lot.lot_id), DelayResult))
        with self._journal.open("ab") as journal:
            journal.write(orjson.dumps(answer) + b"\n")
        self._enter(answer)
        self._plan_receipts(lot.lot_id, decided, self.desk.clock() + wait)
        return answer

    def _plan_receipts(self, lot_id: str, decided: list[tuple[Message, Action]], due_ms: int) -> None:
        by_wait: dict[int, list[dict[str, str]]] = {}
        for message, action in decided:
            if isinstance(action, Failed | Silent):
                continue
            late = action.seconds if isinstance(action, ProcessingThenPaid | ReturnedLate) else 0
            status, text = (action.code, action.text) if isinstance(action, ReturnedLate) else ("DELIVRD", "")
            by_wait.setdefault(round(late * 1000), []).append({"id": message.id, "status": status, "text": text})
        for wait, receipts in by_wait.items():
            self.desk.agenda.add(due_ms + wait, Receipts(lot_id, tuple(receipts)))

    def answer_of(self, lot_id: str) -> dict[str, Any] | None:
        """What was answered for a lot; None if it never came."""
        return self._answers.get(lot_id)

    def receipts_of(self, lot_id: str) -> dict[str, Any] | None:
        """The receipts known by now; None if the lot never came."""
        self.tick()
        known = self._receipts.get(lot_id, [])
        return {"lot_id": lot_id, "receipts": known} if lot_id in self._answers else None

    def tick(self) -> None:
        """Let receipts whose time has come be known."""
        for due in self.desk.agenda.take_due(self.desk.clock()):
            self._receipts.setdefault(due.lot_id, []).extend(due.receipts)

    def as_json(self) -> dict[str, int]:
        """The books in figures; ``sent_twice`` counts ids that went out more than once."""
        return {
            "lots_seen": len(self._answers),
            "lots_taken": self._taken,
            "messages": self._sent.total(),
            "refused": self._refused,
            "receipts": sum(map(len, self._receipts.values())),
            "sent_twice": sum(times > 1 for times in self._sent.values()),
        }

    def items(self) -> pl.DataFrame:
        """Columns id, times (sent), sorted by id."""
        schema = {"id": pl.String, "times": pl.Int64}
        return pl.DataFrame({"id": list(self._sent), "times": list(self._sent.values())}, schema=schema).sort("id")
