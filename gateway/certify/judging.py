"""The verdict on one case (判定): what must have come of it beside what came, in the gateway's books and the bank's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.certify.batch import CaseBatch
from gateway.certify.cases import Becomes, Case, Expected, Line, Wanted
from gateway.certify.evidence import Evidence

STATES: Final = {
    "PAID": Becomes.PAID,
    "FAILED": Becomes.FAILED,
    "RETURNED": Becomes.RETURNED,
    "DISPUTED": Becomes.DISPUTED,
}
"""What the API's item states mean here; every other state is open."""
ALWAYS_TOLERATED: Final = frozenset({"answer-overdue"})
_CREDITED: Final = {
    Becomes.PAID: {(1, 0)},
    Becomes.RETURNED: {(1, 1)},
    Becomes.FAILED: {(0, 0)},
    Becomes.REJECTED: {(0, 0)},
    Becomes.DISPUTED: {(0, 0), (1, 0)},
    Becomes.OPEN: {(0, 0), (1, 0)},
}
"""(times credited, times returned) that the bank's own books may hold for an item that ended so."""

Finding = tuple[str, str]
"""What is wrong: Chinese, English. Never a person's data."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a case looks like from outside at one moment."""

    status: dict[str, Any]  # BatchStatus
    items: dict[str, dict[str, Any]]  # ItemResult by item id
    rejected: dict[str, str]  # finding's code by item id
    evidence: Evidence
    other_alerts: tuple[tuple[str, str], ...] = ()  # (kind, key) of alerts that name no instruction
    ledger: Mapping[str, dict[str, Any]] | None = None  # the bank's own books by reference; null: it shows none


@dataclass(frozen=True, slots=True)
class Row:
    """One item's expectation beside what came of it."""

    label: str
    expected: Expected
    got: Expected
    credited: int | None  # by the bank's own books
    returned: int | None

    @property
    def right(self) -> bool:
        """Whether it ended as it must."""
        wanted, got = self.expected, self.got
        return wanted.becomes is got.becomes and all(
            mine is None or mine == theirs
            for mine, theirs in ((wanted.reason, got.reason), (wanted.remedy, got.remedy), (wanted.raw, got.raw))
        )


def rows(batch: CaseBatch, seen: Seen) -> list[Row]:
    """Every item of the case, in its order."""
    made = []
    for line, item_id in zip(batch.case.lines, batch.items["item_id"], strict=True):
        result = seen.items.get(item_id)
        credited, returned = _booked(result, seen.ledger)
        made.append(Row(line.label, line.expected, _became(result, item_id, seen), credited, returned))
    return made


def _became(result: dict[str, Any] | None, item_id: str, seen: Seen) -> Expected:
    if result is not None:
        becomes = STATES.get(result["state"], Becomes.OPEN)
        return Expected(becomes, result["reason"], result["remedy"], result["reason_raw"])
    if item_id in seen.rejected:
        return Expected(Becomes.REJECTED, seen.rejected[item_id])
    return Expected(Becomes.OPEN)


def _booked(
    result: dict[str, Any] | None, ledger: Mapping[str, dict[str, Any]] | None
) -> tuple[int | None, int | None]:
    if ledger is None:
        return None, None
    booked = ledger.get(result["reference"]) if result is not None else None
    return (0, 0) if booked is None else (int(booked["times"]), int(booked["returned"]))


def judge(batch: CaseBatch, seen: Seen) -> list[Finding]:
    """Everything that is wrong; nothing: the case is passed."""
    return [
        *_whole(seen),
        *_items(batch, seen),
        *_files(batch, seen),
        *_bank_books(batch, seen),
        *_alerts(batch, seen),
    ]


def _whole(seen: Seen) -> Iterator[Finding]:
    for problem in seen.status["problems"]:
        yield f"整批被拒：{problem['code']} {problem['zh']}", f"refused whole: {problem['code']} {problem['en']}"
    if not seen.status["conserved"]:
        yield "网关账不平：申报不等于去向之和", "the gateway's books do not balance"


def _items(batch: CaseBatch, seen: Seen) -> Iterator[Finding]:
    wrong: dict[tuple[str, str, str], int] = {}
    for row in rows(batch, seen):
        if not row.right:
            key = (row.label, str(row.expected), str(row.got))
            wrong[key] = wrong.get(key, 0) + 1
    for (label, expected, got), count in wrong.items():
        yield (
            f"{count} 笔“{label}”应为 {expected}，实为 {got}",
            f"{count} item(s) '{label}' must be {expected} and are {got}",
        )


def _files(batch: CaseBatch, seen: Seen) -> Iterator[Finding]:
    wanted, made = batch.case.files, len(seen.evidence.sent)
    if wanted and made != wanted:
        yield f"应成 {wanted} 份指令，实为 {made} 份", f"{wanted} instruction(s) expected, {made} made"


def _bank_books(batch: CaseBatch, seen: Seen) -> Iterator[Finding]:
    if seen.ledger is None:
        return
    for row in rows(batch, seen):
        booked = (row.credited or 0, row.returned or 0)
        if booked not in _CREDITED[row.got.becomes]:
            yield (
                f"“{row.label}”网关记为 {row.got.becomes}，银行账入账 {booked[0]} 次、退回 {booked[1]} 次",
                f"'{row.label}' is {row.got.becomes} here, and the bank credited it {booked[0]} and took it back "
                f"{booked[1]} time(s)",
            )
    paid = {ref: int(row["amount_fen"]) for row in seen.items.values() if (ref := row["reference"])}
    wrong = [ref for ref, fen in paid.items() if (b := seen.ledger.get(ref)) and b["fen"] != fen * b["times"]]
    if wrong:
        yield f"{len(wrong)} 笔金额与银行账不符", f"{len(wrong)} item(s) have another amount in the bank's books"


def _alerts(batch: CaseBatch, seen: Seen) -> Iterator[Finding]:
    case = batch.case
    kinds = {alert.kind for alert in seen.evidence.alerts}
    for wanted in case.wanted:
        if not raised(wanted, kinds, seen.other_alerts):
            names = " / ".join(wanted.kinds)
            yield f"没有告警 {names}", f"no alert {names}"
    allowed = {kind for wanted in case.wanted for kind in wanted.kinds} | case.tolerated | ALWAYS_TOLERATED
    for kind in sorted(kinds - allowed):
        yield f"不应有的告警 {kind}", f"unexpected alert {kind}"


def raised(wanted: Wanted, kinds: set[str], others: tuple[tuple[str, str], ...]) -> bool:
    """Whether such an alert is there: about the case's batch, or by its words among those that name none."""
    if kinds & set(wanted.kinds):
        return True
    return bool(wanted.words) and any(
        kind in wanted.kinds and all(word in key for word in wanted.words) for kind, key in others
    )


def meanwhile_of(line: Line) -> frozenset[Becomes]:
    """What an item may be before the bank's later words."""
    return line.meanwhile if line.meanwhile is not None else frozenset({line.expected.becomes})


def stands_meanwhile(batch: CaseBatch, items: dict[str, dict[str, Any]], rejected: set[str]) -> bool:
    """Whether every item of a case in two steps stands where it must before the second."""
    states = {item_id: STATES.get(result["state"], Becomes.OPEN) for item_id, result in items.items()}
    states |= dict.fromkeys(rejected, Becomes.REJECTED)
    lines = zip(batch.case.lines, batch.items["item_id"], strict=True)
    return all(states.get(item_id) in meanwhile_of(line) for line, item_id in lines)


def as_expected(case: Case, status: dict[str, Any]) -> bool:
    """Whether the counts are already those that the case must end with."""
    lines = [line.expected.becomes for line in case.lines]
    counts = status["counts"]
    found = {
        Becomes.PAID: counts["paid"]["items"],
        Becomes.FAILED: counts["failed"]["items"],
        Becomes.RETURNED: counts["returned"]["items"],
        Becomes.DISPUTED: counts["disputed"]["items"],
        Becomes.OPEN: sum(counts[name]["items"] for name in ("ready", "in_flight", "unknown")),
        Becomes.REJECTED: status["rejected"]["items"],
    }
    return all(found[becomes] == lines.count(becomes) for becomes in Becomes)
