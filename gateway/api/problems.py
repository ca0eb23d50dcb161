"""What can be wrong with a request (问题说明), as RFC 9457 problem documents in Chinese and English.

A problem names what, where and what to do; it never repeats what was submitted, so that no personal
data can leave in an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

MEDIA_TYPE: Final = "application/problem+json"
MOST_PROBLEMS: Final = 50


class FieldProblem(BaseModel):
    """One of several things that are wrong with a header."""

    model_config = ConfigDict(frozen=True)

    field: str
    code: str
    zh: str
    en: str


class ProblemDocument(BaseModel):
    """RFC 9457 problem details, with a code for programs and both languages for people."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="the kind of problem, a relative reference into the documentation page")
    title: str = Field(description="what is wrong, in English")
    status: int
    code: str = Field(description="稳定代码 · stable code for programs")
    zh: str = Field(description="中文说明")
    en: str = Field(description="explanation in English")
    field: str | None = Field(description="字段 · which part of the request, where one can be named")
    remedy_zh: str = Field(description="处理办法")
    remedy_en: str = Field(description="what to do")
    problems: list[FieldProblem] = Field(description="逐字段问题 · problems field by field, at most 50; may be empty")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem of the catalogue."""

    status: int
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


_RESEND_ZH, _RESEND_EN = "请更正后重新提交。", "correct the request and send it again"

KINDS: Final[dict[str, Kind]] = {
    "NOT_AUTHENTICATED": Kind(
        401,
        "请求未通过身份认证。",
        "the request is not authenticated",
        "请使用已登记的客户端证书，或按 RFC 9421 用已登记的 Ed25519 密钥签名"
        "(含 @method、@target-uri、created、nonce，有正文时含 content-digest)。",
        "use a registered client certificate, or sign with a registered Ed25519 key as RFC 9421 says, covering "
        "@method, @target-uri, created, nonce and, with a body, content-digest",
    ),
    "SIGNATURE_REPLAYED": Kind(
        401,
        "该签名已使用过。",
        "this signature was used before",
        "请以新的 nonce 和时间重新签名后发送；重复提交同一批次是安全的。",
        "sign again with a new nonce and time; submitting the same batch again is safe",
    ),
    "NOT_ALLOWED": Kind(
        403,
        "该客户端无权执行此操作。",
        "this client may not do this",
        "请使用运维人员证书，或联系网关管理员。",
        "use an operator's certificate, or ask the gateway's administrator",
    ),
    "NOT_FOUND": Kind(
        404, "未找到。", "there is no such thing here", "请核对地址与编号。", "check the address and the number"
    ),
    "NO_SUCH_BATCH": Kind(
        404,
        "没有该批次。",
        "there is no such batch",
        "请核对批次号；只能查询本客户端提交的批次。",
        "check the batch number; a client sees only its own batches",
    ),
    "NO_SUCH_ITEM": Kind(
        404,
        "批次中没有该明细。",
        "the batch has no such item",
        "请核对明细编号；校验完成前不能查询明细。",
        "check the item id; items can be asked for once the check is done",
    ),
    "NO_SUCH_KEY": Kind(
        404,
        "没有该密钥。",
        "there is no such key",
        "请核对别名与编号；只能查看授权范围内的密钥。",
        "check alias and id; only keys within your scopes are shown",
    ),
    "NO_SUCH_CHANGE": Kind(
        404,
        "没有该密钥变更。",
        "there is no such key change",
        "请核对变更编号，见 GET /v1/key-changes。",
        "check the number, see GET /v1/key-changes",
    ),
    "METHOD_NOT_ALLOWED": Kind(
        405, "该地址不支持此方法。", "this address does not take this method", "请查阅 /docs。", "see /docs"
    ),
    "BATCH_CONFLICT": Kind(
        409,
        "批次号已被内容不同的批次占用。",
        "this batch number already stands for a batch with another header",
        "内容不同的批次请使用新的批次号；重复提交须与首次完全一致。",
        "use a new batch number for another batch; a repeat must be identical to the first",
    ),
    "CONTENT_CONFLICT": Kind(
        409,
        "该批次已接收内容不同的明细。",
        "this batch already has other items",
        "请核对摘要 content.sha256；内容不同请以新的批次号提交。",
        "compare content.sha256; submit other items under a new batch number",
    ),
    "CHANGE_REFUSED": Kind(
        409,
        "该密钥变更不能执行。",
        "this change of a key cannot be done",
        "请按说明处理后重新提出，或请另一名密钥管理员批准。",
        "do what the explanation says and propose anew, or ask another key custodian",
    ),
    "KEY_REFUSED": Kind(
        422, "密钥不可用。", "the key cannot be used so", "请按说明更正。", "correct what the explanation names"
    ),
    "TOO_LARGE": Kind(
        413,
        "正文超过上限。",
        "the body is larger than allowed",
        "内联提交至多 1000 笔、1 MB；更大的批次请先开立批次，再以 PUT 上传明细。",
        "at most 1000 items and 1 MB inline; open a larger batch first, then PUT its items",
    ),
    "MEDIA_TYPE": Kind(
        415,
        "不支持的内容类型。",
        "this content type is not taken here",
        "JSON 请用 application/json；明细请用 application/x-ndjson 或 text/csv(charset=utf-8 或 gb18030)。",
        "use application/json, or for items application/x-ndjson or text/csv (charset utf-8 or gb18030)",
    ),
    "CONTENT_ENCODING": Kind(
        415,
        "不支持压缩的正文。",
        "compressed bodies are not taken",
        "请不压缩发送。",
        "send the body without Content-Encoding",
    ),
    "BAD_JSON": Kind(400, "正文不是有效的 JSON。", "the body is not valid JSON", _RESEND_ZH, _RESEND_EN),
    "BAD_FIELD": Kind(422, "字段不符合要求。", "a field is not as required", _RESEND_ZH, _RESEND_EN),
    "BAD_DIGEST": Kind(
        400,
        "Content-Digest 与收到的内容不符。",
        "Content-Digest does not match what arrived",
        "传输可能受损，请重新上传；批次仍为 OPEN。",
        "the content may be damaged: upload it again; the batch is still OPEN",
    ),
    "DIGEST_UNREADABLE": Kind(
        400,
        "Content-Digest 格式不正确或缺少 sha-256。",
        "Content-Digest cannot be read or has no sha-256",
        "请按 RFC 9530 提供 sha-256=:base64:。",
        "give sha-256=:base64: as RFC 9530 says",
    ),
    "EMPTY": Kind(400, "没有任何明细。", "there are no items", "请附上明细。", "send the items"),
    "NOT_PAYABLE": Kind(422, "该批次不得发放。", "such a batch may not be paid", _RESEND_ZH, _RESEND_EN),
    "TOO_MANY_READINGS": Kind(
        429,
        "今日明文查看次数已达上限。",
        "as many items as allowed have been read in clear today",
        "明日可继续；确需更多请联系个人信息保护负责人。",
        "go on tomorrow, or ask who is responsible for personal data",
    ),
    "BUSY": Kind(
        503,
        "当前上传过多，请稍后重试。",
        "too many uploads are running",
        "请按 Retry-After 稍后重试；重复提交是安全的。",
        "try again after Retry-After seconds; submitting again is safe",
    ),
    "STORE_UNAVAILABLE": Kind(
        503,
        "存储暂不可用。",
        "the store cannot be reached",
        "请按 Retry-After 稍后重试；重复提交是安全的。",
        "try again after Retry-After seconds; submitting again is safe",
    ),
    "STORE_FULL": Kind(
        507,
        "存储空间不足，未接收任何内容。",
        "the store is full: nothing was taken",
        "请通知网关管理员，然后重新提交。",
        "tell the gateway's administrator, then submit again",
    ),
    "INTERNAL": Kind(
        500,
        "网关内部错误。",
        "the gateway has a fault",
        "请稍后以相同内容重试；持续出现请将编号告知网关管理员。",
        "try again later with identical content; if it persists, give the administrator the number",
    ),
}


_CHALLENGE: Final = {401: {"WWW-Authenticate": 'Signature realm="gateway"'}}  # RFC 9110 11.6.1


class Problem(Exception):
    """A request that ends in a problem document; ``zh`` and ``en`` replace the catalogue's words."""

    def __init__(
        self,
        code: str,
        *,
        field: str | None = None,
        zh: str | None = None,
        en: str | None = None,
        headers: Mapping[str, str] | None = None,
        problems: Iterable[Mapping[str, object]] = (),
    ):
        self.code, self.field, self.zh, self.en = code, field, zh, en
        self.headers = {**_CHALLENGE.get(KINDS[code].status, {}), **(headers or {})}
        self.problems = [FieldProblem.model_validate(dict(one)) for one in islice(problems, MOST_PROBLEMS)]
        super().__init__(f"{code}{f' ({field})' if field else ''}")

    @property
    def status(self) -> int:
        """HTTP status."""
        return KINDS[self.code].status

    def document(self) -> ProblemDocument:
        """The body of the answer."""
        kind = KINDS[self.code]
        return ProblemDocument(
            type=f"/docs#{self.code}",
            title=kind.en,
            status=kind.status,
            code=self.code,
            zh=self.zh or kind.zh,
            en=self.en or kind.en,
            field=self.field,
            remedy_zh=kind.remedy_zh,
            remedy_en=kind.remedy_en,
            problems=self.problems,
        )
