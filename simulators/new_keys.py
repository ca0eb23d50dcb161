"""A counterparty that takes over new keys while it runs (换钥): its key files are read again when it is told to.

In three steps, as a careful bank does it: first it accepts what the new keys can make, then it uses them itself, and
once everything on its way has arrived it accepts nothing older.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias

from simulators.bank_contract import NotGenuine, Seal


class Phase(StrEnum):
    """How far a counterparty has gone over to the keys that lie in its directory now."""

    ACCEPT = "accept"  # both are accepted, the present ones are used
    USE = "use"  # both are accepted, the new ones are used
    ONLY = "only"  # only the new ones count


Reread: TypeAlias = Callable[[Phase], None]
"""Read the key files again, and go over to them so far."""


class RenewedSeal:
    """``simulators.bank_contract.Seal`` over key files."""

    def __init__(self, load: Callable[[], Seal]):
        self._load = load
        self._used = load()
        self._also_accepted: Seal | None = None

    def reread(self, phase: Phase) -> None:
        """See Reread; raises what reading the files raises, and then nothing has changed."""
        fresh = self._load()
        if phase is Phase.ACCEPT:
            self._also_accepted = fresh
            return
        self._also_accepted = self._used if phase is Phase.USE else None
        self._used = fresh

    def close(self, message_id: str, body: bytes, how: str | None) -> tuple[bytes, bytes | None]:
        """See Seal."""
        return self._used.close(message_id, body, how)

    def open(self, content: bytes, signature: bytes | None) -> bytes:
        """See Seal."""
        try:
            return self._used.open(content, signature)
        except NotGenuine:
            if self._also_accepted is None:
                raise
        return self._also_accepted.open(content, signature)


def in_turn(*steps: Reread) -> Reread:
    """All of them, one after the other."""

    def reread(phase: Phase) -> None:
        for step in steps:
            step(phase)

    return reread


def nothing_to_reread(_phase: Phase) -> None:
    """A counterparty whose keys do not change."""
