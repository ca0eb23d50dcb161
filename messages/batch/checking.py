"""Checking items before any money is promised (发放前校验, R12): a block in, good items and findings out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from messages.batch.check_digits import Failing, check_digit_failures
from messages.batch.codes import Severity
from messages.batch.duplicates import DuplicateIds, RepeatedPayments
from messages.batch.findings import found_at, gathered
from messages.batch.item_rules import item_rules
from messages.batch.rejections import CATALOGUE

__all__ = ["CheckRules", "CheckedBlock", "DuplicateIds", "RepeatedPayments", "check_items"]


@dataclass(frozen=True, slots=True)
class CheckRules:
    """What the checks depend on beside the item itself."""

    today: date  # a birth date may not be later
    amount_limit_fen: int  # most one item may pay, inclusive

    def __post_init__(self) -> None:
        if self.amount_limit_fen < 1:
            raise ValueError("amount_limit_fen must be at least 1 fen")


@dataclass(frozen=True, slots=True)
class CheckedBlock:
    """A block, judged."""

    good: pl.DataFrame  # the columns and order of the block, without items that have a REJECT finding
    findings: pl.DataFrame  # REJECTION_SCHEMA, in order of lines, warnings included


def check_items(block: pl.DataFrame, rules: CheckRules) -> CheckedBlock:
    """Judge every item of ``block`` (ITEM_SCHEMA and line_no) by itself; duplicates are found by ``DuplicateIds``."""
    parts: list[pl.DataFrame] = []
    rejected = pl.Series([False]).new_from_index(0, block.height)
    for field, code, failing in _failures(block, rules):
        if not failing.any():
            continue
        parts.append(found_at(block, failing, field, code))
        if CATALOGUE[code].severity is Severity.REJECT:
            rejected = rejected | failing.fill_null(False)
    return CheckedBlock(block.filter(~rejected) if parts else block, gathered(parts))


def _failures(block: pl.DataFrame, rules: CheckRules) -> list[Failing]:
    expressed = item_rules(rules.amount_limit_fen)
    # one select, so that polars spreads the rules over its threads and shares what they have in common
    answers = block.lazy().select(rule.failing.alias(str(at)) for at, rule in enumerate(expressed)).collect()
    by_column = [(rule.field, rule.code, answers[str(at)]) for at, rule in enumerate(expressed)]
    return [*by_column, *check_digit_failures(block, rules.today)]
