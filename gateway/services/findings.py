"""Counting what a check found, and saying it in words a county finance bureau understands."""

from __future__ import annotations

from typing import Any

import polars as pl

from messages.batch.columns import REJECTION_SCHEMA


class Findings:
    """Findings of one check run: waiting rows, and the totals that decide about the batch."""

    def __init__(self) -> None:
        self._waiting: list[pl.DataFrame] = []
        self._next_block = 0
        self.waiting = 0
        self.items = 0
        self.fen = 0
        self.unreadable_amounts = 0
        self.rejected_items = 0
        self.rejected_fen = 0
        self._held: set[str] = set()

    def hold(self, bank: str) -> None:
        """An item does not fit a bank whose profile then wants the batch refused whole (``misfit: refuse-batch``)."""
        self._held.add(bank)

    @staticmethod
    def frame(items: pl.DataFrame, field: str, code: str) -> pl.DataFrame:
        """One REJECT finding for each of ``items``."""
        columns = {
            "line_no": pl.col("line_no"),
            "item_id": pl.col("item_id"),
            "field": pl.lit(field),
            "code": pl.lit(code),
            "severity": pl.lit("REJECT"),
            "amount_fen": pl.col("amount_fen"),
        }
        return items.select([expr.cast(REJECTION_SCHEMA[name]).alias(name) for name, expr in columns.items()])

    def add(self, lines: int, items: pl.DataFrame, findings: list[pl.DataFrame]) -> None:
        """Take one block: how many lines it had, the items that could be read, and what was found."""
        found = pl.concat([part.select(list(REJECTION_SCHEMA)) for part in findings])
        rejected = found.filter(pl.col("severity") == "REJECT").unique("line_no", keep="first")
        unread = rejected.join(items.select("line_no"), on="line_no", how="anti")
        self.items += lines
        self.fen += int(items["amount_fen"].sum()) + int(unread["amount_fen"].sum())
        self.unreadable_amounts += unread["amount_fen"].null_count() + items["amount_fen"].null_count()
        self.rejected_items += rejected.height
        self.rejected_fen += int(rejected["amount_fen"].sum())
        if found.height:
            self._waiting.append(found)
            self.waiting += found.height

    def take(self) -> tuple[int, pl.DataFrame] | None:
        """The waiting rows as the next block to store, or None."""
        if not self._waiting:
            return None
        rows, number = pl.concat(self._waiting), self._next_block
        self._waiting, self.waiting, self._next_block = [], 0, self._next_block + 1
        return number, rows

    def problems(self, header: dict[str, Any]) -> list[dict[str, object]]:
        """Why the batch as a whole must be refused; empty when it may go on."""
        declared_count, declared_fen = int(header["declared_count"]), int(header["declared_total_fen"])
        found: list[dict[str, object]] = []
        if self.items != declared_count:
            found.append(_problem("COUNT_MISMATCH", "declared_count", declared_count, self.items, "笔数", "items"))
        low, exact = self.fen, not self.unreadable_amounts
        if (exact and low != declared_fen) or low > declared_fen:
            found.append(_problem("TOTAL_MISMATCH", "declared_total_fen", declared_fen, low, "金额（分）", "fen"))
        found += [
            {
                "code": "BANK_CANNOT_CARRY",
                "field": "items",
                "zh": f"银行 {bank} 的报文格式无法承载部分明细（见校验结果），按该行约定整批退回；请更正后以新批次号重新提交。",
                "en": f"the format of bank {bank} cannot carry some items (see rejections), and by its profile the batch "
                "is then refused whole: correct them and submit under a new batch number",
            }
            for bank in sorted(self._held)
        ]
        if header.get("all_or_nothing") and self.rejected_items:
            found.append(
                {
                    "code": "ALL_OR_NOTHING",
                    "field": "all_or_nothing",
                    "zh": f"批次要求整批成败，其中 {self.rejected_items} 笔未通过校验，整批退回；请更正后重新提交。",
                    "en": f"the batch asks for all or nothing and {self.rejected_items} item(s) failed the checks: "
                    "correct them (see rejections) and submit under a new batch number",
                }
            )
        return found


def _problem(code: str, field: str, declared: int, found: int, zh: str, en: str) -> dict[str, object]:
    return {
        "code": code,
        "field": field,
        "zh": f"申报{zh} {declared} 与实际 {found} 不符，整批退回；请核对上传文件是否完整后以新批次号重新提交。",
        "en": f"declared {declared} {en} but the content has {found}: nothing of the batch is paid; "
        "check that the file is complete and submit it under a new batch number",
        "declared": declared,
        "found": found,
    }
