"""Cases about results and returns (结果与退汇用例): in parts, in any order, twice, late, contradicting, or never."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from gateway.certify.cases import LATER_SECONDS, PAID, Becomes, Case, Expected, Group, Line, Wanted
from gateway.certify.subject import Subject

_RULE = "资金规则 2 · money rule 2 (docs/architecture.md)"
_THREE = (Line("item"), Line("item"), Line("item"))
_WAITING, _CREDITED = frozenset({Becomes.OPEN}), frozenset({Becomes.PAID})
_FIRST_PART = (Line("first part"), Line("later part", PAID, _WAITING), Line("later part", PAID, _WAITING))
_FIRST_HALF = (Line("first half"), Line("first half"), Line("missing at first", PAID, _WAITING))
_LATE = (Line("item", PAID, _WAITING), Line("item", PAID, _WAITING))
_DISPUTED = Expected(Becomes.DISPUTED)
_OVERDUE = Wanted(("answer-overdue",))

_EFFECTS: tuple[tuple[str, str, str, str, str, tuple[Line, ...], tuple[Mapping[str, Any], ...]], ...] = (
    (
        "in-parts",
        "结果分多份送达",
        "results come in parts",
        "先到的部分先记，后到的补齐",
        "each part counts as it comes, the rest follows",
        _FIRST_PART,
        ({"do": "split-result", "parts": 3, "every_seconds": LATER_SECONDS},),
    ),
    (
        "reordered",
        "结果行次序与指令不同",
        "rows in another order",
        "逐笔按参考号对应，不依赖次序",
        "items are matched by reference, not by place",
        _THREE,
        ({"do": "reorder-rows"},),
    ),
    (
        "repeated",
        "同一结果再次送达",
        "the same result once more",
        "重复结果不改变任何状态",
        "a repeated result changes nothing",
        _THREE,
        ({"do": "duplicate-result", "seconds": LATER_SECONDS},),
    ),
    (
        "partial",
        "先只有一半结果",
        "half of the results at first",
        "缺少的明细保持未决，补齐后办结",
        "what is missing stays open until it comes",
        _FIRST_HALF,
        ({"do": "spoil-result", "how": "partial", "repair_after": LATER_SECONDS},),
    ),
)


def result_cases(subject: Subject) -> Iterator[Case]:
    """What a bank may do with sound results."""
    for name, zh, en, proves_zh, proves_en, lines, effects in _EFFECTS:
        yield _case(name, zh, en, proves_zh, proves_en, lines, effects)
    if subject.profile.by_files:
        same = _case(
            "repeated-same-name",
            "同名同内容结果文件再次送达",
            "the same file under the same name again",
            "重复文件不改变任何状态",
            "a repeated file changes nothing",
            effects=({"do": "duplicate-result", "under": "same-name", "seconds": LATER_SECONDS},),
        )
        yield replace(same, impossible=subject.name_taken_once)
    yield from _late()
    yield _contradicted()
    yield from _unanswered()


def _case(
    name: str,
    zh: str,
    en: str,
    proves_zh: str,
    proves_en: str,
    lines: tuple[Line, ...] = _THREE,
    effects: tuple[Mapping[str, Any], ...] = (),
    wanted: tuple[Wanted, ...] = (),
) -> Case:
    return Case(name, Group.RESULTS, zh, en, proves_zh, proves_en, _RULE, lines, effects, wanted)


def _late() -> Iterator[Case]:
    yield _case(
        "late-result",
        "结果迟到",
        "the result comes late",
        "逾期告警，保持未决，不重发；结果到达后照常办结",
        "somebody is told, it stays open and is not sent again; the result counts when it comes",
        _LATE,
        ({"do": "delay-result", "seconds": LATER_SECONDS},),
        (_OVERDUE,),
    )
    back = {"do": "returned-late", "seconds": LATER_SECONDS, "code": "ACCT_CLOSED"}
    yield _case(
        "late-return",
        "办结后退汇",
        "money comes back after all was done",
        "已办结批次的退汇仍被受理，成功不是终态",
        "a return is taken after the batch was completed: paid is not final",
        (Line("paid"), Line("returned", Expected(Becomes.RETURNED), _CREDITED, back)),
    )


def _contradicted() -> Case:
    effect = {"do": "contradict-result", "rows": 1, "code": "ACCT_NOT_FOUND", "seconds": LATER_SECONDS}
    return _case(
        "contradicted",
        "前后结果矛盾",
        "the bank contradicts itself",
        "矛盾明细记为有争议并告警，不以后者为准",
        "the item is in dispute and somebody is told; the last word does not win",
        (Line("contradicted", _DISPUTED, _CREDITED), Line("paid"), Line("paid")),
        (effect,),
        (Wanted(("result-contradicted",), late=True),),
    )


def _unanswered() -> Iterator[Case]:
    action = {"do": "processing-then-paid", "seconds": LATER_SECONDS}
    yield _case(
        "processing-then-paid",
        "先答处理中，经查询办结",
        "in process first, paid when asked again",
        "处理中不作成功也不作失败，查询至有结果",
        "neither success nor failure until the bank says so",
        (Line("paid"), Line("in process", PAID, _WAITING, action)),
    )
    yield _case(
        "silent",
        "始终没有答复的明细",
        "an item that is never answered",
        "保持未决并逾期告警，不推定成功或失败，不重付",
        "it stays open, somebody is told, nothing is guessed or paid again",
        (Line("paid"), Line("silent", Expected(Becomes.OPEN), action={"do": "silent"})),
        wanted=(_OVERDUE,),
    )
