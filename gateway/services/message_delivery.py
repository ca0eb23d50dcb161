"""Work ``send-message``: instructions over HTTPS, TCP or a queue; a reply becomes an inbox message like any other.

Runs on the reactor; everything that touches store or disk at length goes through ``blocking``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from gateway.services import arrivals, sending
from gateway.services.context import Context
from gateway.services.jobs import Later
from gateway.services.sending import Permit
from gateway.store.records import Instruction, Work
from gateway.store.vault import VaultWriter
from gateway.transports.contract import MessagePost, Reply, TransportFault

Blocking = Callable[..., Awaitable[Any]]
TAKEN = range(200, 300)


class MessageDelivery:
    """Sends to banks that take messages."""

    def __init__(self, context: Context, transports: Callable[[str], MessagePost], blocking: Blocking):
        self._context, self._transports, self._blocking = context, transports, blocking

    async def send(self, work: Work) -> Later | None:
        """Post one instruction."""
        opens = await self._blocking(sending.closed_until_ms, self._context, work)
        if opens is not None:
            return Later(opens)
        instruction, permit = await self._blocking(sending.permit, self._context, int(work.subject["instruction_id"]))
        if permit is Permit.ASK:
            await self._blocking(
                sending.doubted, self._context, work, instruction, "an earlier attempt was interrupted"
            )
            return None
        if permit is Permit.NOTHING:
            await self._blocking(sending.known, self._context, work, instruction)
            return None
        writer = self._context.vault.create("application/octet-stream")
        try:
            reply = await self._post(instruction, writer)
        except TransportFault as fault:
            writer.abandon()
            await self._blocking(sending.failed, self._context, work, instruction, fault)
            return None
        return await self._blocking(self._answered, work, instruction, reply, writer)  # type: ignore[no-any-return]

    async def _post(self, instruction: Instruction, writer: VaultWriter) -> Reply:
        profile, content = self._context.bank_of(instruction).profile, instruction.content
        assert content is not None  # noqa: S101 - BUILT
        headers = {"X-Message-Id": instruction.message_id}
        if instruction.signature is not None:
            headers[profile.security.signature_header] = instruction.signature.decode("ascii")
        return await self._transports(instruction.bank).submit(
            instruction.message_id,
            lambda: self._context.vault.open(content),
            content.size,
            headers,
            writer,
            profile.limits.result_bytes,
        )

    def _answered(self, work: Work, instruction: Instruction, reply: Reply, writer: VaultWriter) -> Later | None:
        if reply.status not in TAKEN:
            writer.abandon()
            sending.doubted(self._context, work, instruction, f"the bank answered HTTP {reply.status}")
            return None
        if reply.body_bytes:
            name = f"{instruction.message_id}/reply"
            header = self._context.bank_of(instruction).profile.security.signature_header
            arrivals.keep(self._context, instruction.bank, name, writer.commit(), reply.headers.get(header.lower()))
        else:  # a queue took it: what the bank says comes by another queue
            writer.abandon()
        sending.delivered(self._context, work, instruction)
        return None
