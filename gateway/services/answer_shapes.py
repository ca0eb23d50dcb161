"""What the gateway tells a client about its batches (应答内容): one definition for code and OpenAPI alike.

Amounts are integer fen, times carry the offset of Beijing, nothing here holds a whole name or account.
"""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """A frozen answer."""

    model_config = ConfigDict(frozen=True)


class Count(Shape):
    """How many items and how much money."""

    items: int = Field(ge=0, description="笔数 · number of items")
    fen: int = Field(ge=0, description="金额(分) · amount in integer fen")


class Counts(Shape):
    """Where the accepted items stand. total = ready + in_flight + unknown + disputed + paid + failed + returned."""

    total: Count = Field(description="受理合计 · all accepted items")
    ready: Count = Field(description="待发送 · checked, not yet delivered to a bank")
    in_flight: Count = Field(description="在途 · delivered to or accepted by a bank, no final outcome yet")
    unknown: Count = Field(description="未知 · only the bank can tell; being asked")
    disputed: Count = Field(description="结果矛盾 · the bank contradicted itself; a person decides")
    paid: Count = Field(description="发放成功 · paid and not returned")
    failed: Count = Field(description="发放失败 · failed")
    returned: Count = Field(description="退汇 · paid, and came back")


class BankCounts(Shape):
    """The same, of one bank (代发金融机构)."""

    bank: str = Field(description="银行标识 · bank profile")
    counts: Counts


class ReceivedContent(Shape):
    """The items as they were received, byte for byte (原始明细)."""

    sha256: str = Field(description="SHA-256 · hexadecimal digest of the exact bytes")
    size: int = Field(ge=0, description="字节数 · size in bytes")
    media_type: str


class BatchProblem(Shape):
    """Why a batch was refused as a whole (整批拒收原因)."""

    code: str
    zh: str
    en: str
    field: str | None = None


class Links(Shape):
    """Where to go from here."""

    self: str
    items: str
    rejections: str
    results: str


class BatchLine(Shape):
    """One batch in a list (批次概要)."""

    batch_no: str = Field(description="批次号 · the client's own number")
    reference: str = Field(description="批次参考号 · the gateway's reference, first part of every item reference")
    state: str = Field(description="OPEN | RECEIVED | REFUSED | ACCEPTED | COMPLETED")
    urgent: bool = Field(description="急事急办 · goes before others")
    opened_at: datetime
    received_at: datetime | None


class NextSending(Shape):
    """When a bank takes what is ready for it now (下一报送时间)."""

    bank: str
    opens_at: datetime = Field(description="最早发送时间 · now, where the bank takes instructions at this moment")
    cut_off_at: datetime = Field(description="截止时间 · what is not sent by then waits for the next opening")
    provisional: bool = Field(
        description="该年工作日历尚未发布，为暂估 · the year's working days are not published yet"
    )


class BatchStatus(BatchLine):
    """Where a batch stands (批次状态)."""

    decided_at: datetime | None = Field(description="受理或拒收时间 · when it was accepted or refused")
    completed_at: datetime | None = Field(description="办结时间 · when every item had a final outcome")
    content: ReceivedContent | None
    declared: Count | None = Field(description="申报合计 · what the header declares, where it declares it")
    rejected: Count = Field(description="校验未通过 · rejected one by one; see rejections")
    counts: Counts
    by_bank: list[BankCounts]
    next_sending: list[NextSending] = Field(
        default=[], description="未发出部分的报送时间 · for each bank with hours that still has something to be sent"
    )
    problems: list[BatchProblem]
    conserved: bool = Field(description="资金守恒 · every declared fen is in exactly one place")
    links: Links


class BatchPage(Shape):
    """Batches, newest first."""

    batches: list[BatchLine]
    next: int | None = Field(description="下一页的 after 参数 · `after` of the next page, null at the end")


class Finding(Shape):
    """One finding about one submitted item (校验结果), a line of the rejections stream."""

    line_no: int = Field(ge=1, description="行号 · 1-based line of the submitted content")
    item_id: str | None = Field(description="明细编号; null where the line could not be read")
    field: str
    code: str
    severity: str = Field(description="REJECT | WARN; a warning never holds the item")
    zh: str
    en: str


class ItemResult(Shape):
    """The latest word on one item, a line of the results stream."""

    item_id: str
    line_no: int
    reference: str = Field(description="明细参考号 · the reference the bank was given (EndToEndId)")
    bank: str
    state: str = Field(description="READY … DISPUTED; see item life-cycle")
    amount_fen: int
    outcome: str | None
    reason: str | None
    remedy: str | None
    status_raw: str | None = Field(description="银行原始状态码")
    reason_raw: str | None = Field(description="银行原始原因码")
    text: str | None = Field(description="银行原文")
    bank_reference: str | None = Field(description="银行流水号")
    settled_on: date | None = Field(description="入账日期")


class Said(Shape):
    """One thing that a bank said about an item (银行结果历史)."""

    outcome: str | None
    reason: str | None
    remedy: str | None
    disposition: str = Field(description="APPLIED | REPEATED | CONTRADICTED | AMOUNT_MISMATCH | ACCOUNT_MISMATCH")
    status_raw: str | None
    reason_raw: str | None
    text: str | None
    bank_reference: str | None
    settled_on: date | None


class ItemStatus(Shape):
    """Where one item stands (明细状态), personal data masked."""

    item_id: str
    line_no: int
    state: str = Field(description="READY … DISPUTED, or REJECTED")
    reference: str | None
    bank: str | None
    amount_fen: int | None
    name: str | None = Field(description="户名(脱敏) · first character, stars; of an organisation a quarter")
    account: str | None = Field(description="账号末四位 · last four, of more than eight")
    history: list[Said] = Field(description="oldest first")
    findings: list[Finding]
    erased: bool = Field(
        default=False, description="个人信息已删除 · the personal data were erased; state and amount stay"
    )


class ClearItem(Shape):
    """One item with its personal data in clear (明文明细); every reading of it is in the audit."""

    item_id: str
    reference: str = Field(description="明细参考号 · stands in the audit as what was read")
    bank: str
    payee_kind: str | None
    name: str | None = Field(description="户名; null where personal data have been erased, as are the others")
    id_type: str | None = Field(description="证件类型")
    id_number: str | None = Field(description="证件号码")
    account: str | None = Field(description="账号")
    mobile: str | None = Field(description="手机号")
    address: str | None = Field(description="地址")

    def __repr__(self) -> str:
        """Without what it holds: a value in clear is in no log, also not by mistake."""
        return f"ClearItem({self.reference})"

    __str__ = __repr__


class AlertLine(Shape):
    """Something a person must know (告警)."""

    alert_id: int
    kind: str
    key: str
    zh: str
    en: str
    raised_at: datetime
    count: int = Field(ge=1, description="次数 · how often it was raised")


class AlertPage(Shape):
    """Alerts, newest first."""

    alerts: list[AlertLine]


class Health(Shape):
    """Whether this node can serve."""

    status: str = Field(description="ok")
