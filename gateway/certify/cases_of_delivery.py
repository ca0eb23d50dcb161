"""Cases about delivery (送达用例): replies that are late or lost, a bank that goes away; each item is paid once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.certify.cases import Case, Group, Line
from gateway.certify.subject import Subject

AWAY_SECONDS, LATE_SECONDS = 3, 2
_RULE = "资金规则 1 · money rule 1 (docs/architecture.md)"
_TWO = (Line("item"), Line("item"))
_DOUBT = frozenset({"delivery-unknown"})


def delivery_cases(subject: Subject) -> Iterator[Case]:
    """What can happen between sending and the bank's first word."""
    yield _case(
        "late-acknowledgement",
        "回执迟到",
        "the acknowledgement comes late",
        "等待期间不重发，回执或结果到达后继续",
        "nothing is sent again while it is waited for",
        {"do": "delay-acknowledgement", "seconds": LATE_SECONDS},
        alone=True,  # a reply that is held back may hold back what the gateway sends after it
    )
    if subject.profile.by_files:
        yield _case(
            "lost-acknowledgement",
            "回执始终不来，结果照常",
            "no acknowledgement ever, results come",
            "以结果为准，不重发",
            "the results count, nothing is sent again",
            {"do": "drop-acknowledgement"},
        )
    else:
        yield _case(
            "lost-reply",
            "银行已受理，应答丢失",
            "the bank took it, the reply is lost",
            "状态为未知，经查询解决，不重复支付",
            "the outcome is unknown until the bank is asked; it is paid once",
            {"do": "lose-reply"},
        )
    yield _case(
        "bank-away",
        "受理后银行中断服务",
        "the bank is out of reach after taking it",
        "恢复后继续查询或取回结果，不重复支付",
        "the gateway goes on when the bank is back; it is paid once",
        {"do": "go-offline", "seconds": AWAY_SECONDS},
        alone=True,
    )


def _case(
    name: str, zh: str, en: str, proves_zh: str, proves_en: str, effect: Mapping[str, Any], *, alone: bool = False
) -> Case:
    return Case(
        name,
        Group.DELIVERY,
        zh,
        en,
        proves_zh,
        proves_en,
        _RULE,
        _TWO,
        (effect,),
        tolerated=_DOUBT,
        alone=alone,
    )
