"""The codec of bank family ``merchant-json`` (签名 JSON 报文): batch payments and detail queries in, answers out.

Written from the bank's document on purpose, not from the gateway's dialect: the two check each other.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from simulators.answers import Kind, Status
from simulators.bank_contract import MessageInvalid, Order, Question

TAKEN: Final = "SUC0000"
NEVER_SEEN: Final = "NTD0001"
MALFORMED: Final = "ERR9002"
WRONG_TOTALS: Final = "ERR9003"
TOO_MANY: Final = "ERR9005"

_BATCH_PAY: Final = "BB6BTHHL"
_DETAIL_QUERY: Final = "BB6DTLQY"
_MOST_ROWS: Final = 3_000
_STATUS: Final = {Status.PAID: "S", Status.FAILED: "F", Status.PROCESSING: "P", Status.RETURNED: "B"}
_HEAD: Final = {"funcode", "userid", "reqid"}
_BUSINESS: Final = {"YURREF", "BUSCOD", "DBTACC", "DBTNAM", "BBKNBR", "CCYNBR", "TTLCNT", "TTLAMT", "EPTDAT"} | {
    *("PRJCOD", "VCHNBR", "MEMO")
}
_ROW: Final = ("TRXSEQ", "TRXREF", "ACCNBR", "CLTNAM", "TRSAMT", "BNKFLG", "EACBNK", "TRSDSP")
_YUAN: Final = re.compile(r"(0|[1-9][0-9]{0,12})\.([0-9]{2})", re.ASCII)
_YUAN_COLUMN: Final = r"\A(0|[1-9][0-9]{0,12})\.[0-9]{2}\z"


@dataclass(frozen=True, slots=True)
class SignedJsonCodec:
    """``simulators.bank_contract.Codec`` and ``Totalling``, for the customer ``user_code``."""

    user_code: str

    def read(self, content: bytes) -> Order | Question:
        """A payment or a query; raises MessageInvalid."""
        request = _members(_members(_document(content), {"request"})["request"], {"head", "body"})
        head = _members(request["head"], _HEAD)
        if head["userid"] != self.user_code:
            raise MessageInvalid(MALFORMED, "用户编号与外层不符")
        if head["funcode"] == _BATCH_PAY:
            return _order(_members(request["body"], {"BUSINF", "DTLLST"}), head["reqid"])
        if head["funcode"] == _DETAIL_QUERY:
            return _question(_members(request["body"], {"YURREF", "DBTACC", "EPTDAT", "REFLST"}))
        raise MessageInvalid(MALFORMED, "功能代码不存在")

    def acknowledgement(self, message_id: str, day: date, code: str | None, text: str) -> bytes:
        """The answer to a batch payment."""
        head = self._head(_BATCH_PAY, message_id, f"{day:%Y%m%d}A", code or TAKEN, text)
        number = "" if code else f"{day:%Y%m%d}{message_id[-8:]}"
        return _response(head, {"YURREF": message_id, "REQNBR": number})

    def result(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame) -> bytes:
        """The answer to a detail query; returned rows stand among the others."""
        return self._result(order, kind, number, rows, 0)

    def wrong_total(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame) -> bytes:
        """The same with a total that is one fen too much."""
        return self._result(order, kind, number, rows, 1)

    def absent(self, message_id: str, day: date) -> bytes:
        """The answer to a detail query about a payment that never came."""
        head = self._head(_DETAIL_QUERY, message_id, f"{day:%Y%m%d}N", NEVER_SEEN, "查无此业务参考号")
        return _response(head, _details(message_id, "", 0, []))

    def _result(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame, more: int) -> bytes:
        under_way = (rows["status"] == Status.PROCESSING).any()
        head = self._head(_DETAIL_QUERY, order.message_id, f"{order.day:%Y%m%d}{kind}{number:03d}", TAKEN, "")
        total = int(rows["amount_fen"].sum()) + more
        return _response(head, _details(order.message_id, "BNK" if under_way else "FIN", total, _rows(rows)))

    def _head(self, function: str, message_id: str, mark: str, code: str, text: str) -> dict[str, str]:
        answer_id = f"{message_id[:20]}{mark}"
        return {
            "funcode": function,
            "userid": self.user_code,
            "reqid": message_id,
            "rspid": answer_id,
            "resultcode": code,
            "resultmsg": text,
        }


def _response(head: dict[str, str], body: dict[str, Any]) -> bytes:
    document = {"response": {"head": head, "body": body}}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _details(message_id: str, state: str, total_fen: int, rows: list[dict[str, str]]) -> dict[str, Any]:
    total = f"{total_fen // 100}.{total_fen % 100:02d}"
    return {"YURREF": message_id, "REQSTS": state, "TTLCNT": str(len(rows)), "TTLAMT": total, "DTLLST": rows}


def _rows(rows: pl.DataFrame) -> list[dict[str, str]]:
    fen = pl.col("amount_fen")
    return rows.select(
        pl.col("reference").alias("TRXREF"),
        pl.col("account").alias("ACCNBR"),
        pl.format("{}.{}", fen // 100, (fen % 100).cast(pl.String).str.zfill(2)).alias("TRSAMT"),
        pl.col("status").replace_strict(_STATUS, return_dtype=pl.String).alias("STSCOD"),
        pl.col("reason").fill_null("").alias("ERRCOD"),
        pl.col("text").fill_null("").alias("ERRDSP"),
        pl.col("serial").fill_null("").alias("BNKSEQ"),
        pl.col("settled_on").dt.strftime("%Y%m%d").fill_null("").alias("TRXDAT"),
    ).to_dicts()


def _document(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise MessageInvalid(MALFORMED, "报文不是 JSON，或同一对象内成员重名") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _members(value: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != names:
        raise MessageInvalid(MALFORMED, f"成员不是 {'、'.join(sorted(names))}")
    return value


def _order(body: dict[str, Any], request_id: str) -> Order:
    business = _texts(_members(body["BUSINF"], _BUSINESS))
    if business["YURREF"] != request_id or not re.fullmatch(r"[0-9A-Za-z]{1,30}", request_id, re.ASCII):
        raise MessageInvalid(MALFORMED, "业务参考号与请求号不符")
    items = _items(body["DTLLST"])
    if business["TTLCNT"] != str(items.height) or _fen(business["TTLAMT"]) != items["amount_fen"].sum():
        raise MessageInvalid(WRONG_TOTALS, "总笔数或总金额与明细不符")
    return Order(request_id, _day(business["EPTDAT"]), items)


def _question(body: dict[str, Any]) -> Question:
    references = body["REFLST"]
    if not isinstance(references, list) or not all(isinstance(one, str) for one in (body["YURREF"], *references)):
        raise MessageInvalid(MALFORMED, "查询条件不是文本")
    return Question(body["YURREF"], tuple(references))


def _items(rows: Any) -> pl.DataFrame:
    if not isinstance(rows, list) or not rows:
        raise MessageInvalid(MALFORMED, "没有明细")
    if len(rows) > _MOST_ROWS:
        raise MessageInvalid(TOO_MANY, f"明细超过 {_MOST_ROWS} 笔")
    names = set(_ROW)
    frame = pl.DataFrame([_texts(_members(row, names)) for row in rows], schema=dict.fromkeys(_ROW, pl.String))
    sequence = pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(8)
    sound = frame.select(
        (pl.col("TRXSEQ") == sequence).all(),
        pl.col("TRXREF").is_unique().all(),
        pl.col("TRSAMT").str.contains(_YUAN_COLUMN).all(),
        pl.col("BNKFLG").is_in(["Y", "N"]).all(),
    ).row(0)
    if not all(sound):
        raise MessageInvalid(MALFORMED, "明细的序号、参考号、金额或本行标志不合规定")
    return frame.select(
        pl.col("TRXREF").alias("reference"),
        pl.col("ACCNBR").alias("account"),
        pl.col("CLTNAM").alias("name"),
        pl.col("TRSAMT").str.replace(".", "", literal=True).cast(pl.Int64).alias("amount_fen"),
    )


def _texts(values: dict[str, Any]) -> dict[str, str]:
    if not all(isinstance(value, str) for value in values.values()):
        raise MessageInvalid(MALFORMED, "字段值不是文本")
    return values


def _fen(amount: str) -> int | None:
    match = _YUAN.fullmatch(amount)
    return int(match[1]) * 100 + int(match[2]) if match else None


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day, no moment
    except ValueError:
        raise MessageInvalid(MALFORMED, "期望日不是日期") from None
