"""Reading one item in clear over the API (明文查看接口): for privacy officers, with a purpose, written down first."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.api import strict_json
from gateway.api.content_digest import declared_sha256, require_same
from gateway.api.operation import Access, Answer, Body, Call, Operation, Reply
from gateway.api.problems import Problem
from gateway.api.threads import Threads
from gateway.api.uploading import MemoryUpload
from gateway.api.validation import problem_of
from gateway.core.authority import NotAllowed
from gateway.services.answer_shapes import ClearItem
from gateway.services.clear_reading import LONGEST_REFERENCE, ClearReading, NoSuchItem, Purpose, ReadingRefused, Why

_PROBLEM_OF: Final = {"too-many": "TOO_MANY_READINGS"}


class ClearReadingRequest(BaseModel):
    """Why one item is read in clear (查看目的)."""

    model_config = ConfigDict(extra="forbid")

    purpose: Purpose = Field(description="处理目的 · why; a closed list")
    reference_no: str = Field(
        min_length=1,
        max_length=LONGEST_REFERENCE,
        description="公文、工单或信访编号 · number of the paper that asks for it",
    )
    client_id: str = Field(min_length=1, max_length=64, description="批次所属客户端 · the client whose batch it is")


@dataclass(frozen=True, slots=True)
class ClearOperations:
    """The one operation that answers with personal data."""

    reading: ClearReading
    threads: Threads

    def operations(self) -> list[Operation]:
        """What the API serves of it."""
        return [self._operation()]

    def _operation(self) -> Operation:
        return Operation(
            name="readItemInClear",
            method="POST",
            path="/v1/batches/{batch_no}/items/{item_id}/clear-reading",
            zh="明文查看单笔明细",
            en="Read one item in clear",
            detail_zh="仅限个人信息保护负责人角色；须说明目的与依据文号。每次查看先记入审计，再返回内容；每日次数有上限并告警。",
            detail_en="For privacy officers: say why, and by which paper. Each reading is in the audit before the answer "
            "leaves; many in a day raise an alert, very many are refused.",
            access=Access.PERSONAL_CLEAR,
            handler=self.read,
            body=Body(("application/json",), ClearReadingRequest),
            answers=(Answer(200, "明文明细", "the item in clear", ClearItem),),
            problems=(
                *("NOT_ALLOWED", "NO_SUCH_ITEM", "BAD_JSON", "BAD_FIELD", "BAD_DIGEST", "DIGEST_UNREADABLE"),
                *("TOO_LARGE", "MEDIA_TYPE", "CONTENT_ENCODING", "TOO_MANY_READINGS", "STORE_FULL"),
            ),
        )

    async def read(self, call: Call) -> Reply:
        """POST /v1/batches/{batch_no}/items/{item_id}/clear-reading."""
        if not isinstance(call.upload, MemoryUpload):
            raise Problem("BAD_JSON", en="send a JSON document", zh="请发送 JSON 正文。")
        require_same(
            declared_sha256(call.envelope.header("content-digest")), hashlib.sha256(call.upload.body()).hexdigest()
        )
        asked = _asked(call.upload.body())
        why = Why(asked.purpose, asked.reference_no)
        place = call.path["batch_no"], call.path["item_id"]
        try:
            item = await self.threads.run(self.reading.read, call.actor, asked.client_id, *place, why)
        except NotAllowed as refused:
            raise Problem("NOT_ALLOWED", zh=refused.zh, en=refused.en) from None
        except ReadingRefused as refused:
            raise _problem(refused) from None
        except NoSuchItem:
            raise Problem("NO_SUCH_ITEM", field="item_id") from None
        return Reply(200, item)


def _asked(body: bytes) -> ClearReadingRequest:
    try:
        return ClearReadingRequest.model_validate(strict_json.parse(body))
    except ValidationError as error:
        raise problem_of(error) from None


def _problem(refused: ReadingRefused) -> Problem:
    code = _PROBLEM_OF.get(refused.code, "BAD_FIELD")
    return Problem(code, field="reference_no" if code == "BAD_FIELD" else None, zh=refused.zh, en=refused.en)
