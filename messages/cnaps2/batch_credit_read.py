"""beps.382 read back into rows (批量代付业务解析), for those who play the clearing centre."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl
from lxml import etree

from messages.bounded_xml import Malformed, children_once, leaf_text
from messages.cnaps2.batch_credit import ACCOUNT_TYPES, HEAD_TEXTS, TEXTS
from messages.cnaps2.kinds import MessageType, namespace
from messages.cnaps2.reading import (
    AMOUNT,
    MOST_BYTES,
    check_count,
    check_total,
    identifier,
    known_type,
    opened,
    sections_of,
    text_of,
)
from messages.iso20022.amounts import fen_column
from messages.xml_rows import Cell, Records

READ_SCHEMA: Final[dict[str, pl.DataType]] = {
    "reference": pl.String(),
    "account": pl.String(),
    "account_type": pl.String(),  # AT00 or AT01
    "name": pl.String(),
    "bank_code": pl.String(),
    "amount_fen": pl.Int64(),
    "remark": pl.String(),  # null when none
}
_CLAUSE: Final = "4"
_DETAIL: Final[dict[str, Cell]] = {
    "TxId": Cell("reference", TEXTS["reference"].longest),
    "CdtrAcctId": Cell("account", TEXTS["account"].longest),
    "CdtrAcctTp": Cell("account_type", 4),
    "CdtrNm": Cell("name", TEXTS["name"].longest),
    "CdtrBkCd": Cell("bank_code", TEXTS["bank_code"].longest),
    "BizKd": Cell("business_kind", 5),
    "Amt": Cell("amount", 19, attribute=("Ccy", "CNY")),
    "AddtlInf": Cell("remark", TEXTS["remark"].longest, required=False),
}
_HEAD: Final[dict[str, str]] = {
    "VchrNo": "voucher_no",
    "PrjCd": "project_code",
    "Purp": "policy_name",
    "DbtrNm": "debtor_name",
    "DbtrAcctId": "debtor_account",
    "DbtrBkCd": "debtor_bank_code",
}


@dataclass(frozen=True, slots=True)
class ReadBatchCredit:
    """What the message says; ``head`` has the texts of ``BtchInf`` by our names, empty where not given."""

    message_id: str
    requested_on: date
    head: dict[str, str]
    items: pl.DataFrame  # READ_SCHEMA


def read_batch_credit(body: bytes, *, max_bytes: int = MOST_BYTES) -> ReadBatchCredit:
    """Raises Malformed with line, field and clause; count, amount and unique references are checked."""
    kind = known_type(body, [MessageType.BATCH_CREDIT])
    space = namespace(kind)
    root, records = opened(body, kind, _DETAIL, _CLAUSE, max_bytes)
    sections = sections_of(root, kind, ("GrpHdr", "BtchInf"), _CLAUSE)
    if records.rows.is_empty():
        raise Malformed("has no details", field="Dtl", clause=_CLAUSE)
    head = children_once(sections["GrpHdr"], {"MsgId", "CreDtTm"}, namespace=space, clause=_CLAUSE)
    allowed = {"NbOfTxs", "TtlAmt", "ReqdDt", *_HEAD}
    inf = children_once(sections["BtchInf"], allowed, namespace=space, clause=_CLAUSE)
    items = _items(records)
    texts = _texts(inf)
    check_count(texts["NbOfTxs"], items.height, _CLAUSE)
    check_total(texts["TtlAmt"], int(items["amount_fen"].sum()), _CLAUSE)
    return ReadBatchCredit(
        message_id=identifier(head, "MsgId", _CLAUSE),
        requested_on=_day(texts["ReqdDt"]),
        head={ours: texts.get(name, "") for name, ours in _HEAD.items()},
        items=items,
    )


def _texts(inf: dict[str, etree._Element]) -> dict[str, str]:
    texts: dict[str, str] = {
        name: text_of(inf[name], name, 19) for name in ("NbOfTxs", "TtlAmt", "ReqdDt") if name in inf
    }
    texts |= {
        name: leaf_text(inf[name], longest=HEAD_TEXTS[ours].longest) for name, ours in _HEAD.items() if name in inf
    }
    required = {"NbOfTxs", "TtlAmt", "ReqdDt"} | {name for name, ours in _HEAD.items() if HEAD_TEXTS[ours].required}
    for name in sorted(required):
        if not texts.get(name):
            raise Malformed("is required, and missing or empty", field=name, clause=_CLAUSE)
    return texts


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Malformed("is no day YYYY-MM-DD", field="ReqdDt", clause=_CLAUSE) from None


def _items(records: Records) -> pl.DataFrame:
    no_amount = ~pl.col("amount").str.contains(AMOUNT) | (fen_column("amount") < 1)
    for wrong, what, field in (
        (pl.col("reference").is_duplicated(), "stands in two details", "TxId"),
        (~pl.col("account_type").is_in(list(ACCOUNT_TYPES.values())), "is no account type", "CdtrAcctTp"),
        (no_amount, "is no amount in yuan, or none at all", "Amt"),
    ):
        records.refuse(wrong, what, field)
    return records.rows.with_columns(fen_column("amount").alias("amount_fen")).select(*READ_SCHEMA)
