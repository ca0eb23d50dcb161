"""Submitting batches (批次提交接口): opened, given their items inline or as a stream, and waited for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from gateway.api import strict_json
from gateway.api.bounds import Bounds
from gateway.api.clients import Client
from gateway.api.content_digest import declared_sha256
from gateway.api.envelope import Envelope
from gateway.api.operation import Call, Reply
from gateway.api.problems import Problem
from gateway.api.submission import Submission
from gateway.api.threads import Threads
from gateway.api.uploading import MemoryUpload, SpooledUpload, Writer
from gateway.api.validation import problem_of
from gateway.api.waiting import UNSETTLED, Watch, wished
from gateway.services.answers import Answers
from gateway.services.intake import DigestDiffers, EmptyContent, HeaderRefused, Intake, NoSuchBatch
from gateway.store.errors import BatchConflict, ContentConflict
from gateway.store.records import Batch, Content

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
        batch, created, content = await self.threads.run(self._submitted, call.client_id, upload.body(), declared)
        if content is None:
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
        batch, attached = await self.threads.run(self._attached, call.client_id, call.path["batch_no"], content)
        wait = wished(call.envelope.header("prefer"), 0, self.bounds.max_wait_seconds)
        batch = await self.watch.settled(batch, wait)
        return await self._reply(batch, 202 if attached and batch.state in UNSETTLED else 200)

    def open_writer(self, client: Client, envelope: Envelope, batch_no: str) -> Writer:
        """Where an upload's bytes go; in a thread."""
        media_type = envelope.header("content-type") or ""
        declared = declared_sha256(envelope.header("content-digest"))
        with refused():
            return _Translating(self.intake.writer(client.client_id, batch_no, media_type, declared))
