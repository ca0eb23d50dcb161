"""How long what stays, and what stands in the way of erasing it (保存期限与删除; 个人信息保护法 第47条).

The law wants personal data gone when its purpose is over, and other laws want vouchers kept for years: the deployer
says how long. Nothing here knows a person; amounts, states and numbers of items always stay, so that books balance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict

_PERIOD: Final = re.compile(r"([1-9][0-9]{0,3}) (day|month|year)s?")
LONGEST_YEARS: Final = 200
_REFERENCE_DAY: Final = date(2000, 3, 1)
FOREVER: Final = "forever"


class What(StrEnum):
    """What is erased by itself when its time is over."""

    TEXTS = "result-texts"  # 银行原文, and rows that fitted no item
    FILES = "raw-files"  # 原始文件: uploads, instructions, messages from banks
    NOTICES = "notices"  # 短信提醒记录
    PERSONAL = "personal-columns"  # 姓名、证件号码、账号、手机、住址、附言
    PERSON = "person"  # all of one person, on request; never by itself


class Obstacle(StrEnum):
    """Why something may not be erased yet."""

    NOT_COMPLETE = "not-complete"  # 批次尚未办结
    IN_FLIGHT = "in-flight"  # 有在途明细
    UNKNOWN = "unknown"  # 有未知或矛盾的明细
    REFUNDS_OPEN = "refunds-open"  # 退款期限未过
    HELD = "held"  # 法律保全
    KEPT_BY_LAW = "kept-by-law"  # 法定保存期限未满
    FILE_SHARED = "file-shared"  # 原始文件同时涉及不可删除的批次


OBSTACLE_WORDS: Final[dict[Obstacle, tuple[str, str]]] = {
    Obstacle.NOT_COMPLETE: ("批次尚未办结", "the batch is not complete"),
    Obstacle.IN_FLIGHT: ("有在途明细", "items are in flight"),
    Obstacle.UNKNOWN: ("有未知或矛盾的明细", "items are unknown or in dispute"),
    Obstacle.REFUNDS_OPEN: ("有失败或退汇明细，退款期限未过", "items failed or came back, and refunds may be open"),
    Obstacle.HELD: ("处于法律保全", "it is on legal hold"),
    Obstacle.KEPT_BY_LAW: ("法定保存期限未满", "the law still wants it kept"),
    Obstacle.FILE_SHARED: ("原始文件还涉及不可删除的批次", "a bank's file also speaks of a batch that must stay"),
}


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time in the calendar; without a unit it never ends."""

    count: int
    unit: str  # "day", "month", "year", or "" for ever

    @classmethod
    def of(cls, text: Any) -> Period:
        """``10 years``, ``6 months``, ``30 days`` or ``forever``; raises ValueError."""
        if text == FOREVER:
            return cls(0, "")
        found = _PERIOD.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            raise ValueError('is no period: write "10 years", "6 months", "30 days" or "forever"')
        period = cls(int(found[1]), found[2])
        if period.unit == "year" and period.count > LONGEST_YEARS:
            raise ValueError(f'is longer than {LONGEST_YEARS} years: write "forever"')
        return period

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'s' if self.count > 1 else ''}" if self.unit else FOREVER

    def end(self, start: date) -> date | None:
        """The first day after it, reckoned from ``start``; None where it never ends."""
        if not self.unit:
            return None
        if self.unit == "day":
            return start + timedelta(days=self.count)
        return _shifted(start, self.count * (12 if self.unit == "year" else 1))

    def over(self, start: date, today: date) -> bool:
        """Whether it has ended by ``today``."""
        end = self.end(start)
        return end is not None and end <= today

    def begun_by(self, today: date) -> date | None:
        """The last day on which something may have begun whose time is over by ``today``; None where it never is."""
        days = {"day": 1, "month": 28, "year": 365}.get(self.unit)
        if days is None:
            return None
        start = today - timedelta(days=days * self.count)  # no period of that count is shorter
        while not self.over(start, today):
            start -= timedelta(days=1)
        return start

    def longest(self) -> int:
        """Its length in days, for comparing two of them."""
        end = self.end(_REFERENCE_DAY)
        return (end - _REFERENCE_DAY).days if end is not None else 1_000_000_000


def _shifted(start: date, months: int) -> date:
    """The same day ``months`` later; the first of the following month where that month is too short."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    try:
        return date(year, month + 1, start.day)
    except ValueError:
        year, month = divmod(year * 12 + month + 1, 12)
        return date(year, month + 1, 1)


SHORTEST_AUDIT: Final = Period(6, "month")
Kept = Annotated[Period, BeforeValidator(Period.of)]


class RetentionPolicy(BaseModel):
    """``config/retention.yaml``: all periods run from the day on which a batch was completed or refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    legal_keeping: Kept
    personal_columns: Kept
    result_texts: Kept
    raw_files: Kept
    notices: Kept
    audit: Kept
    refunds_open: Kept

    def period(self, what: What) -> Period:
        """How long ``what`` stays; what is erased on request stays as long as the law says."""
        return {
            What.TEXTS: self.result_texts,
            What.FILES: self.raw_files,
            What.NOTICES: self.notices,
            What.PERSONAL: self.personal_columns,
            What.PERSON: self.legal_keeping,
        }[what]


KEPT_FOREVER: Final = RetentionPolicy.model_validate(dict.fromkeys(RetentionPolicy.model_fields, FOREVER))
"""Where the deployer has said nothing, nothing is erased."""


def faults(policy: RetentionPolicy) -> list[tuple[str, str]]:
    """(key, what is wrong) for periods that contradict each other or the law."""
    found = [
        (name, "is shorter than legal_keeping, which the law demands")
        for name in ("personal_columns", "raw_files", "audit")
        if getattr(policy, name).longest() < policy.legal_keeping.longest()
    ]
    found += [
        (name, "outlasts personal_columns, and names the same people")
        for name in ("result_texts", "raw_files")
        if getattr(policy, name).longest() > policy.personal_columns.longest()
    ]
    if policy.audit.longest() < SHORTEST_AUDIT.longest():
        found.append(("audit", f"is shorter than {SHORTEST_AUDIT} (网络安全法 第21条)"))
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """How a batch stands, in items."""

    ended_on: date | None  # completed or refused
    in_flight: int = 0
    unresolved: int = 0
    money_back: int = 0  # failed or returned: money that goes back to where it came from
    held: bool = False


def obstacles(standing: Standing, policy: RetentionPolicy, what: What, today: date) -> list[Obstacle]:
    """All that stands in the way of erasing ``what`` of the batch today; empty when it may go."""
    ended = standing.ended_on
    if ended is None:
        return [Obstacle.NOT_COMPLETE, *_unfinished(standing)]
    found = _unfinished(standing)
    if standing.money_back and not policy.refunds_open.over(ended, today):
        found.append(Obstacle.REFUNDS_OPEN)
    if not policy.period(what).over(ended, today):
        found.append(Obstacle.KEPT_BY_LAW)
    return found


def _unfinished(standing: Standing) -> list[Obstacle]:
    asked: Iterable[tuple[Obstacle, object]] = (
        (Obstacle.IN_FLIGHT, standing.in_flight),
        (Obstacle.UNKNOWN, standing.unresolved),
        (Obstacle.HELD, standing.held),
    )
    return [obstacle for obstacle, there in asked if there]
