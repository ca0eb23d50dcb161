"""What stands in each message but the batch credit itself (报文要素表), as data: one form a message type.

They all have one shape: ``GrpHdr``, ``OrgnlGrpHdr``, an ``Inf`` of a few fields, and details where the form has some.
Clauses are those of tests/golden/clearing_cnaps/document.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from messages.cnaps2.kinds import MessageType
from messages.xml_rows import Cell

DETAIL_SCHEMA: Final[dict[str, pl.DataType]] = {
    "reference": pl.String(),  # TxId, of the batch credit's detail
    "account": pl.String(),  # CdtrAcctId
    "amount_fen": pl.Int64(),  # Amt
    "status_raw": pl.String(),  # PrcSts, 处理状态 PR00 to PR32
    "reason_raw": pl.String(),  # RjctCd, 业务拒绝码 RJ01 to RJ99; null when none
    "text_raw": pl.String(),  # RjctInf; null when none
    "bank_reference": pl.String(),  # TxRef, the centre's own serial; null when none
    "settled_on": pl.Date(),  # SttlmDt; null when not given
}
"""One row a detail of a result, an inquiry's answer or a return request."""


DETAIL: Final[dict[str, Cell]] = {
    "TxId": Cell("reference", 35),
    "CdtrAcctId": Cell("account", 32),
    "Amt": Cell("amount", 19, attribute=("Ccy", "CNY")),
    "PrcSts": Cell("status_raw", 4),
    "RjctCd": Cell("reason_raw", 4, required=False),
    "RjctInf": Cell("text_raw", 105, required=False),
    "TxRef": Cell("bank_reference", 35, required=False),
    "SttlmDt": Cell("settled_on", 10, required=False),
}
ASKED: Final[dict[str, Cell]] = {"TxId": DETAIL["TxId"]}

INFORMATION: Final[dict[str, int]] = {
    "QryRslt": 4,  # 查询结果: QR00 found, QR01 no such message
    "PrcSts": 4,
    "RjctCd": 4,
    "RjctInf": 105,
    "NbOfTxs": 8,
    "TtlAmt": 19,
}
"""Elements of ``Inf`` in their order, and their longest texts."""


@dataclass(frozen=True, slots=True)
class Form:
    """One message type."""

    clause: str
    required: frozenset[str]  # of INFORMATION
    optional: frozenset[str] = frozenset()
    details: Literal["none", "states", "asked"] = "none"

    @property
    def elements(self) -> Mapping[str, Cell]:
        """What a detail has."""
        return {"none": {}, "states": DETAIL, "asked": ASKED}[self.details]


_WHY: Final = frozenset({"RjctCd", "RjctInf"})
_SUMS: Final = frozenset({"NbOfTxs", "TtlAmt"})

FORMS: Final[dict[MessageType, Form]] = {
    MessageType.CONFIRMATION: Form("5", frozenset({"PrcSts"}), _WHY),
    MessageType.DISCARD: Form("6", frozenset({"PrcSts"}), _WHY),
    MessageType.BATCH_CREDIT_RESULT: Form("7", _SUMS | {"PrcSts"}, _WHY, "states"),
    MessageType.INQUIRY: Form("8", frozenset({"NbOfTxs"}), details="asked"),
    MessageType.INQUIRY_ANSWER: Form("9", _SUMS | {"QryRslt"}, _WHY | {"PrcSts"}, "states"),
    MessageType.RETURN_REQUEST: Form("10", _SUMS, details="states"),
    MessageType.RETURN_ANSWER: Form("11", frozenset({"PrcSts"}), _WHY),
}
