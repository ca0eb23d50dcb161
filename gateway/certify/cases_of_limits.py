"""Cases at the limits (限额用例): one row, a full file and one more, the smallest and the largest amount and beyond."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.certify.cases import PAID, Becomes, Case, Expected, Group, Line
from gateway.certify.subject import Subject

_SOURCE = "接入档案 · profile, limits"


def limit_cases(subject: Subject) -> Iterator[Case]:
    """The bank's own limits, from its profile."""
    yield from _numbers_of_items(subject.rows_per_file)
    yield from _amounts(subject.largest_fen)


def _numbers_of_items(rows: int) -> Iterator[Case]:
    yield _case(
        "one-row",
        "单笔批次",
        "a single item",
        "一笔也成一份指令",
        "one item makes an instruction",
        (Line("item", PAID),),
    )
    yield _case(
        "full-file",
        f"满额指令 {rows} 笔",
        f"a full file of {rows} items",
        "达到单份笔数上限仍为一份指令",
        "exactly the most items make one file",
        (Line("item", PAID),) * rows,
    )
    yield _case(
        "full-file-and-one",
        f"超出一笔 {rows + 1} 笔",
        f"one item more: {rows + 1}",
        "超出上限即分为两份指令，逐笔只付一次",
        "one more makes two files, each item is paid once",
        (Line("item", PAID),) * (rows + 1),
        files=2,
    )


def _amounts(largest: int) -> Iterator[Case]:
    over = Line("one fen above the limit", Expected(Becomes.REJECTED), amount_fen=largest + 1)
    yield _case(
        "one-fen",
        "一分钱",
        "one fen",
        "最小金额准确无误",
        "the smallest amount arrives exactly",
        (Line("1 fen", PAID, amount_fen=1), Line("99 fen", PAID, amount_fen=99), Line("100 fen", PAID, amount_fen=100)),
    )
    yield _case(
        "largest-amount",
        f"单笔最大金额 {largest} 分",
        f"the largest amount, {largest} fen",
        "上限金额可付，超出一分的明细在校验时拒绝，不影响其他明细",
        "the limit is paid; one fen more is rejected before anything is sent, others go on",
        (Line("largest", PAID, amount_fen=largest), over),
    )


def _case(name: str, zh: str, en: str, proves_zh: str, proves_en: str, lines: tuple[Line, ...], files: int = 1) -> Case:
    return Case(name, Group.LIMITS, zh, en, proves_zh, proves_en, _SOURCE, lines, files=files)
