"""Reading batches back (批次查询接口): states, findings, items and results; each client its own."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from gateway.api.operation import Call, Reply, Stream
from gateway.api.problems import Problem
from gateway.api.threads import Threads
from gateway.services.answer_shapes import AlertPage, BatchPage
from gateway.services.answers import Answers
from gateway.store.records import Batch


class PageQuery(BaseModel):
    """Where a list goes on, and how long it may be."""

    model_config = ConfigDict(extra="forbid")

    after: int | None = Field(default=None, ge=1, le=2**62, description="上一页的 next · `next` of the page before")
    limit: int = Field(default=50, ge=1, le=200, description="条数上限 · most entries")


class LimitQuery(BaseModel):
    """How long a list may be."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(default=50, ge=1, le=200, description="条数上限 · most entries")


@dataclass(frozen=True, slots=True)
class BatchReading:
    """The operations that only read."""

    answers: Answers
    threads: Threads

    async def listing(self, call: Call) -> Reply:
        """GET /v1/batches."""
        found = await self.threads.run(self.answers.recent, call.client_id, call.query.limit, call.query.after)
        following = found[-1][0] if len(found) == call.query.limit else None
        return Reply(200, BatchPage(batches=[line for _, line in found], next=following))

    async def status(self, call: Call) -> Reply:
        """GET /v1/batches/{batch_no}."""
        batch = await self._mine(call)
        return Reply(200, await self.threads.run(self.answers.status, batch.batch_id))

    async def rejections(self, call: Call) -> Stream:
        """GET /v1/batches/{batch_no}/rejections."""
        batch = await self._mine(call)
        return Stream(self.answers.rejections(batch.batch_id))

    async def results(self, call: Call) -> Stream:
        """GET /v1/batches/{batch_no}/results."""
        batch = await self._mine(call)
        return Stream(self.answers.results(batch.batch_id))

    async def item(self, call: Call) -> Reply:
        """GET /v1/batches/{batch_no}/items/{item_id}."""
        batch = await self._mine(call)
        found = await self.threads.run(self.answers.item, batch, call.path["item_id"])
        if found is None:
            raise Problem("NO_SUCH_ITEM", field="item_id")
        return Reply(200, found)

    async def alerts(self, call: Call) -> Reply:
        """GET /v1/alerts."""
        found = await self.threads.run(self.answers.alerts, call.query.limit)
        return Reply(200, AlertPage(alerts=found))

    async def _mine(self, call: Call) -> Batch:
        batch = await self.threads.run(self.answers.find, call.client_id, call.path["batch_no"])
        if batch is None:
            raise Problem("NO_SUCH_BATCH", field="batch_no")
        return batch
