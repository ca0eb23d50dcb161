"""A bank's counter for messages (收报): what is handed over the wire, taken at once and answered by its script."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from simulators.answers import of_type
from simulators.bank_contract import Taken
from simulators.engine import SimulatedBank
from simulators.script import DelayAcknowledgement, LoseReply
from spine.chaos import VirtualClock
from spine.traffic import Traffic

MESSAGE_ID_OCTETS = 17
"""Instructions have ids of so many characters; those of questions are longer."""


def is_instruction(message_id: str) -> bool:
    """Whether a message of the gateway instructs, by its id; else it asks."""
    return len(message_id) == MESSAGE_ID_OCTETS


class Reception:
    """``strict``: a repeated instruction is refused as a duplicate, in a new acknowledgement, instead of answered again."""

    def __init__(self, bank: SimulatedBank, traffic: Traffic, clock: VirtualClock, strict: str | None):
        self._bank, self._traffic, self._clock, self._strict = bank, traffic, clock, strict

    def take(self, message_id: str, data: bytes, signature: bytes | None) -> Taken:
        """Hand a message to the bank, which does all that follows at once; a forged one is a fault of ours."""
        again = self._bank.ledger.digest_of(message_id) is not None
        taken = self._bank.receive(message_id, data, signature)
        if is_instruction(message_id):
            self._traffic.taken.add(message_id)
        if taken.follow_up is not None:
            taken.follow_up()
        assert not (again and taken.refused), "the bank was given other content under an id that it had booked"
        if again and self._strict is not None:
            day = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).date()
            return replace(taken, reply=self._bank.refusal(message_id, day, self._strict, "重复"))
        return taken


def seconds_late(taken: Taken) -> float | None:
    """When the script lets the reply go; null: never."""
    for lost in of_type(taken.effects, LoseReply):
        return lost.answer_after
    return sum(effect.seconds for effect in of_type(taken.effects, DelayAcknowledgement))
