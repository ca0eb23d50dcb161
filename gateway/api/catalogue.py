"""All operations of the API (接口目录), in the order in which the documentation shows them."""

from __future__ import annotations

from typing import Final

from gateway.api.batch_intake import BatchIntake
from gateway.api.batch_reading import BatchReading, LimitQuery, PageQuery
from gateway.api.operation import Access, Answer, Body, Operation, Parameter
from gateway.api.submission import Submission
from gateway.services.answer_shapes import AlertPage, BatchPage, BatchStatus, Finding, ItemResult, ItemStatus

ITEM_MEDIA_TYPES: Final = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "text/csv",
    "text/tab-separated-values",
)
PREFER: Final = Parameter(
    "Prefer",
    "wait=N: 至多等待 N 秒(上限 30)直到校验完成",
    "wait=N: wait up to N seconds (at most 30) for the check to finish",
    {"type": "string", "examples": ["wait=10"]},
)
DIGEST: Final = Parameter(
    "Content-Digest",
    "正文 SHA-256 摘要(RFC 9530)，签名请求必填",
    "SHA-256 of the body (RFC 9530); required with a signature",
    {"type": "string", "examples": ["sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"]},
)


def intake_operations(intake: BatchIntake) -> list[Operation]:
    """What takes something in."""
    return [_submit(intake), _upload(intake)]


def _submit(intake: BatchIntake) -> Operation:
    return Operation(
        name="submitBatch",
        method="POST",
        path="/v1/batches",
        zh="提交批次",
        en="Submit a batch",
        detail_zh="只有 header 时开立批次，随后以 PUT 上传明细；带 items 时一并提交(至多 1000 笔、1 MB)，"
        "缺省等待校验 10 秒。以相同内容重复提交得到相同结果；批次号相同而内容不同为冲突。",
        detail_en="With the header alone the batch is opened and its items are PUT afterwards; with items (at most "
        "1000, 1 MB) all is submitted at once, and the check is waited for up to 10 seconds. Submitting the same again "
        "gives the same answer; the same number with other content is a conflict.",
        access=Access.SUBMIT,
        handler=intake.submit,
        headers=(PREFER, DIGEST),
        body=Body(("application/json",), Submission),
        answers=(
            Answer(201, "新批次", "a new batch; with items, its check is finished", BatchStatus),
            Answer(202, "已接收，正在校验", "received, being checked", BatchStatus),
            Answer(200, "重复提交，与首次相同", "submitted before, identical", BatchStatus),
        ),
        problems=(
            *("BAD_JSON", "BAD_FIELD", "BAD_DIGEST", "DIGEST_UNREADABLE", "NOT_PAYABLE", "BATCH_CONFLICT"),
            *("CONTENT_CONFLICT", "TOO_LARGE", "MEDIA_TYPE", "CONTENT_ENCODING", "STORE_FULL"),
        ),
    )


def _upload(intake: BatchIntake) -> Operation:
    return Operation(
        name="uploadItems",
        method="PUT",
        path="/v1/batches/{batch_no}/items",
        zh="上传明细",
        en="Upload the items of a batch",
        detail_zh="明细以 NDJSON(UTF-8)或 CSV/TSV(UTF-8、GB18030)流式上传，边收边加密落盘。中断的上传不留任何内容，"
        "批次仍为 OPEN，可重新上传。同一内容再次上传返回 200，不同内容为冲突。",
        detail_en="Items are streamed as NDJSON (UTF-8) or CSV/TSV (UTF-8 or GB18030) and sealed to disk as they "
        "arrive. An upload that breaks off leaves nothing: the batch stays OPEN and the upload can be repeated. "
        "The same content again answers 200, other content is a conflict.",
        access=Access.SUBMIT,
        handler=intake.upload,
        headers=(PREFER, DIGEST),
        body=Body(ITEM_MEDIA_TYPES, streamed=True),
        answers=(
            Answer(202, "已接收，正在校验", "received, being checked", BatchStatus),
            Answer(200, "校验已完成，或此前已接收相同内容", "checked already, or received before", BatchStatus),
        ),
        problems=(
            *("NO_SUCH_BATCH", "EMPTY", "BAD_DIGEST", "DIGEST_UNREADABLE", "CONTENT_CONFLICT", "TOO_LARGE"),
            *("MEDIA_TYPE", "CONTENT_ENCODING", "BUSY", "STORE_FULL"),
        ),
    )


def reading_operations(reading: BatchReading) -> list[Operation]:
    """What reads batches back."""
    return [
        Operation(
            name="listBatches",
            method="GET",
            path="/v1/batches",
            zh="批次列表",
            en="List batches, newest first",
            handler=reading.listing,
            query=PageQuery,
            answers=(Answer(200, "批次列表", "a page of batches", BatchPage),),
            problems=("BAD_FIELD",),
        ),
        Operation(
            name="getBatch",
            method="GET",
            path="/v1/batches/{batch_no}",
            zh="批次状态",
            en="Where a batch stands",
            detail_zh="笔数与金额(分)按结果分列；批次受理(ACCEPTED)之前各项为零。",
            detail_en="Items and fen by outcome; all zero until the batch is ACCEPTED.",
            handler=reading.status,
            answers=(Answer(200, "批次状态", "the batch", BatchStatus),),
            problems=("NO_SUCH_BATCH", "BAD_FIELD"),
        ),
        *_stream_operations(reading),
        *_single_operations(reading),
    ]


def _single_operations(reading: BatchReading) -> list[Operation]:
    return [
        Operation(
            name="getItem",
            method="GET",
            path="/v1/batches/{batch_no}/items/{item_id}",
            zh="单笔明细",
            en="One item with its history",
            detail_zh="户名与账号已脱敏；history 为银行历次回报。",
            detail_en="Name and account are masked; history is all that banks ever said about it.",
            handler=reading.item,
            answers=(Answer(200, "明细状态", "the item", ItemStatus),),
            problems=("NO_SUCH_BATCH", "NO_SUCH_ITEM", "BAD_FIELD"),
        ),
        Operation(
            name="listAlerts",
            method="GET",
            path="/v1/alerts",
            zh="告警",
            en="Alerts, newest first",
            access=Access.OPERATOR,
            handler=reading.alerts,
            query=LimitQuery,
            answers=(Answer(200, "告警列表", "alerts", AlertPage),),
            problems=("BAD_FIELD",),
        ),
    ]


def _stream_operations(reading: BatchReading) -> list[Operation]:
    ndjson = "application/x-ndjson"
    return [
        Operation(
            name="getRejections",
            method="GET",
            path="/v1/batches/{batch_no}/rejections",
            zh="校验未通过明细",
            en="What the check found",
            detail_zh="每行一条校验结果；同一明细可有多条。",
            detail_en="One finding a line; an item may have several.",
            handler=reading.rejections,
            answers=(Answer(200, "校验结果流", "findings", Finding, ndjson),),
            problems=("NO_SUCH_BATCH", "BAD_FIELD", "BUSY"),
        ),
        Operation(
            name="getResults",
            method="GET",
            path="/v1/batches/{batch_no}/results",
            zh="发放结果",
            en="Results of all accepted items",
            detail_zh="每行一笔已受理明细，含最近一次生效的银行结果。流中断(分块编码未正常结束)即为不完整，请重新获取。",
            detail_en="One accepted item a line with the latest bank result that took effect. A stream that ends "
            "without the last chunk is incomplete: fetch it again.",
            handler=reading.results,
            answers=(Answer(200, "结果流", "results", ItemResult, ndjson),),
            problems=("NO_SUCH_BATCH", "BAD_FIELD", "BUSY"),
        ),
    ]
