"""camt.053.001.08 bank statement (银行对账单) and camt.054.001.08 debit/credit notification (入账通知), to columns.

One row per transaction: an entry that stands for several (batch booking with details) gives a row for each, and
their amounts must make the entry's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from messages.iso20022.finished import Node, finished
from messages.iso20022.schema import CAMT_053, CAMT_054
from messages.iso20022.unreadable import Unreadable

ENTRY_SCHEMA: Final[dict[str, pl.DataType]] = {
    "entry_no": pl.UInt32(),  # from 1, in the order of the message
    "reference": pl.String(),  # EndToEndId; null when none
    "payment_id": pl.String(),  # PmtInfId, else MsgId; null when none
    "amount_fen": pl.Int64(),
    "direction": pl.String(),  # CRDT or DBIT, of the account reported on
    "is_return": pl.Boolean(),  # RtrInf is given, or RvslInd is true
    "status": pl.String(),  # BOOK, PDNG, INFO
    "booked_on": pl.Date(),
    "bank_reference": pl.String(),
    "reason": pl.String(),  # RtrInf/Rsn; null when none
    "text": pl.String(),
}


_STATEMENT: Final = "BkToCstmrStmt/Stmt"
_NOTIFICATION: Final = "BkToCstmrDbtCdtNtfctn/Ntfctn"
_WANTED: Final = (
    f"{_STATEMENT}/Ntry",
    f"{_NOTIFICATION}/Ntry",
    f"{_STATEMENT}/Bal",
    _STATEMENT,
    _NOTIFICATION,
)


@dataclass(frozen=True, slots=True)
class Balance:
    """One balance: OPBD, CLBD ...; below zero where the account is overdrawn."""

    kind: str
    fen: int
    day: date | None


@dataclass(frozen=True, slots=True)
class AccountReport:
    """One Stmt or Ntfctn."""

    message: str  # camt.053.001.08 or camt.054.001.08
    report_id: str
    sequence: str | None  # ElctrncSeqNb: a gap in it is a statement that is missing
    account: str
    balances: tuple[Balance, ...]
    entries: pl.DataFrame  # ENTRY_SCHEMA

    def balance(self, kind: str) -> Balance | None:
        """The balance of that kind (OPBD 期初, CLBD 期末), where the report has it."""
        return next((balance for balance in self.balances if balance.kind == kind), None)


def parse_account_reports(chunks: Iterable[bytes], *, max_bytes: int) -> tuple[AccountReport, ...]:
    """All statements or notifications of one message; raises Unreadable with the line."""
    reports: list[AccountReport] = []
    rows: list[dict[str, Any]] = []
    balances: list[Balance] = []
    number = 0
    for message, node in finished(chunks, messages=(CAMT_053, CAMT_054), wanted=_WANTED, max_bytes=max_bytes):
        if node.name == "Ntry":
            number += 1
            rows += _entry(node, number)
        elif node.name == "Bal":
            balances.append(_balance(node))
        else:
            reports.append(_report(message, node, balances, rows))
            rows, balances, number = [], [], 0
    if not reports:
        raise Unreadable("a message without a statement or notification", field="Stmt")
    return tuple(reports)


def _report(message: str, node: Node, balances: list[Balance], rows: list[dict[str, Any]]) -> AccountReport:
    account = node.text("Acct/Id/Othr/Id", 34) or node.text("Acct/Id/IBAN", 34)
    if account is None:
        raise Unreadable("required, and missing or empty", line=node.line, field="Acct/Id")
    entries = pl.DataFrame(rows, schema=ENTRY_SCHEMA)
    return AccountReport(message, node.required("Id"), node.text("ElctrncSeqNb"), account, tuple(balances), entries)


def _balance(node: Node) -> Balance:
    kind = node.text("Tp/CdOrPrtry/Cd", 4) or node.required("Tp/CdOrPrtry/Prtry")
    sign = -1 if _direction(node, "CdtDbtInd") == "DBIT" else 1
    return Balance(kind, sign * node.fen("Amt"), node.day("Dt"))


def _direction(node: Node, path: str) -> str:
    direction = node.required(path, 4)
    if direction not in {"CRDT", "DBIT"}:
        raise Unreadable("neither CRDT nor DBIT", line=node.line, field=path)
    return direction


def _entry(node: Node, number: int) -> list[dict[str, Any]]:
    shared = {
        "entry_no": number,
        "direction": _direction(node, "CdtDbtInd"),
        "status": node.text("Sts/Cd", 4) or node.required("Sts/Prtry"),
        "booked_on": node.day("BookgDt"),
    }
    fen, reversed_ = node.fen("Amt"), node.text("RvslInd") in {"true", "1"}
    details = node.all("NtryDtls/TxDtls")
    if not details:
        bank_reference = node.text("AcctSvcrRef", 35)
        return [{**shared, "amount_fen": fen, "is_return": reversed_, "bank_reference": bank_reference}]
    rows = [{**shared, **_detail(one, fen if len(details) == 1 else None, reversed_)} for one in details]
    if sum(row["amount_fen"] for row in rows) != fen:
        raise Unreadable("its details do not make its amount", line=node.line, field="Ntry/Amt")
    for row in rows:
        row["bank_reference"] = row["bank_reference"] or node.text("AcctSvcrRef", 35)
    return rows


def _detail(node: Node, entry_fen: int | None, reversed_: bool) -> dict[str, Any]:
    reason = node.text("RtrInf/Rsn/Cd", 4) or node.text("RtrInf/Rsn/Prtry", 35)
    has_amount = entry_fen is None or bool(node.all("Amt"))
    return {
        "reference": node.text("Refs/EndToEndId", 35),
        "payment_id": node.text("Refs/PmtInfId", 35) or node.text("Refs/MsgId", 35),
        "amount_fen": node.fen("Amt") if has_amount else entry_fen,
        "is_return": reversed_ or bool(node.all("RtrInf")),
        "bank_reference": node.text("Refs/AcctSvcrRef", 35),
        "reason": reason,
        "text": node.text("RtrInf/AddtlInf", 105) or node.text("AddtlTxInf"),
    }
