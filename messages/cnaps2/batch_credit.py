"""beps.382, batch credit (批量代付业务), written from columns: one message, at most 2000 details.

Source: facts B.5; clauses are those of tests/golden/clearing_cnaps/document.md, part 4. Identity numbers are not part
of this message: the clearing centre needs none, and none leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from messages.batch.columns import AccountKind
from messages.cnaps2.kinds import ROOT, MessageType, namespace
from messages.iso20022.amounts import MAX_FEN, yuan_column, yuan_text
from messages.xml_columns import LONGEST_ESCAPE, Finding, TextRule, element, one_element, unfit, why_not

MOST_ROWS: Final = 2_000
"""Details of one message (4.12)."""

TEXTS: Final[dict[str, TextRule]] = {
    "reference": TextRule(35),  # TxId 4.13
    "account": TextRule(32),  # CdtrAcctId 4.14
    "name": TextRule(60),  # CdtrNm 4.16
    "bank_code": TextRule(14),  # CdtrBkCd 4.17
    "remark": TextRule(135, required=False),  # AddtlInf 4.20
}
HEAD_TEXTS: Final[dict[str, TextRule]] = {
    "message_id": TextRule(35),  # MsgId 4.1
    "voucher_no": TextRule(40, required=False),  # VchrNo 4.6
    "project_code": TextRule(40, required=False),  # PrjCd 4.7
    "policy_name": TextRule(60),  # Purp 4.8
    "debtor_name": TextRule(60),  # DbtrNm 4.9
    "debtor_account": TextRule(32),  # DbtrAcctId 4.10
    "debtor_bank_code": TextRule(14),  # DbtrBkCd 4.11
}
ACCOUNT_TYPES: Final[dict[str, str]] = {  # CdtrAcctTp 4.15
    AccountKind.SOCIAL_SECURITY_CARD.value: "AT01",
    AccountKind.BANK_CARD.value: "AT01",
    AccountKind.PASSBOOK.value: "AT01",
    AccountKind.CORPORATE.value: "AT00",
}
BUSINESS_KIND: Final = "09001"
"""业务种类：其他 (4.18); facts B.4 list none for subsidies."""

_DETAIL: Final = (
    "<Dtl>{}{}<CdtrAcctTp>{}</CdtrAcctTp>{}{}"
    f'<BizKd>{BUSINESS_KIND}</BizKd><Amt Ccy="CNY">{{}}</Amt>{{}}</Dtl>\n'
)


@dataclass(frozen=True, slots=True)
class BatchCreditHead:
    """What the message says above its details."""

    message_id: str
    created_at: datetime  # China time, without a zone
    requested_on: date
    rows: int
    total_fen: int
    voucher_no: str
    project_code: str
    policy_name: str
    debtor_name: str
    debtor_account: str
    debtor_bank_code: str


class BatchCreditUnwritable(Exception):
    """The message cannot carry what it was given; ``findings`` are (item_no, field, why), item -1 is the head."""

    def __init__(self, findings: list[Finding]):
        self.findings = findings
        item_no, field, why = findings[0]
        super().__init__(f"{len(findings)} finding(s), first: item {item_no}, {field} {why}")


def unwritable(block: pl.DataFrame) -> list[Finding]:
    """(row index, field, why) of rows that no message can carry; columns that are not there are not judged."""
    findings = unfit(block, TEXTS, "utf-8")
    for name, why, mask in (
        ("account_kind", "has no account type in this message", ~pl.col("account_kind").is_in(list(ACCOUNT_TYPES))),
        ("amount_fen", f"must be 1 to {MAX_FEN} fen", ~pl.col("amount_fen").is_between(1, MAX_FEN)),
    ):
        if name in block.columns:
            findings += [(row, name, why) for row in block.select(mask.fill_null(True).arg_true()).to_series()]
    return sorted(findings)


def unwritable_head(values: dict[str, str]) -> list[tuple[str, str]]:
    """(field, why) of the head's texts that the message cannot carry."""
    found = [(name, why_not(values[name], rule, "utf-8")) for name, rule in HEAD_TEXTS.items()]
    return [(name, why) for name, why in found if why is not None]


def build(head: BatchCreditHead, blocks: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    """The body's bytes, a chunk a block (``STORED_SCHEMA`` and ``reference``).

    Raises BatchCreditUnwritable, and ValueError where rows or amounts do not add up to the head: then the closing
    tags are never given out, so no whole message exists.
    """
    yield _opening(head)
    rows, total_fen = 0, 0
    for block in blocks:
        if findings := unwritable(block):
            numbers = block["item_no"]
            raise BatchCreditUnwritable([(int(numbers[row]), field, why) for row, field, why in findings])
        rows += block.height
        total_fen += int(block["amount_fen"].sum())
        chunk: bytes = block.select(_detail()).to_series().str.join("").cast(pl.Binary).item()
        yield chunk
    if (rows, total_fen) != (head.rows, head.total_fen):
        raise ValueError(f"{head.message_id}: {rows} rows of {total_fen} fen are not those of the head: rebuild it")
    yield _closing()


def longest_detail() -> int:
    """Octets that one detail takes at most."""
    texts = sum(rule.longest for rule in TEXTS.values()) * LONGEST_ESCAPE
    tags = sum(2 * len(tag) + len("<></>") for tag in ("TxId", "CdtrAcctId", "CdtrNm", "CdtrBkCd", "AddtlInf"))
    return len(_DETAIL) + len("AT00") + tags + texts + len(yuan_text(MAX_FEN))


def frame_bytes() -> int:
    """Octets that everything around the details takes at most."""
    most = sum(rule.longest for rule in HEAD_TEXTS.values()) * LONGEST_ESCAPE
    blank = BatchCreditHead(
        *("M", datetime(2000, 1, 1), date(2000, 1, 1), MOST_ROWS, MAX_FEN),  # noqa: DTZ001 - only its length counts
        *("V", "J", "P", "N", "A", "B"),
    )
    return len(_opening(blank)) + len(_closing()) + most


def _opening(head: BatchCreditHead) -> bytes:
    texts = {name: str(getattr(head, name)) for name in HEAD_TEXTS}
    findings = [(-1, name, why) for name, why in unwritable_head(texts)]
    if not 0 < head.rows <= MOST_ROWS:
        findings.append((-1, "rows", f"must be 1 to {MOST_ROWS}"))
    if not 0 < head.total_fen <= MAX_FEN:
        findings.append((-1, "total_fen", f"must be 1 to {MAX_FEN} fen"))
    if findings:
        raise BatchCreditUnwritable(findings)
    kind = MessageType.BATCH_CREDIT
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="{namespace(kind)}"><{ROOT[kind]}>\n'
        f"<GrpHdr>{one_element('MsgId', head.message_id)}"
        f"<CreDtTm>{head.created_at.isoformat(timespec='seconds')}</CreDtTm></GrpHdr>\n"
        f'<BtchInf><NbOfTxs>{head.rows}</NbOfTxs><TtlAmt Ccy="CNY">{yuan_text(head.total_fen)}</TtlAmt>'
        f"<ReqdDt>{head.requested_on.isoformat()}</ReqdDt>{_optional('VchrNo', head.voucher_no)}"
        f"{_optional('PrjCd', head.project_code)}{one_element('Purp', head.policy_name)}"
        f"{one_element('DbtrNm', head.debtor_name)}{one_element('DbtrAcctId', head.debtor_account)}"
        f"{one_element('DbtrBkCd', head.debtor_bank_code)}</BtchInf>\n"
    ).encode()


def _optional(tag: str, text: str) -> str:
    return one_element(tag, text) if text else ""


def _closing() -> bytes:
    return f"</{ROOT[MessageType.BATCH_CREDIT]}></Document>\n".encode()


def _detail() -> pl.Expr:
    kind = pl.col("account_kind").replace_strict(ACCOUNT_TYPES, return_dtype=pl.String)
    return pl.format(
        _DETAIL,
        element("TxId", "reference"),
        element("CdtrAcctId", "account"),
        kind,
        element("CdtrNm", "name"),
        element("CdtrBkCd", "bank_code"),
        yuan_column("amount_fen"),
        element("AddtlInf", "remark", optional=True),
    )
