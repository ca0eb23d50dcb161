"""Answers in signed JSON (签名 JSON 应答): to a batch payment, a word about the whole; to a detail query, rows.

    {"response":{"head":{..},"body":{..}}}

Read strictly: exactly the members of the document, each once, every value text of its form; anything else is refused
with its path. Rows are read as columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, Final, NamedTuple

import orjson
import polars as pl

from adapters.contract import RESULT_SCHEMA, MessageRefused, ParsedResult, ResultKind
from messages.iso20022.amounts import fen_column, fen_of
from messages.outcome import Outcome

BATCH_PAY: Final = "BB6BTHHL"  # 代发经办
DETAIL_QUERY: Final = "BB6DTLQY"  # 明细查询
MOST_ROWS: Final = 3_000
TAKEN: Final = "SUC0000"
NEVER_SEEN: Final = "NTD0001"


class Member(NamedTuple):
    """One member of an object: the pattern of its text, what that means, its clause."""

    pattern: str
    form: str
    clause: str


def _text(most: int, clause: str) -> Member:
    return Member(rf"\A\P{{Cc}}{{0,{most}}}\z", f"text of at most {most} characters, no control characters", clause)


def _code(least: int, most: int, clause: str) -> Member:
    return Member(rf"\A[0-9A-Za-z]{{{least},{most}}}\z", f"{least} to {most} letters or digits", clause)


_AMOUNT: Final = r"\A(?:0|[1-9][0-9]{0,12})\.[0-9]{2}\z"
_HEAD: Final = {
    "funcode": _code(8, 8, "2.2.1"),
    "userid": _code(10, 10, "2.2.2"),
    "reqid": _code(1, 30, "2.2.3"),
    "rspid": _code(1, 40, "2.2.4"),
    "resultcode": _code(7, 7, "2.2.5"),
    "resultmsg": _text(200, "2.2.6"),
}
_BATCH: Final = {"YURREF": _code(1, 30, "3.3.1"), "REQNBR": _code(0, 20, "3.3.2")}
_DETAIL: Final = {
    "YURREF": _code(1, 30, "4.2.1"),
    "REQSTS": _code(0, 3, "4.2.2"),
    "TTLCNT": Member(r"\A(?:0|[1-9][0-9]{0,3})\z", "a number of at most 4 digits", "4.2.3"),
    "TTLAMT": Member(_AMOUNT, "an amount in yuan with two decimals", "4.2.4"),
}
_ROW: Final = {
    "TRXREF": _code(1, 30, "4.3.1"),
    "ACCNBR": Member(r"\A[!-~]{1,35}\z", "1 to 35 printable characters without blanks", "4.3.2"),
    "TRSAMT": Member(_AMOUNT, "an amount in yuan with two decimals", "4.3.3"),
    "STSCOD": _code(1, 3, "4.3.4"),
    "ERRCOD": _code(0, 20, "4.3.5"),
    "ERRDSP": _text(200, "4.3.6"),
    "BNKSEQ": _code(0, 40, "4.3.7"),
    "TRXDAT": Member(r"\A(?:[0-9]{8})?\z", "a date YYYYMMDD, or empty", "4.3.8"),
}
_MEMBER_NAME: Final = re.compile(r"[A-Za-z_]{1,20}")
_PICK: Final = itemgetter(*_ROW)


def answer(octets: bytes, user: str) -> ParsedResult:
    """What the bank says to ``user``; raises MessageRefused."""
    document = _document(octets)
    response = _object(_object(document, "(document)", ("response",))["response"], "response", ("head", "body"))
    head = _members(response["head"], "response.head", _HEAD)
    if head["userid"] != user:
        raise MessageRefused("is not our user code at this bank", field_name="response.head.userid", clause="2.2.2")
    if head["funcode"] == BATCH_PAY:
        parsed = _acknowledged(head, response["body"])
    elif head["funcode"] == DETAIL_QUERY:
        parsed = _detailed(head, response["body"])
    else:
        raise MessageRefused("is no function code of ours", field_name="response.head.funcode", clause="2.2.1")
    if parsed.original_message_id != head["reqid"]:
        raise MessageRefused("is not the YURREF of the body", field_name="response.head.reqid", clause="2.2.3")
    _refuse_repeated(document, octets)
    return parsed


def _acknowledged(head: Mapping[str, str], value: Any) -> ParsedResult:
    """Clause 3.3. That a payment was never seen is no answer to that payment."""
    body = _members(value, "response.body", _BATCH)
    return _about(head, body["YURREF"], Outcome.UNKNOWN if head["resultcode"] == NEVER_SEEN else None)


def _detailed(head: Mapping[str, str], value: Any) -> ParsedResult:
    """Clause 4.2. A query that is refused says nothing about the payment: its items have not failed."""
    body = _object(value, "response.body", (*_DETAIL, "DTLLST"))
    words = {name: _word(body[name], f"response.body.{name}", member) for name, member in _DETAIL.items()}
    rows = _rows(body["DTLLST"])
    if words["TTLCNT"] != str(rows.height):
        raise MessageRefused("is not the number of rows", field_name="response.body.TTLCNT", clause="4.2.3")
    if fen_of(words["TTLAMT"]) != rows["amount_fen"].sum():
        raise MessageRefused("is not the sum of the rows", field_name="response.body.TTLAMT", clause="4.2.4")
    if rows.height and head["resultcode"] != TAKEN:
        raise MessageRefused("rows in an answer that refuses", field_name="response.body.DTLLST", clause="4.2.5")
    answered = head["resultcode"] in (TAKEN, NEVER_SEEN)
    return _about(head, words["YURREF"], None if answered else Outcome.UNKNOWN, rows)


def _about(
    head: Mapping[str, str], message_id: str, outcome: Outcome | None, rows: pl.DataFrame | None = None
) -> ParsedResult:
    listed = rows is not None and rows.height > 0
    return ParsedResult(
        kind=ResultKind.RESULT if listed else ResultKind.ACKNOWLEDGEMENT,
        original_message_id=message_id,
        group_status_raw=head["resultcode"],
        group_text_raw=head["resultmsg"] or None,
        group_outcome=outcome,
        blocks=(rows,) if rows is not None and listed else (),
    )


def _document(octets: bytes) -> Any:
    try:
        return orjson.loads(octets)
    except orjson.JSONDecodeError as fault:
        what = f"not JSON in UTF-8: column {fault.colno}"
        raise MessageRefused(what, line=fault.lineno, clause="1.3") from None


def _refuse_repeated(document: Any, octets: bytes) -> None:
    """The parser keeps the last of equal names. What it gives back octet for octet had none; else it is read again."""
    if orjson.dumps(document) == octets:
        return
    try:
        json.loads(octets, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise MessageRefused("an object has two members of one name", clause="1.3") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _object(value: Any, path: str, names: Iterable[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MessageRefused("is not an object", field_name=path, clause="1.3")
    wanted = set(names)
    for name in sorted(wanted - value.keys()):
        raise MessageRefused("is missing", field_name=f"{path}.{name}", clause="1.3")
    for name in sorted(value.keys() - wanted):
        called = f" {name}" if _MEMBER_NAME.fullmatch(name) else ""  # any other name could be somebody's
        what = f"has a member{called} that the document does not have"
        raise MessageRefused(what, field_name=path, clause="1.3")
    return value


def _members(value: Any, path: str, members: Mapping[str, Member]) -> dict[str, str]:
    found = _object(value, path, members)
    return {name: _word(found[name], f"{path}.{name}", member) for name, member in members.items()}


def _word(value: Any, path: str, member: Member) -> str:
    if not isinstance(value, str):
        raise MessageRefused("is not a JSON string", field_name=path, clause=member.clause)
    if not pl.Series([value], dtype=pl.String).str.contains(member.pattern).item():
        raise MessageRefused(f"is not {member.form}", field_name=path, clause=member.clause)
    return value


def _rows(value: Any) -> pl.DataFrame:
    """Clause 4.3 as ``RESULT_SCHEMA``."""
    path = "response.body.DTLLST"
    if not isinstance(value, list) or len(value) > MOST_ROWS:
        raise MessageRefused(f"is not a list of at most {MOST_ROWS} rows", field_name=path, clause="4.2.5")
    frame = _columns(value, path)
    for name, member in _ROW.items():
        wrong = frame.select((~pl.col(name).str.contains(member.pattern)).arg_true()).to_series()
        if len(wrong):
            raise MessageRefused(f"is not {member.form}", field_name=f"{path}[{wrong[0]}].{name}", clause=member.clause)
    rows = frame.select(_as_result())
    impossible = rows["settled_on"].is_null() & (frame["TRXDAT"] != "")
    if impossible.any():
        row = impossible.arg_true()[0]
        raise MessageRefused("is no day", field_name=f"{path}[{row}].TRXDAT", clause=_ROW["TRXDAT"].clause)
    return rows


def _columns(rows: list[Any], path: str) -> pl.DataFrame:
    """A column of texts for each member; raises MessageRefused."""
    try:
        columns = list(zip(*map(_PICK, rows), strict=True)) or [()] * len(_ROW)
        if sum(map(len, rows)) == len(rows) * len(_ROW):  # all of them, so no others
            texts = [pl.Series(name, column, pl.String) for name, column in zip(_ROW, columns, strict=True)]
            if not any(text.null_count() for text in texts):
                return pl.DataFrame(texts)
    except (KeyError, IndexError, TypeError):
        pass
    for number, row in enumerate(rows):
        _members(row, f"{path}[{number}]", _ROW)
    raise MessageRefused("cannot be read as rows", field_name=path, clause="4.2.5")


def _as_result() -> list[pl.Expr]:
    given = {
        "reference": pl.col("TRXREF"),
        "amount_fen": fen_column("TRSAMT"),
        "account": pl.col("ACCNBR"),
        "status_raw": pl.col("STSCOD"),
        "reason_raw": _or_null("ERRCOD"),
        "text_raw": _or_null("ERRDSP"),
        "bank_reference": _or_null("BNKSEQ"),
        "settled_on": pl.col("TRXDAT").str.to_date("%Y%m%d", strict=False),
    }
    return [given[name].cast(kind).alias(name) for name, kind in RESULT_SCHEMA.items()]


def _or_null(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "").then(pl.col(name))
