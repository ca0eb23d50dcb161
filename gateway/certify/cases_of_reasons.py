"""Cases made from the code table (原因代码用例): every reason for which an item fails or comes back, item by item."""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapters.code_rows import FILE, CodeRow
from gateway.certify.cases import LATER_SECONDS, Becomes, Case, Expected, Group, Line, Wanted
from gateway.certify.subject import Subject
from messages.outcome import Outcome, Reason, Remedy

_SAYABLE = re.compile(r"[0-9A-Za-z_]{1,35}")
"""What a script of the simulator may give as a raw code; others it can only give by their meaning."""
_RETURNED_IN_STATUS = {"iso20022": "RTRN"}
"""Dialects whose status report has one code for all returns; the others of the table stand in account messages."""
_SOURCE = "应答码对照表 · code table config/codes/{}.csv"


def reason_cases(subject: Subject) -> Iterator[Case]:
    """One case of failures, one of returns, each with a line for every code; and one with a code of no table."""
    source = _SOURCE.format(subject.profile.code_table)
    failures = [row for row in subject.codes if row.outcome is Outcome.FAILED and not row.status_raw.startswith(FILE)]
    returns = [row for row in subject.codes if row.outcome is Outcome.RETURNED and not row.status_raw.startswith(FILE)]
    only = _RETURNED_IN_STATUS.get(subject.profile.dialect)
    said_back = [row for row in returns if only in (None, row.reason_raw)]
    yield Case(
        "reasons-failed",
        Group.REASONS,
        "各失败原因代码",
        "every reason for a failure",
        "每个失败代码译为规定的原因与处理方式，保留银行原码；失败明细不入账",
        "each failure code becomes its reason and remedy, the bank's own code is kept, nothing is credited",
        source,
        tuple(_failure(row, code) for row, code in _sayable(failures)),
        left_out=_unsaid(failures, failures),
        impossible=None if failures else ("代码表没有失败代码", "the code table has no codes of failures"),
    )
    yield Case(
        "reasons-returned",
        Group.REASONS,
        "各退汇原因代码",
        "every reason for a return",
        "入账后退回的明细记为退汇，译为规定的原因，双方账簿均先入后退",
        "an item that comes back is RETURNED with its reason, credited and given back in both books",
        source,
        tuple(_return(row, code) for row, code in _sayable(said_back)),
        left_out=_unsaid(returns, said_back),
        impossible=None if said_back else ("代码表没有退汇代码", "the code table has no codes of returns"),
    )
    yield _unlisted(source, failures)


def _sayable(rows: list[CodeRow]) -> Iterator[tuple[CodeRow, str]]:
    """(row, what a script says for it), each raw code once: where two statuses share a reason, the table's first."""
    said: set[str] = set()
    for row in rows:
        raw = row.reason_raw or row.status_raw
        if raw in said:
            continue
        said.add(raw)
        if _SAYABLE.fullmatch(raw):
            yield row, raw
        elif row.reason is not None and row.reason not in said:
            yield row, row.reason
        if row.reason is not None:
            said.add(row.reason)


def _unsaid(rows: list[CodeRow], sayable: list[CodeRow]) -> tuple[str, ...]:
    said = [row for row, _ in _sayable(sayable)]
    return tuple(_label(row) for row in rows if row not in said)


def _failure(row: CodeRow, code: str) -> Line:
    expected = Expected(Becomes.FAILED, row.reason, row.remedy, row.reason_raw or None)
    return Line(_label(row), expected, action={"do": "failed", "code": code})


def _return(row: CodeRow, code: str) -> Line:
    expected = Expected(Becomes.RETURNED, row.reason, row.remedy, row.reason_raw or None)
    action = {"do": "returned-late", "seconds": LATER_SECONDS, "code": code}
    return Line(_label(row), expected, frozenset({Becomes.PAID}), action)


def _label(row: CodeRow) -> str:
    return f"{row.status_raw}/{row.reason_raw or '-'} {row.text_zh}"


def _unlisted(source: str, failures: list[CodeRow]) -> Case:
    code = unlisted_code({row.reason_raw for row in failures} | {row.status_raw for row in failures})
    expected = Expected(Becomes.FAILED, Reason.OTHER, Remedy.CORRECT_AND_REISSUE)
    return Case(
        "reason-unlisted",
        Group.REASONS,
        "代码表以外的原因代码",
        "a reason that no table lists",
        "未列明的原因记为其他并告警，状态不因此改变",
        "a reason that is not listed becomes OTHER and somebody is told",
        source,
        (Line("paid"), Line(f"unlisted {code}", expected, action={"do": "failed", "code": code})),
        wanted=(Wanted(("unmapped-code",), (code,)),),
    )


def unlisted_code(known: set[str]) -> str:
    """A code in the shape of the table's own that it does not have."""
    shapes = sorted((raw for raw in known if _SAYABLE.fullmatch(raw)), key=lambda raw: (-len(raw), raw))
    for raw in shapes or ["RJ01"]:
        made = re.sub(r"[0-9]", "7", re.sub(r"[A-Za-z]", "Z", raw))
        if made not in known:
            return made
    return "ZZ77"
