"""What a door (接入口) needs of the bank behind it; the engine is such a bank, and so is any small double in a test."""

from __future__ import annotations

from typing import Protocol

from simulators.bank_contract import Outgoing, Taken


class DoorBank(Protocol):
    """The bank as its wire sees it."""

    @property
    def away(self) -> bool:
        """Whether the bank is out of reach now: a door then hangs up, and moves nothing."""

    def receive(self, name: str, content: bytes, signature: bytes | None) -> Taken:
        """One message of the gateway, whole; called from worker threads, never from the reactor's.

        ``name``: the AMQP message id, else the SHA-256 of the content in hex. ``signature``: the detached one as it
        travelled (X-Signature), null where the wire has no room for one. When this returns, the order is booked,
        whatever becomes of the caller; the door then calls ``follow_up`` in another worker thread, exactly once.
        Raises simulators.bank_contract.NotGenuine: the door hangs up without an answer.
        """

    def pushed(self) -> list[Outgoing]:
        """What is due to be pushed now, in order, each handed out once; called on every tick of the door.

        Called from one thread at a time (TCP: the reactor's; AMQP: the door's own), never while ``away``, and not at
        all by a TCP door that has nowhere to push to. The door keeps what it could not deliver and tries again, except
        a cut one (``whole`` False), which goes once.
        """
