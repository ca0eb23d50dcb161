"""Consents to returns (退回应答): a clearing centre that asks to take money back is told whether our books agree.

The money has moved already, in our books as in the bank's: the answer says that we know of it, and moves nothing.
It is owed in the transaction that applied the request, once a request, and is sent until somebody took it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import numpy as np
from sqlalchemy import Connection

from adapters.contract import Consent, Consenting
from adapters.envelopes.contract import Outer
from gateway.clock import instant
from gateway.core.lifecycle import ItemState
from gateway.services.context import Context
from gateway.services.item_rows import Prepared
from gateway.services.jobs import Later, finish
from gateway.services.reading import Part
from gateway.services.small_messages import sealed
from gateway.services.states import columns_of
from gateway.store import inbox, segments
from gateway.store import work as work_store
from gateway.store.records import InboxMessage, Work
from gateway.transports.contract import MessagePost, Misconfigured, TransportFault

Blocking = Callable[..., Awaitable[Any]]
KIND = "consent"
AGAIN_MS = 30_000
_REPLY_BYTES = 1_000_000


def owe(context: Context, tx: Connection, message: InboxMessage, part: Part, prepared: Prepared) -> None:
    """Note that the sender waits for an answer, and which one: call it after the part was applied."""
    request = part.parsed.consent_to
    if request is None or not isinstance(part.bank.dialect, Consenting):
        return
    subject = {
        "bank": message.bank,
        "inbox_id": message.inbox_id,
        "about": part.instruction.message_id,
        "request": request,
        "agreed": prepared.strangers is None and prepared.unmapped is None and _all_returned(tx, part, prepared),
    }
    work_store.put(tx, KIND, f"{message.bank}/{request}", subject, due_at_ms=context.clock.now_ms())


def _all_returned(tx: Connection, part: Part, prepared: Prepared) -> bool:
    for segment in segments.states(tx, part.batch.batch_id, sorted(prepared.segments)):
        states, _ = columns_of(segment)
        for rows in prepared.segments[segment.info.segment_no]:
            if (states[rows["row"].to_numpy().astype(np.intp)] != ItemState.RETURNED).any():
                return False
    return True


class Consents:
    """Sends what is owed to banks that take messages."""

    def __init__(self, context: Context, transports: Callable[[str], MessagePost], blocking: Blocking):
        self._context, self._transports, self._blocking = context, transports, blocking

    async def send(self, work: Work) -> Later | None:
        """Send one; what could not be sent is sent again later, under the same id."""
        message_id, content, headers = await self._blocking(self._written, work)

        def body() -> Iterator[bytes]:
            yield content

        try:
            await self._transports(str(work.subject["bank"])).submit(
                message_id, body, len(content), headers, _Unheard(), _REPLY_BYTES
            )
        except TransportFault as fault:
            return Later(self._context.clock.now_ms() + AGAIN_MS, str(fault))
        await self._blocking(self._done, work)
        return None

    def _written(self, work: Work) -> tuple[str, bytes, dict[str, str]]:
        subject = work.subject
        bank = self._context.bank_today(str(subject["bank"]))
        if not isinstance(bank.dialect, Consenting):
            raise Misconfigured(f"bank {subject['bank']}: its dialect has no answer to returns any more")
        with self._context.store.read() as tx:
            received = inbox.by_id(tx, int(subject["inbox_id"])).received_at_ms
        # Derived from what it answers, so that it is the same message however often it is sent.
        message_id = f"{subject['about']}T{int(subject['inbox_id']):09d}"
        consent = Consent(message_id, str(subject["request"]), instant(received), bool(subject["agreed"]))
        body = bank.dialect.consent(bank.profile, consent)
        content, headers = sealed(self._context, bank, Outer(message_id, "consent", consent.created_at), body)
        return message_id, content, headers

    def _done(self, work: Work) -> None:
        with self._context.store.begin() as tx:
            finish(tx, work)


class _Unheard:
    """Whoever took a consent has nothing more to say about it."""

    def write(self, data: bytes) -> None:
        """Let it go."""
