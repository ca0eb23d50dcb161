"""Room for so many messages and octets; the rest waits in order."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from gateway.transports.amqp_room import Room


class Guests:
    """Each comes in, stays until told to leave, and is noted."""

    def __init__(self, room: Room):
        self.room = room
        self.inside: dict[str, Deferred[None]] = {}

    def come(self, name: str, octets: int) -> Deferred[Any]:
        return Deferred.fromCoroutine(self._stay(name, octets))

    async def _stay(self, name: str, octets: int) -> None:
        async with self.room.taken(octets):
            self.inside[name] = Deferred()
            await self.inside[name]
        del self.inside[name]

    def leave(self, name: str) -> None:
        self.inside[name].callback(None)


def test_no_more_messages_than_there_is_room_for() -> None:
    guests = Guests(Room(2, 100))
    for name in "abcd":
        guests.come(name, 1)
    assert set(guests.inside) == {"a", "b"} and guests.room.waiting == 2
    guests.leave("a")
    assert set(guests.inside) == {"b", "c"}


def test_no_more_octets_and_nobody_overtakes() -> None:
    guests = Guests(Room(10, 100))
    guests.come("a", 60)
    guests.come("large", 50)
    guests.come("small", 1)
    assert set(guests.inside) == {"a"}
    guests.leave("a")
    assert set(guests.inside) == {"large", "small"}


def test_one_larger_than_the_room_goes_alone() -> None:
    guests = Guests(Room(10, 100))
    guests.come("huge", 1000)
    guests.come("a", 1)
    assert set(guests.inside) == {"huge"}
    guests.leave("huge")
    assert set(guests.inside) == {"a"}


def test_who_gives_up_waiting_leaves_no_hole() -> None:
    guests = Guests(Room(1, 100))
    guests.come("a", 1)
    waiting = guests.come("b", 1)
    guests.come("c", 1)
    failed: list[Any] = []
    waiting.addErrback(failed.append)
    waiting.cancel()
    assert failed[0].check(CancelledError)
    guests.leave("a")
    assert set(guests.inside) == {"c"}


def test_room_is_given_back_after_trouble() -> None:
    room = Room(1, 100)

    async def trouble() -> None:
        async with room.taken(1):
            raise OSError

    failed: list[Any] = []
    for _ in range(3):
        Deferred.fromCoroutine(trouble()).addErrback(failed.append)
    assert len(failed) == 3


@pytest.mark.parametrize("octets", [0, 100])
def test_the_bounds_themselves_fit(octets: int) -> None:
    guests = Guests(Room(1, 100))
    guests.come("a", octets)
    assert set(guests.inside) == {"a"}
