"""Asking a bank by path: what it showed is not asked for again, unless it could not be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.services.context import Context
from gateway.services.inquiries import Inquiries
from gateway.store import inbox, instructions
from gateway.store.records import Batch, Instruction, InstructionState, Work
from gateway.transports.contract import Reply

TAG = '"7"'


class Shows:
    """A wire that shows the same bytes under the same tag, and remembers which tags it was given."""

    def __init__(self) -> None:
        self.given: list[str | None] = []

    async def submit(self, *_: Any) -> Reply:
        raise AssertionError("nothing is to be sent")

    async def inquire(self, message_id: str, sink: Any, limit_bytes: int, known_tag: str | None = None) -> Reply:  # noqa: ARG002
        self.given.append(known_tag)
        if known_tag == TAG:
            return Reply(304, {"etag": TAG}, 0)
        sink.write(b"<status/>")
        return Reply(200, {"etag": TAG, "x-signature": "bm9uZQ=="}, 9)


@pytest.fixture
def sent(context: Context, submit: Callable[..., Batch], batch: Any) -> Instruction:
    """An instruction that the bank asked by path has."""
    accepted = submit(batch.header, batch.content(), batch.content_type)
    with context.store.begin() as tx:
        made = next(one for one in instructions.of_batch(tx, accepted.batch_id) if one.bank == "city-iso")
        assert instructions.move(tx, made.instruction_id, {made.state}, InstructionState.ACKNOWLEDGED, 1)
    return made


@pytest.fixture
def ask(context: Context, sent: Instruction) -> Callable[[], list[str | None]]:
    """Ask once more; the tags that the bank was given so far."""
    wire = Shows()
    inquiries = Inquiries(context, lambda _: wire, at_once)

    def run() -> list[str | None]:
        with pytest.raises(StopIteration):
            inquiries.inquire(work_about(sent)).send(None)
        return wire.given

    return run


async def at_once(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


def work_about(made: Instruction) -> Work:
    subject = {"instruction_id": made.instruction_id, "bank": made.bank}
    return Work(1, "inquire", made.message_id, subject, priority=100, attempts=1, due_at_ms=0, fence=1)


def judged(context: Context, judge: Callable[..., bool], *arguments: Any) -> None:
    """The message that came first and alone ends as ``judge`` says."""
    with context.store.begin() as tx:
        assert judge(tx, 1, *arguments)


def test_what_was_read_is_not_asked_for_again(context: Context, ask: Callable[[], list[str | None]]) -> None:
    assert ask() == [None]
    judged(context, inbox.applied, "key", 1)
    assert ask() == [None, TAG]


def test_what_could_not_be_read_is_asked_for_in_full(context: Context, ask: Callable[[], list[str | None]]) -> None:
    """A bank that repairs a signature or a garbled answer need not change its tag."""
    assert ask() == [None]
    judged(context, inbox.quarantine, "signature", 1)
    assert ask() == [None, None]
