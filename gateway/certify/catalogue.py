"""Every case that a bank is certified by (认证用例目录): made from its profile and code table, in the report's order."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.certify.cases import PAID, Case, Group, Line
from gateway.certify.cases_of_delivery import delivery_cases
from gateway.certify.cases_of_limits import limit_cases
from gateway.certify.cases_of_reasons import reason_cases
from gateway.certify.cases_of_refusals import refusal_cases
from gateway.certify.cases_of_results import result_cases
from gateway.certify.cases_of_text import text_cases
from gateway.certify.subject import Subject

MONEY_RULE = "资金规则 {} · money rule {} (docs/architecture.md)"


def catalogue(subject: Subject) -> tuple[Case, ...]:
    """The cases for this bank; two of them never have one id."""
    made = tuple(_all(subject))
    if len({case.id for case in made}) != len(made):
        raise ValueError("two cases have one id")
    return made


def _all(subject: Subject) -> Iterator[Case]:
    yield from _payments()
    yield from reason_cases(subject)
    yield from result_cases(subject)
    yield from delivery_cases(subject)
    yield from refusal_cases(subject)
    yield from limit_cases(subject)
    yield from text_cases(subject)


def _payments() -> Iterator[Case]:
    yield Case(
        "paid",
        Group.PAYMENT,
        "全部发放成功",
        "everything is paid",
        "指令被正确读取，逐笔入账，账户、金额与申报一致",
        "the instruction is read, each item is credited once with its amount",
        MONEY_RULE.format(1, 1),
        (Line("person"), Line("organisation", organisation=True), Line("person")),
    )
    yield Case(
        "submitted-twice",
        Group.PAYMENT,
        "同一批次提交两次",
        "the same batch is submitted twice",
        "重复提交不产生第二份指令，不重复支付",
        "a repeated submission makes no second instruction and pays nothing twice",
        MONEY_RULE.format(7, 7),
        (Line("item", PAID), Line("item", PAID)),
        submissions=2,
    )
