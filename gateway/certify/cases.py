"""What a certification case is (认证用例): data that says what is sent, what the bank does, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

LATER_SECONDS: Final = 10
"""By the simulated bank's clock, which stands still until its first words have had their effect, then jumps."""


class Becomes(StrEnum):
    """Where an item must end, for both sides' books."""

    PAID = "PAID"  # 发放成功
    FAILED = "FAILED"  # 发放失败
    RETURNED = "RETURNED"  # 退汇
    DISPUTED = "DISPUTED"  # 结果矛盾, counted as unknown until people settle it
    OPEN = "OPEN"  # 未决: neither paid nor failed as far as anybody said
    REJECTED = "REJECTED"  # 校验未通过: never sent to the bank


class Group(StrEnum):
    """What a case is about; the report is ordered by it."""

    PAYMENT = "PAYMENT"  # 发放
    REASONS = "REASONS"  # 原因代码
    RESULTS = "RESULTS"  # 结果与退汇
    DELIVERY = "DELIVERY"  # 送达与查询
    REFUSALS = "REFUSALS"  # 拒绝与隔离
    LIMITS = "LIMITS"  # 限额
    TEXT = "TEXT"  # 字符


@dataclass(frozen=True, slots=True)
class Expected:
    """What one item must become; null where it does not matter."""

    becomes: Becomes
    reason: str | None = None  # canonical (messages.outcome.Reason), or the rejection's code
    remedy: str | None = None
    raw: str | None = None  # the bank's own code, which must be kept beside it

    def __str__(self) -> str:
        return " ".join(str(word) for word in (self.becomes, self.reason, self.raw and f"({self.raw})") if word)


PAID = Expected(Becomes.PAID)


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a case; ``label`` is what reports call it, never a person's data."""

    label: str
    expected: Expected = PAID
    meanwhile: frozenset[Becomes] | None = None  # before the bank's later words; null: as expected in the end
    action: Mapping[str, Any] | None = None  # what the simulated bank does with it (simulators.script)
    amount_fen: int | None = None  # null: some ordinary amount
    name: str | None = None  # null: some ordinary name
    organisation: bool = False
    given: Mapping[str, Any] | None = None  # a test account of the bank: item fields that replace invented ones


@dataclass(frozen=True, slots=True)
class Wanted:
    """An alert that must be raised, of one of ``kinds``; ``words`` stand in its key where it names no message."""

    kinds: tuple[str, ...]
    words: tuple[str, ...] = ()
    late: bool = False  # only after the bank's later words


@dataclass(frozen=True, slots=True)
class Case:
    """One batch, what is done to it, and what must come of it."""

    id: str
    group: Group
    zh: str
    en: str
    proves_zh: str
    proves_en: str
    source: str  # the rule, clause or table that it stands on
    lines: tuple[Line, ...]
    effects: tuple[Mapping[str, Any], ...] = ()  # what the simulated bank does with its first file
    wanted: tuple[Wanted, ...] = ()
    tolerated: frozenset[str] = frozenset()  # further kinds of alerts that may be raised
    files: int = 1  # instruction files that it makes; 0: it does not matter
    submissions: int = 1
    alone: bool = False  # it disturbs others: runs after them
    left_out: tuple[str, ...] = ()  # labels of what belongs here and cannot be shown
    impossible: tuple[str, str] | None = None  # (zh, en): why this bank's format does not have such a case

    @property
    def in_two_steps(self) -> bool:
        """Whether something must hold before the bank's later words, and something else after them."""
        return any(line.meanwhile is not None for line in self.lines) or any(one.late for one in self.wanted)

    @property
    def scripted(self) -> bool:
        """Whether the bank must be told what to do."""
        return bool(self.effects) or any(line.action is not None for line in self.lines)


@dataclass(frozen=True, slots=True)
class NotRun:
    """A case that was not run, and why: never counted as passed."""

    case: Case
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a run will do, decided beforehand."""

    cases: tuple[Case, ...]
    not_run: tuple[NotRun, ...] = ()
    notes: tuple[tuple[str, str], ...] = field(default=())  # (zh, en): what both sides should know
