"""Work ``inquire`` (查询): asking a bank what became of one instruction, in the way its profile says.

By path: the bank shows a resource. By message: a question of the bank's own format is posted. By nothing:
the bank pushes, and only the overdue alert watches. Runs on the reactor.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from adapters.contract import Question
from gateway.services import arrivals, questions
from gateway.services.context import Context
from gateway.services.jobs import Later, finish
from gateway.services.overdue import DONE, overdue
from gateway.store import inbox, instructions
from gateway.store.records import Instruction, InstructionState, Work
from gateway.store.vault import VaultWriter
from gateway.transports.contract import MessagePost, MessageTransport, Misconfigured, Reply, TransportFault

Blocking = Callable[..., Awaitable[Any]]
UNANSWERED = {InstructionState.UNKNOWN, InstructionState.SENT, InstructionState.ACKNOWLEDGED}


class Inquiries:
    """Asks banks that exchange messages."""

    def __init__(
        self, context: Context, transports: Callable[[str], MessageTransport | MessagePost], blocking: Blocking
    ):
        self._context, self._transports, self._blocking = context, transports, blocking
        self._tags: dict[str, tuple[str, str]] = {}  # by message id: the tag, and what was kept under it

    async def inquire(self, work: Work) -> Later | None:
        """Ask once; repeats until it is complete and the time for returns is over."""
        instruction = await self._blocking(self._load, int(work.subject["instruction_id"]))
        if instruction.state is InstructionState.BUILT:
            return self._again(instruction)
        if self._over(instruction):
            await self._blocking(self._drop, work)
            self._tags.pop(instruction.message_id, None)
            return None
        await self._blocking(overdue, self._context, instruction)  # also when the bank cannot be asked
        by = self._context.bank_of(instruction).profile.asked_by
        try:
            if by == "path":
                await self._by_path(instruction)
            elif by == "message":
                await self._by_message(instruction)
        except TransportFault as fault:
            return Later(self._again(instruction).due_at_ms, str(fault))
        return self._again(instruction)

    async def _by_path(self, instruction: Instruction) -> None:
        transport = self._transports(instruction.bank)
        if not isinstance(transport, MessageTransport):
            raise Misconfigured(f"bank {instruction.bank} cannot be asked by path: correct inquiry.by of its profile")
        writer = self._writer()
        limit = self._context.bank_of(instruction).profile.limits.result_bytes
        try:
            tag = await self._blocking(self._known_tag, instruction)
            reply = await transport.inquire(instruction.message_id, writer, limit, tag)
        except TransportFault:
            writer.abandon()
            raise
        await self._blocking(self._shown, instruction, reply, writer)

    def _known_tag(self, instruction: Instruction) -> str | None:
        """The tag of what was last shown; none where that could not be read, so that it is shown again once repaired."""
        tag, name = self._tags.get(instruction.message_id, (None, ""))
        if tag is None:
            return None
        with self._context.store.read() as tx:
            return tag if inbox.is_sound(tx, instruction.bank, name) else None

    def _shown(self, instruction: Instruction, reply: Reply, writer: VaultWriter) -> None:
        if reply.status == 200:
            name = self._keep(instruction, reply, writer, "status", with_digest=True)
            if "etag" in reply.headers:
                self._tags[instruction.message_id] = (reply.headers["etag"], name)
        elif reply.status == 404 and instruction.state in UNANSWERED:
            # Each sending may be answered "never seen" once more, with the same bytes.
            self._keep(instruction, reply, writer, f"absent/{instruction.sending_at_ms}", with_digest=False)
        else:
            writer.abandon()

    async def _by_message(self, instruction: Instruction) -> None:
        asked: list[Question] = await self._blocking(questions.about, self._context, instruction)
        for question in asked:
            content, headers = await self._blocking(questions.written, self._context, instruction, question)
            writer = self._writer()
            limit = self._context.bank_of(instruction).profile.limits.result_bytes

            def body(content: bytes = content) -> Iterator[bytes]:
                yield content

            try:
                reply = await self._transports(instruction.bank).submit(
                    question.inquiry_id, body, len(content), headers, writer, limit
                )
            except TransportFault:
                writer.abandon()
                raise
            await self._blocking(self._told, instruction, reply, writer)

    def _told(self, instruction: Instruction, reply: Reply, writer: VaultWriter) -> None:
        if reply.status == 200 and reply.body_bytes:
            # The same words may be true again of a later sending, so the sending is part of the name.
            self._keep(instruction, reply, writer, f"answer/{instruction.sending_at_ms}", with_digest=True)
        else:  # a queue took the question, or the bank could not answer now
            writer.abandon()

    def _keep(
        self, instruction: Instruction, reply: Reply, writer: VaultWriter, name: str, *, with_digest: bool
    ) -> str:
        content = writer.commit()
        header = self._context.bank_of(instruction).profile.security.signature_header.lower()
        digest = f"/{content.sha256[:16]}" if with_digest else ""
        full = f"{instruction.message_id}/{name}{digest}"
        arrivals.keep(self._context, instruction.bank, full, content, reply.headers.get(header))
        return full

    def _writer(self) -> VaultWriter:
        return self._context.vault.create("application/octet-stream")

    def _again(self, instruction: Instruction) -> Later:
        inquiry = self._context.bank_of(instruction).profile.inquiry
        seconds = inquiry.return_watch_every_seconds if instruction.state in DONE else inquiry.every_seconds
        return Later(self._context.clock.now_ms() + int(seconds * 1000))

    def _over(self, instruction: Instruction) -> bool:
        if instruction.state is InstructionState.REFUSED:
            return True
        inquiry = self._context.bank_of(instruction).profile.inquiry
        sent = instruction.sent_at_ms or instruction.sending_at_ms or 0
        ends = sent + int(inquiry.return_watch_seconds * 1000)
        return instruction.state is InstructionState.COMPLETED and self._context.clock.now_ms() > ends

    def _load(self, instruction_id: int) -> Instruction:
        with self._context.store.read() as tx:
            return instructions.by_id(tx, instruction_id)

    def _drop(self, work: Work) -> None:
        with self._context.store.begin() as tx:
            finish(tx, work)
