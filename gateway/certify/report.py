"""The report (认证报告): one JSON object, and the same as a page that both sides sign; no person's data in either."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any, Final

import orjson
from jinja2 import Environment, StrictUndefined

from gateway.certify.cases import Case, Expected, Group, Plan
from gateway.certify.judging import Row
from gateway.certify.payees import runs
from gateway.certify.running import Outcome, Ran
from gateway.certify.subject import Subject

SCHEMA: Final = "bank-certification/1"
DISTRIBUTION: Final = "benefit-payment-gateway"
GROUP_NAMES: Final = {
    Group.PAYMENT: ("发放", "Payment"),
    Group.REASONS: ("原因代码", "Reason codes"),
    Group.RESULTS: ("结果与退汇", "Results and returns"),
    Group.DELIVERY: ("送达与查询", "Delivery and inquiry"),
    Group.REFUSALS: ("拒绝与隔离", "Refusals and quarantine"),
    Group.LIMITS: ("限额", "Limits"),
    Group.TEXT: ("字符", "Characters"),
}
_TEMPLATE: Final = "report.html.j2"


def report(subject: Subject, plan: Plan, ran: Ran, against: str, at: datetime) -> dict[str, Any]:
    """The whole report; ``against`` is ``simulator`` or ``test-system``. Its ``verdict`` is failed if any case is."""
    cases = [*map(_ran_case, ran.outcomes), *({**_head(n.case), **_not_run(n.zh, n.en)} for n in ran.not_run)]
    order = list(Group)
    cases.sort(key=lambda case: order.index(Group(case["group"])))
    counted = {name: sum(case["verdict"] == name for case in cases) for name in ("passed", "failed", "not run")}
    return {
        "schema": SCHEMA,
        "bank": _bank(subject),
        "profile": {"edition": subject.edition, "files": [file.as_json() for file in subject.files]},
        "gateway": {"distribution": DISTRIBUTION, "version": _version()},
        "against": against,
        "at": at.isoformat(timespec="seconds"),
        "seconds": round(ran.seconds, 1),
        "verdict": "failed" if counted["failed"] else "passed",
        "counts": counted,
        "notes": [{"zh": zh, "en": en} for zh, en in plan.notes],
        "ledger": ran.ledger,
        "cases": cases,
    }


def as_json(made: dict[str, Any]) -> bytes:
    """The report as it is written."""
    return orjson.dumps(made, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def as_html(made: dict[str, Any]) -> str:
    """The page: everything in it, no scripts, every text escaped."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    source = files("gateway.certify").joinpath(_TEMPLATE).read_text("utf-8")
    names = {str(group): words for group, words in GROUP_NAMES.items()}
    return environment.from_string(source).render(report=made, group_names=names)


def _version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "source tree"


def _bank(subject: Subject) -> dict[str, Any]:
    profile = subject.profile
    return {
        "name": profile.bank,
        "title": profile.name,
        "bank_codes": list(profile.bank_codes),
        "dialect": profile.dialect,
        "transport": profile.transport.kind,
        "encoding": profile.encoding,
        "scheme": profile.security.scheme,
        "envelope": profile.security.envelope,
    }


def _head(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "group": str(case.group),
        "title": {"zh": case.zh, "en": case.en},
        "proves": {"zh": case.proves_zh, "en": case.proves_en},
        "source": case.source,
    }


def _ran_case(outcome: Outcome) -> dict[str, Any]:
    evidence = outcome.evidence
    return {
        **_head(outcome.batch.case),
        "verdict": "passed" if outcome.passed else "failed",
        "seconds": round(outcome.seconds, 1),
        "items": _items(outcome.rows),
        "findings": [{"zh": zh, "en": en} for zh, en in outcome.findings],
        "alerts": [{"kind": a.kind, "zh": a.text_zh, "en": a.text_en, "count": a.count} for a in evidence.alerts],
        "messages": [message.as_json() for message in (*evidence.sent, *evidence.received)],
        "left_out": list(outcome.batch.case.left_out),
        "reason": None,
    }


def _not_run(zh: str, en: str) -> dict[str, Any]:
    return {
        "verdict": "not run",
        "seconds": 0.0,
        "items": [],
        "findings": [],
        "alerts": [],
        "messages": [],
        "left_out": [],
        "reason": {"zh": zh, "en": en},
    }


def _items(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Equal neighbours as one line with their number."""
    return [
        {
            "label": row.label,
            "items": count,
            "expected": _words(row.expected),
            "got": _words(row.got),
            "credited": row.credited,
            "returned": row.returned,
            "right": row.right,
        }
        for row, count in runs(list(rows))
    ]


def _words(expected: Expected) -> dict[str, str | None]:
    return {
        "outcome": str(expected.becomes),
        "reason": expected.reason,
        "remedy": expected.remedy,
        "raw": expected.raw,
    }
