"""The dialect of signed JSON (签名 JSON 报文方言), after 招行's cloud interface: batch payment and detail query.

    {"request":{"head":{"funcode":..,"userid":..,"reqid":..},"body":{..}}}

Every value is text. One instruction is one message of at most 3,000 rows, its rows written a block at a time.
Signature and encryption are the envelope's (``adapters.envelopes.json_sm4``). Source: facts B.2, 招行 (cloud).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import orjson
import polars as pl

from adapters.contract import CannotTranslate, InstructionHead, MessageRefused, ParsedResult, Question
from adapters.dialects.signed_json_answers import BATCH_PAY, DETAIL_QUERY, MOST_ROWS, answer
from adapters.profile import BankProfile
from messages.checks.text import is_clean
from messages.iso20022.amounts import MAX_FEN, yuan_column, yuan_text

HEAD_ITEM: Final = -1
"""Stands for the item number in findings about the message's own head."""

_BUSINESS: Final = "N03020"  # 代发
_YUAN: Final = "10"  # 人民币
_HEAD_LIMITS: Final = {
    "message_id": (30, True),
    "debtor_account": (35, True),
    "debtor_name": (100, False),
    "debtor_bank_code": (12, False),
    "policy_name": (60, False),
    "project_code": (40, False),
    "voucher_no": (40, False),
}
"""Most characters, and whether it must be there."""
_ROW_LIMITS: Final = {"reference": 30, "account": 35, "name": 62, "remark": 100}
_PATTERNS: Final = {
    "reference": (r"\A[0-9A-Za-z]{1,30}\z", "is not 1 to 30 letters and digits"),
    "account": (r"\A[!-~]{1,35}\z", "is not 1 to 35 printable characters without blanks"),
    "bank_code": (r"\A[0-9]{12}\z", "is not 12 digits"),
}
_CONTROL: Final = r"\p{Cc}"
_CHUNK_ROWS: Final = 1_000
_WIDEST: Final = 4  # octets of the longest character in UTF-8; a quotation mark or backslash takes 2
_ROW_REST: Final = 200  # names of the members, quotation marks, and what has a fixed length
_FRAME: Final = 400 + _WIDEST * sum(most for most, _ in _HEAD_LIMITS.values())


class SignedJsonDialect:
    """``adapters.contract.Dialect`` and ``Inquirer``: pure, holds nothing."""

    def rows_per_file(self, profile: BankProfile) -> int:
        """At most 3,000, the profile's rows, and what fits its bytes with every text at its longest; ValueError."""
        limits = profile.limits
        longest = _ROW_REST + _WIDEST * sum(_ROW_LIMITS.values())
        rows = min(MOST_ROWS, limits.rows_per_file, (limits.bytes_per_file - _FRAME) // longest)
        if rows < 1:
            least = _FRAME + longest
            raise ValueError(f"bank {profile.bank}: limits.bytes_per_file must be at least {least} for signed JSON")
        return rows

    def carries(self, profile: BankProfile, block: pl.DataFrame) -> list[tuple[int, str, str]]:
        """(row index, field, why) of items that do not fit, in row order; columns not in ``block`` are not judged."""
        checks = [check for check in _checks(profile) if check[0] in block.columns]
        hits = block.select(mask.any().alias(str(index)) for index, (_, _, mask) in enumerate(checks)).row(0)
        findings = [
            (row, name, why)
            for (name, why, mask), hit in zip(checks, hits, strict=True)
            if hit
            for row in block.select(mask.arg_true()).to_series()
        ]
        return sorted(findings, key=lambda finding: finding[0])

    def carries_head(self, profile: BankProfile, head: InstructionHead) -> list[tuple[str, str]]:  # noqa: ARG002
        """What of a head does not fit: too long, missing, or with control characters."""
        findings = []
        for name, (most, required) in _HEAD_LIMITS.items():
            text: str = getattr(head, name) or ""
            if len(text) > most:
                findings.append((name, f"is longer than {most} characters"))
            elif required and not text:
                findings.append((name, "is empty"))
            elif not is_clean(text):
                findings.append((name, "has a control character, or begins or ends with a blank"))
        return findings

    def build(self, profile: BankProfile, head: InstructionHead, blocks: Iterable[pl.DataFrame]) -> Iterator[bytes]:
        """The request; raises CannotTranslate, and ValueError where rows and head differ or there are too many."""
        unfit = self.carries_head(profile, head)
        if unfit:
            raise CannotTranslate([(HEAD_ITEM, name, why) for name, why in unfit])
        if not 0 < head.rows <= MOST_ROWS:
            raise ValueError(f"message {head.message_id}: {head.rows} rows, and signed JSON takes 1 to {MOST_ROWS}")
        opening = b'{"request":{"head":%s,"body":{"BUSINF":%s,"DTLLST":['
        yield opening % (_head(profile, BATCH_PAY, head.message_id), orjson.dumps(_business(head)))
        rows = total = 0
        for block in blocks:
            self._refuse_unfit(profile, block)
            for part in block.iter_slices(_CHUNK_ROWS):
                yield (b"," if rows else b"") + _rows(part, rows, profile)
                rows += part.height
            total += int(block["amount_fen"].sum())
        if (rows, total) != (head.rows, head.total_fen):
            raise ValueError(f"message {head.message_id}: count or total of the items is not what its head says")
        yield b"]}}}"

    def inquiry(self, profile: BankProfile, question: Question) -> bytes:
        """The detail query (明细查询): all rows of an instruction, or those asked for."""
        if len(question.references) > MOST_ROWS:
            raise ValueError(f"question {question.inquiry_id}: more than {MOST_ROWS} references")
        body = {
            "YURREF": question.original_message_id,
            "DBTACC": question.debtor_account,
            "EPTDAT": _day(question.requested_on),
            "REFLST": list(question.references),
        }
        head = _head(profile, DETAIL_QUERY, question.inquiry_id)
        return b'{"request":{"head":%s,"body":%s}}' % (head, orjson.dumps(body))

    def parse(self, profile: BankProfile, name: str, chunks: Iterable[bytes]) -> ParsedResult:  # noqa: ARG002
        """An answer to a batch payment or a detail query; raises MessageRefused. ``name`` tells nothing."""
        body, most = bytearray(), profile.limits.result_bytes
        for chunk in chunks:
            body += chunk
            if len(body) > most:
                raise MessageRefused(f"the message has more than {most} octets: see limits.result_bytes")
        return answer(bytes(body), _user(profile))

    def _refuse_unfit(self, profile: BankProfile, block: pl.DataFrame) -> None:
        findings = self.carries(profile, block)
        if findings:
            numbers = block["item_no"]
            raise CannotTranslate([(int(numbers[row]), name, why) for row, name, why in findings])


def _user(profile: BankProfile) -> str:
    if profile.security.user_code is None:
        raise ValueError(f"bank {profile.bank}: dialect signed-json needs security.user_code")
    return profile.security.user_code


def _head(profile: BankProfile, function: str, request_id: str) -> bytes:
    return orjson.dumps({"funcode": function, "userid": _user(profile), "reqid": request_id})


def _day(day: date) -> str:
    return day.strftime("%Y%m%d")


def _business(head: InstructionHead) -> dict[str, str]:
    """Clause 3.1."""
    return {
        "YURREF": head.message_id,
        "BUSCOD": _BUSINESS,
        "DBTACC": head.debtor_account,
        "DBTNAM": head.debtor_name or "",
        "BBKNBR": head.debtor_bank_code or "",
        "CCYNBR": _YUAN,
        "TTLCNT": str(head.rows),
        "TTLAMT": yuan_text(head.total_fen),
        "EPTDAT": _day(head.requested_on),
        "PRJCOD": head.project_code or "",
        "VCHNBR": head.voucher_no or "",
        "MEMO": head.policy_name or "",
    }


def _rows(block: pl.DataFrame, before: int, profile: BankProfile) -> bytes:
    """Clause 3.2, the objects without the brackets around them; ``before`` rows stand before these."""
    first = before + 1
    own = [code[:3] for code in profile.bank_codes]
    rows = block.select(
        pl.int_range(first, first + block.height).cast(pl.String).str.zfill(8).alias("TRXSEQ"),
        pl.col("reference").alias("TRXREF"),
        pl.col("account").alias("ACCNBR"),
        pl.col("name").alias("CLTNAM"),
        yuan_column("amount_fen").alias("TRSAMT"),
        pl.when(pl.col("bank_code").str.head(3).is_in(own)).then(pl.lit("Y")).otherwise(pl.lit("N")).alias("BNKFLG"),
        pl.col("bank_code").alias("EACBNK"),
        pl.col("remark").fill_null("").alias("TRSDSP"),
    )
    return rows.write_json().encode("utf-8")[1:-1]


def _checks(profile: BankProfile) -> list[tuple[str, str, pl.Expr]]:
    most = min(profile.limits.amount_fen_per_item, MAX_FEN)
    payable = pl.col("amount_fen").is_between(1, most).fill_null(value=False)
    checks = [
        ("amount_fen", f"is not 1 to {most} fen", ~payable),
        ("name", "is empty", pl.col("name").fill_null("") == ""),
    ]
    for name, (pattern, why) in _PATTERNS.items():
        checks.append((name, why, ~pl.col(name).str.contains(pattern).fill_null(value=False)))
    for name in ("name", "remark"):
        text, longest = pl.col(name), _ROW_LIMITS[name]
        longer = (text.str.len_bytes() > longest) & (text.str.len_chars() > longest)
        checks.append((name, f"is longer than {longest} characters", longer))
        checks.append((name, "has a control character", text.str.contains(_CONTROL)))
    return checks
