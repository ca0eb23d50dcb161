"""How much may be on its way at once (背压): a number of messages and of octets; who comes later waits in order."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from twisted.internet.defer import Deferred


class Room:
    """Bounded; a message larger than all the room goes alone."""

    def __init__(self, messages: int, octets: int):
        self._messages, self._octets = messages, octets
        self._taken_messages = self._taken_octets = 0
        self._waiting: deque[tuple[Deferred[None], int]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @asynccontextmanager
    async def taken(self, octets: int) -> AsyncIterator[None]:
        """Room for one message of ``octets``, for as long as the block lasts."""
        if self._waiting or not self._fits(octets):
            await self._turn(octets)
        else:
            self._take(octets)
        try:
            yield
        finally:
            self._taken_messages -= 1
            self._taken_octets -= octets
            self._admit()

    def _fits(self, octets: int) -> bool:
        free = self._taken_messages < self._messages and self._taken_octets + octets <= self._octets
        return free or not self._taken_messages

    def _take(self, octets: int) -> None:
        self._taken_messages += 1
        self._taken_octets += octets

    def _turn(self, octets: int) -> Deferred[None]:
        turn: Deferred[None] = Deferred(lambda cancelled: self._waiting.remove((cancelled, octets)))
        self._waiting.append((turn, octets))
        return turn

    def _admit(self) -> None:
        while self._waiting and self._fits(self._waiting[0][1]):
            turn, octets = self._waiting.popleft()
            self._take(octets)
            turn.callback(None)
