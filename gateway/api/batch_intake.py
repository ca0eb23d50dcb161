"""Submitting batches (批次提交接口): opened, given their items inline or as a stream, and waited for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from gateway.api import strict_json
from gateway.api.bounds import Bounds
from gateway.api.clients import Client
from gateway.api.content_digest import declared_sha256, require_same
from gateway.api.envelope import Envelope
from gateway.api.operation import Call, Reply
from gateway.api.problems import Problem
from gateway.api.submission import read_submission
from gateway.api.threads import Threads
from gateway.api.uploading import MemoryUpload, SpooledUpload, Writer
from gateway.api.waiting import UNSETTLED, Watch, wished
from gateway.core.authority import Actor
from gateway.services.answers import Answers
from gateway.services.intake import Intake
from gateway.store.records import Batch, BatchState
from messages.batch.content_type import parse_content_type

NDJSON = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class BatchIntake:
    """The two operations that take something in."""

    intake: Intake
    answers: Answers
    watch: Watch
    threads: Threads
    bounds: Bounds

    async def submit(self, call: Call) -> Reply:
        """POST /v1/batches."""
        upload = call.upload
        if not isinstance(upload, MemoryUpload):
            raise Problem("BAD_JSON", en="send a JSON document", zh="请发送 JSON 正文。")
        declared = declared_sha256(call.envelope.header("content-digest"))
        batch, created = await self.threads.run(self._submitted, call.actor, upload.body(), declared)
        if batch.state is BatchState.OPEN:
            return await self._reply(batch, 201 if created else 200)
        wait = wished(call.envelope.header("prefer"), self.bounds.inline_wait_seconds, self.bounds.max_wait_seconds)
        settled = await self.watch.settled(batch, wait)
        if settled.state in UNSETTLED:
            return await self._reply(settled, 202)
        return await self._reply(settled, 201 if created else 200)

    async def upload(self, call: Call) -> Reply:
        """PUT /v1/batches/{batch_no}/items."""
        upload = call.upload
        if not isinstance(upload, SpooledUpload):
            raise Problem("EMPTY")
        content = await upload.finish()
        who, batch_no = call.actor, call.path["batch_no"]
        batch, attached = await self.threads.run(self.intake.attach, who.name, batch_no, content, who.origin)
        wait = wished(call.envelope.header("prefer"), 0, self.bounds.max_wait_seconds)
        batch = await self.watch.settled(batch, wait)
        return await self._reply(batch, 202 if attached and batch.state in UNSETTLED else 200)

    def open_writer(self, client: Client, envelope: Envelope, batch_no: str) -> Writer:
        """Where an upload's bytes go; in a thread."""
        media_type = envelope.header("content-type") or ""
        parse_content_type(media_type)
        declared = declared_sha256(envelope.header("content-digest"))
        return self.intake.writer(client.client_id, batch_no, media_type, declared)

    def _submitted(self, who: Actor, body: bytes, declared: str | None) -> tuple[Batch, bool]:
        """In a thread: open the batch, and give it its items where they came along."""
        require_same(declared, hashlib.sha256(body).hexdigest())
        header, items = read_submission(body, self.bounds.max_inline_items)
        batch, created = self.intake.open_batch(who.name, header, who.origin)
        if items is None:
            return batch, created
        lines = strict_json.lines(items)
        writer = self.intake.writer(who.name, batch.batch_no, NDJSON, None)
        try:
            writer.write(lines)
            content = writer.commit()
        finally:
            writer.abandon()
        return self.intake.attach(who.name, batch.batch_no, content, who.origin)[0], created

    async def _reply(self, batch: Batch, status: int) -> Reply:
        shown = await self.threads.run(self.answers.status, batch.batch_id)
        return Reply(status, shown, headers={"Location": shown.links.self})
