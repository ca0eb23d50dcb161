"""Cases about refusing (拒绝用例): a file that the bank refuses, and messages of the bank that must not be believed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from adapters.code_rows import ANY, FILE, CodeRow
from gateway.certify.cases import LATER_SECONDS, PAID, Becomes, Case, Expected, Group, Line, Wanted
from gateway.certify.subject import Subject
from messages.outcome import Outcome, Reason

_QUARANTINED = "message-quarantined"
_OPEN = frozenset({Becomes.OPEN})
_UNTOUCHED = (Line("item", PAID, _OPEN), Line("item", PAID, _OPEN))
_FIRST_UNTOUCHED = (Line("item", PAID, _OPEN), Line("item", PAID, frozenset({Becomes.OPEN, Becomes.PAID})))
"""Where single rows are wrong: the others of the message may count."""
_AT_ONCE = (Line("item"), Line("item"))


class _Spoilt(NamedTuple):
    how: str
    zh: str
    en: str
    kinds: tuple[str, ...]  # alerts, any of them; empty: none need be raised
    tolerated: tuple[str, ...] = ()
    lines: tuple[Line, ...] = _UNTOUCHED


_SPOILT = (
    _Spoilt("bad-signature", "签名不符", "a signature that does not verify", (_QUARANTINED,)),
    _Spoilt("missing-signature", "没有签名", "no signature", (_QUARANTINED,)),
    _Spoilt("truncated", "报文截断", "half a message", (), (_QUARANTINED,)),
    _Spoilt("garbled", "含有不可识别的字节", "octets that are no characters", (_QUARANTINED,)),
    _Spoilt("wrong-encoding", "使用了其他字符集", "another encoding", (_QUARANTINED,)),
    _Spoilt("wrong-total", "合计与明细不符", "a total that is wrong", (_QUARANTINED,)),
    _Spoilt(
        "wrong-amount", "明细金额不符", "another amount", ("result-amount-mismatch", _QUARANTINED), (), _FIRST_UNTOUCHED
    ),
    _Spoilt(
        "unknown-item",
        "含有未知明细",
        "an item that nobody sent",
        ("result-unknown-item", _QUARANTINED),
        (),
        _FIRST_UNTOUCHED,
    ),
)


def refusal_cases(subject: Subject) -> Iterator[Case]:
    """Whole files that the bank refuses, one a reason; then every kind of broken result, repaired afterwards."""
    for row in _refusals(subject.codes):
        yield _refused(subject, row)
    for spoilt in _SPOILT:
        yield _spoilt(subject, spoilt)
    if subject.profile.by_files:
        yield _conflict(subject)


def _refusals(codes: tuple[CodeRow, ...]) -> Iterator[CodeRow]:
    """The first code of each reason; a refusal as duplicate is no failure: the bank has it already."""
    seen = {Reason.DUPLICATE}
    for row in codes:
        whole = row.status_raw.startswith(FILE) and row.status_raw != FILE + ANY
        if whole and row.outcome is Outcome.FAILED and row.reason is not None and row.reason not in seen:
            seen.add(row.reason)
            yield row


def _refused(subject: Subject, row: CodeRow) -> Case:
    code = row.reason_raw or row.status_raw.removeprefix(FILE)
    expected = Expected(Becomes.FAILED, row.reason, row.remedy)
    return Case(
        f"refused-{str(row.reason).lower().replace('_', '-')}",
        Group.REFUSALS,
        f"整份指令被拒：{row.text_zh}",
        f"the whole file is refused: {row.text_en}",
        "全部明细记为失败并附原因，告警，银行未入账",
        "all its items fail with the reason, somebody is told, nothing is credited",
        f"应答码对照表 · code table config/codes/{subject.profile.code_table}.csv {row.status_raw}",
        (Line(f"code {code}", expected),) * 2,
        ({"do": "refuse-file", "code": code},),
        (Wanted(("instruction-refused",)),),
    )


def _spoilt(subject: Subject, spoilt: _Spoilt) -> Case:
    # A file without a signature beside it is not fetched at all, and said to be missing after a minute.
    unfetched = spoilt.how == "missing-signature" and subject.profile.by_files
    return Case(
        f"result-{spoilt.how}",
        Group.REFUSALS,
        f"结果报文有误：{spoilt.zh}",
        f"a broken result: {spoilt.en}",
        "有误的报文或行不改变任何明细，原样保存并告警；更正后的结果照常受理",
        "what is broken moves nothing, is kept and told; the corrected result counts",
        "资金规则 2 · money rule 2; 报文隔离 quarantine (docs/operations.md)",
        spoilt.lines,
        ({"do": "spoil-result", "how": spoilt.how, "repair_after": LATER_SECONDS},),
        () if unfetched or not spoilt.kinds else (Wanted(spoilt.kinds),),
        frozenset({*spoilt.tolerated, *(["signature-missing"] if unfetched else [])}),
    )


def _conflict(subject: Subject) -> Case:
    return Case(
        "result-other-content-same-name",
        Group.REFUSALS,
        "同名结果文件内容不同",
        "other content under a name that is taken",
        "后来的内容隔离并告警，不覆盖已受理的结果",
        "the later content is kept apart and told, and overrides nothing",
        "资金规则 2 · money rule 2",
        _AT_ONCE,
        ({"do": "spoil-result", "how": "other-content-same-name", "repair_after": LATER_SECONDS},),
        (Wanted(("result-file-conflict",), late=True),),
        impossible=subject.name_taken_once,
    )
