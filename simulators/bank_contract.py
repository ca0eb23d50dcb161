"""What one simulated bank is made of: a codec for its messages, a seal for its signatures, a door for its wire.

The engine (``simulators.engine``) decides what happens, in wire-neutral terms; a codec writes it in the bank's
format; a seal signs it; a door moves the bytes. A bank is any combination of the three, chosen by data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, runtime_checkable

import polars as pl

from simulators.answers import Kind
from simulators.script import Effect


@dataclass(frozen=True, slots=True)
class Order:
    """One instruction as the bank understood it; ``items`` has reference, account, name, amount_fen."""

    message_id: str
    requested_on: date
    items: pl.DataFrame
    created_on: date | None = None  # where the format says when it was written

    @property
    def day(self) -> date:
        """The date that the bank's answers to it carry."""
        return self.created_on or self.requested_on


@dataclass(frozen=True, slots=True)
class Question:
    """An inquiry; ``references`` empty asks for the whole instruction."""

    message_id: str
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """The gateway's answer to a request for return (退回应答); ``request`` is the bank's own message id."""

    request: str
    agreed: bool


class MessageInvalid(Exception):
    """The bank refuses the whole message: ``code`` in its own language, ``text`` for people."""

    def __init__(self, code: str, text: str):
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text


class NotGenuine(Exception):
    """The signature does not verify, or is missing."""


class Codec(Protocol):
    """The bank's format, from the bank's side. Pure."""

    def read(self, content: bytes) -> Order | Question | Consent:
        """A message of the gateway; raises MessageInvalid."""

    def acknowledgement(self, message_id: str, day: date, code: str | None, text: str) -> bytes | None:
        """Taken (``code`` null) or refused with ``code``; null where this bank's format has no such message."""

    def result(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame) -> bytes:
        """What the bank says about ``rows`` (``simulators.answers.ANSWER_SCHEMA``); ``number`` is the part, from 1."""

    def absent(self, message_id: str, day: date) -> bytes:
        """The answer to a question about something the bank never saw."""


@runtime_checkable
class Totalling(Protocol):
    """A codec whose results carry a total that can be wrong; others do not have this."""

    def wrong_total(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame) -> bytes:
        """The result with a total that is one fen more than its rows make."""


class Seal(Protocol):
    """The bank's signature, and the reading of ours."""

    def close(self, message_id: str, body: bytes, how: str | None) -> tuple[bytes, bytes | None]:
        """(content, detached signature or null); ``how`` is the damage to do: "bad-signature", "missing-signature" or null."""

    def open(self, content: bytes, signature: bytes | None) -> bytes:
        """The body of the gateway's message; raises NotGenuine."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Something the bank sends: ``message_id`` is the instruction it speaks of; ``whole`` False: cut half way."""

    message_id: str
    kind: Kind | None  # null: an acknowledgement
    number: int
    content: bytes
    signature: bytes | None
    whole: bool = True
    tag: str = ""  # what tells what is said now from what was said before (ETag)


@dataclass(frozen=True, slots=True)
class Taken:
    """What becomes of a received message at once: the reply, and what the script does on the way."""

    reply: Outgoing | None
    effects: tuple[Effect, ...] = field(default=())
    follow_up: Callable[[], None] | None = None  # bulk work that need not keep the caller waiting; to be called once
    refused: bool = False  # no reply, as the id is booked with other content, or there is no way to refuse
