"""Works ``send-message`` and ``inquire``: instructions over HTTPS, and asking what became of them.

Runs on the reactor; everything that touches store or disk at length goes through ``blocking``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from gateway.services import sending
from gateway.services.context import Context
from gateway.services.jobs import Later, finish
from gateway.services.overdue import overdue
from gateway.services.sending import Permit
from gateway.store import inbox, instructions
from gateway.store import work as work_store
from gateway.store.inbox import Received
from gateway.store.records import Content, Instruction, InstructionState, Work
from gateway.store.vault import VaultWriter
from gateway.transports.contract import MessageTransport, Reply, TransportFault

T = TypeVar("T")
Blocking = Callable[..., Awaitable[Any]]
TAKEN = range(200, 300)
UNANSWERED = {InstructionState.UNKNOWN, InstructionState.SENT, InstructionState.ACKNOWLEDGED}


class MessageDelivery:
    """Sends to and asks banks over HTTPS."""

    def __init__(self, context: Context, transports: Callable[[str], MessageTransport], blocking: Blocking):
        self._context, self._transports, self._blocking = context, transports, blocking
        self._tags: dict[str, str] = {}

    async def send(self, work: Work) -> Later | None:
        """Post one instruction; its reply becomes an inbox message like any other."""
        instruction, permit = await self._blocking(sending.permit, self._context, int(work.subject["instruction_id"]))
        if permit is Permit.ASK:
            await self._blocking(
                sending.doubted, self._context, work, instruction, "an earlier attempt was interrupted"
            )
            return None
        if permit is Permit.NOTHING:
            await self._blocking(sending.known, self._context, work, instruction)
            return None
        writer = self._context.vault.create("application/xml")
        try:
            reply = await self._post(instruction, writer)
        except TransportFault as fault:
            writer.abandon()
            await self._blocking(sending.failed, self._context, work, instruction, fault)
            return None
        return await self._blocking(self._answered, work, instruction, reply, writer)  # type: ignore[no-any-return]

    async def _post(self, instruction: Instruction, writer: VaultWriter) -> Reply:
        profile, content = self._context.bank(instruction.bank).profile, instruction.content
        assert content is not None and instruction.signature is not None  # noqa: S101 - BUILT
        headers = {
            "Content-Type": "application/xml",
            "X-Message-Id": instruction.message_id,
            profile.security.signature_header: instruction.signature.decode("ascii"),
        }
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
        self._keep(instruction, reply, writer.commit(), f"{instruction.message_id}/reply")
        sending.delivered(self._context, work, instruction)
        return None

    def _keep(self, instruction: Instruction, reply: Reply, content: Content, name: str) -> None:
        """The exact bytes into the inbox, and their reading to work; the same bytes again change nothing."""
        header = self._context.bank(instruction.bank).profile.security.signature_header.lower()
        signature = reply.headers.get(header)
        now = self._context.clock.now_ms()
        with self._context.store.begin() as tx:
            signed = signature.encode("ascii", "replace") if signature is not None else None
            message, received = inbox.receive(tx, instruction.bank, name, content, signed, now)
            if received is Received.NEW:
                subject = {"inbox_id": message.inbox_id, "bank": instruction.bank}
                work_store.put(tx, "apply", str(message.inbox_id), subject, due_at_ms=now)

    async def inquire(self, work: Work) -> Later | None:
        """Ask what became of one instruction; repeats until it is complete and the time for returns is over."""
        instruction = await self._blocking(self._load, int(work.subject["instruction_id"]))
        if instruction.state is InstructionState.BUILT:
            return self._again(instruction)
        if self._over(instruction):
            await self._blocking(self._drop, work)
            return None
        await self._blocking(overdue, self._context, instruction)  # also when the bank cannot be asked
        writer = self._context.vault.create("application/xml")
        limit = self._context.bank(instruction.bank).profile.limits.result_bytes
        tag = self._tags.get(instruction.message_id)
        try:
            reply = await self._transports(instruction.bank).inquire(instruction.message_id, writer, limit, tag)
        except TransportFault as fault:
            writer.abandon()
            return Later(self._again(instruction).due_at_ms, str(fault))
        await self._blocking(self._told, instruction, reply, writer)
        return self._again(instruction)

    def _told(self, instruction: Instruction, reply: Reply, writer: VaultWriter) -> None:
        if reply.status == 200:
            content = writer.commit()
            self._keep(instruction, reply, content, f"{instruction.message_id}/status/{content.sha256[:16]}")
            if "etag" in reply.headers:
                self._tags[instruction.message_id] = reply.headers["etag"]
        elif reply.status == 404 and instruction.state in UNANSWERED:
            # Each sending may be answered "never seen" once more, with the same bytes.
            self._keep(
                instruction, reply, writer.commit(), f"{instruction.message_id}/absent/{instruction.sending_at_ms}"
            )
        else:
            writer.abandon()

    def _again(self, instruction: Instruction) -> Later:
        inquiry = self._context.bank(instruction.bank).profile.inquiry
        done = instruction.state in {InstructionState.COMPLETED, InstructionState.REFUSED}
        seconds = inquiry.return_watch_every_seconds if done else inquiry.every_seconds
        return Later(self._context.clock.now_ms() + int(seconds * 1000))

    def _over(self, instruction: Instruction) -> bool:
        if instruction.state is InstructionState.REFUSED:
            return True
        inquiry = self._context.bank(instruction.bank).profile.inquiry
        sent = instruction.sent_at_ms or instruction.sending_at_ms or 0
        ends = sent + int(inquiry.return_watch_seconds * 1000)
        return instruction.state is InstructionState.COMPLETED and self._context.clock.now_ms() > ends

    def _load(self, instruction_id: int) -> Instruction:
        with self._context.store.read() as tx:
            return instructions.by_id(tx, instruction_id)

    def _drop(self, work: Work) -> None:
        with self._context.store.begin() as tx:
            finish(tx, work)
