"""What a bank sends of its own accord (推送): on its way to the gateway, and into the inbox, with faults."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from gateway.services.arrivals import keep_pushed
from gateway.services.context import Context
from gateway.store.errors import StoreFull
from simulators.bank_contract import Outgoing
from simulators.engine import SimulatedBank
from spine.chaos import Chaos, Crash
from spine.damage import damaged
from spine.later import Postponed


@dataclass(frozen=True, slots=True)
class Pushed:
    """One message as the gateway hears it."""

    name: str
    content: bytes
    signature: str | None
    watching: bool = False  # the answer to a question


class Pushes:
    """By queue or over TCP; what was not taken, since the process died or its disk was full, comes again."""

    def __init__(self, bank: SimulatedBank, chaos: Chaos, postponed: Postponed, name: str):
        self._bank, self._chaos, self._postponed, self._name = bank, chaos, postponed, name
        self._queued = bank.wire.kind == "amqp"
        self._waiting: list[Pushed] = []

    def __len__(self) -> int:
        """How many are on their way, other than answers to questions."""
        return sum(not pushed.watching for pushed in self._waiting)

    def happen(self) -> None:
        """Put on the way what the bank has to say now."""
        for outgoing in self._bank.pushed():
            self.add(outgoing)

    def add(self, outgoing: Outgoing, *, watching: bool = False) -> None:
        """One more on the way; over TCP, one that is cut never becomes a message."""
        content = outgoing.content
        if not outgoing.whole:
            if not self._queued:
                return
            content = content[: len(content) // 2]
        digest = _digest(content)
        name = f"{outgoing.message_id}-{outgoing.kind or 'A'}{outgoing.number:03d}-{digest[:12]}"
        signature = None if outgoing.signature is None else outgoing.signature.decode("ascii")
        self._waiting.append(Pushed(name if self._queued else digest, content, signature, watching))

    def bring(self, context: Context) -> None:
        """Let arrive what is on the way; raises Crash."""
        for _ in range(len(self._waiting)):
            if not self._waiting:  # another node took it meanwhile
                return
            pushed = self._waiting.pop(0)
            fate = self._delayed(pushed)
            if fate is not None:
                self._arrive(context, fate)

    def _delayed(self, pushed: Pushed) -> Pushed | None:
        """As it arrives now; null: later, or never."""
        chaos, name = self._chaos, pushed.name
        if chaos.hit("lost-push", name):
            return None
        if chaos.hit("late-arrival", name):
            self._later(pushed, chaos.rng.randint(1_000, 60_000))
            return None
        if chaos.hit("duplicate", name):
            self._later(pushed, chaos.rng.randint(0, 60_000))
        if chaos.hit("garble", name):
            content = damaged(pushed.content, chaos)
            return replace(pushed, content=content, name=name if self._queued else _digest(content))
        return pushed

    def _arrive(self, context: Context, pushed: Pushed) -> None:
        try:
            self._chaos.boundary(f"push {pushed.name}")
            keep_pushed(context, self._name, f"pushed/{pushed.name}", pushed.content, pushed.signature)
            self._chaos.boundary(f"pushed: {pushed.name}")
            if self._chaos.hit("drop-after", pushed.name):
                self._later(pushed, 500)
        except Crash:
            self._later(pushed, 1_000)
            raise
        except StoreFull:
            self._later(pushed, 1_000)

    def _later(self, pushed: Pushed, wait_ms: int) -> None:
        self._postponed.add(wait_ms, lambda: self._waiting.append(pushed), watching=pushed.watching)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
