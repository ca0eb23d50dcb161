"""Running the cases (执行): submit them, watch until each is as it must be, and look at everything once more at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from gateway.certify.batch import CaseBatch
from gateway.certify.caller import Caller
from gateway.certify.cases import NotRun
from gateway.certify.evidence import Books, Evidence, Look
from gateway.certify.judging import Finding, Row, Seen, as_expected, judge, raised, rows, stands_meanwhile

TOGETHER: Final = 3
LOOK_SECONDS: Final = 0.5
MISSED: Final[Finding] = (
    "银行后续报文之前的状态或告警不符合要求",
    "before the bank's later words, its items or alerts were not as they must be",
)
Ledger = Mapping[str, dict[str, Any]]
Progress = Callable[[CaseBatch, bool], None]
"""Told when a case is as it must be (True), or that it never came to be so (False)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case; ``findings`` empty: passed."""

    batch: CaseBatch
    findings: tuple[Finding, ...]
    rows: tuple[Row, ...]
    evidence: Evidence
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether all was as it must be."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class Ran:
    """A whole run."""

    outcomes: tuple[Outcome, ...]
    not_run: tuple[NotRun, ...]
    ledger: dict[str, int] | None  # the bank's own books in figures
    seconds: float

    @property
    def failed(self) -> int:
        """How many cases failed."""
        return sum(not outcome.passed for outcome in self.outcomes)


class Run:
    """One gateway, called by its API and read by its store, and the cases that it is given."""

    def __init__(self, caller: Caller, books: Books, batches: list[CaseBatch], wait_seconds: float, told: Progress):
        """A gateway in use is looked at less often than one that is there for the run alone: see ``look_seconds``."""
        self._caller, self._books, self._batches = caller, books, batches
        self.look_seconds = LOOK_SECONDS
        self._wait, self._told = wait_seconds, told
        self._began: dict[str, float] = {}
        self._seconds: dict[str, float] = {}
        self._missed: set[str] = set()

    def submit(self, batches: Iterable[CaseBatch]) -> None:
        """Hand in these cases' batches; raises ApiRefused."""
        with ThreadPoolExecutor(TOGETHER) as together:
            list(together.map(self._submit, batches))

    def _submit(self, batch: CaseBatch) -> None:
        self._began[batch.case.id] = time.monotonic()
        self._caller.submit_case(batch)

    def watch_first(self, batches: Iterable[CaseBatch]) -> None:
        """Until all are as they must be before the bank's later words; what never came to be so is remembered."""
        left = self._until(self._stands, batches)
        self._missed |= {batch.case.id for batch in left if batch.case.in_two_steps}

    def watch(self, batches: Iterable[CaseBatch]) -> None:
        """Until all are as they must be in the end, or the time is over."""
        for batch in self._until(self._arrived, batches):
            self._settled(batch, False)

    def _until(self, holds: Callable[[CaseBatch, Look], bool], batches: Iterable[CaseBatch]) -> list[CaseBatch]:
        """Those for which it never held."""
        left, ends = list(batches), time.monotonic() + self._wait
        while left and time.monotonic() < ends:
            look = self._books.look(self._batches)
            left = [batch for batch in left if not holds(batch, look)]
            time.sleep(self.look_seconds if left else 0)
        return left

    def _stands(self, batch: CaseBatch, look: Look) -> bool:
        if not batch.case.in_two_steps:
            return as_expected(batch.case, self._caller.status(batch.batch_no)) and _alerted(batch, look, late=False)
        items = self._caller.items(batch.batch_no)
        rejected = set(self._caller.rejected(batch.batch_no)) if len(items) < len(batch.case.lines) else set()
        return stands_meanwhile(batch, items, rejected) and _alerted(batch, look, late=False)

    def _arrived(self, batch: CaseBatch, look: Look) -> bool:
        if not as_expected(batch.case, self._caller.status(batch.batch_no)) or not _alerted(batch, look, late=True):
            return False
        self._settled(batch, True)
        return True

    def _settled(self, batch: CaseBatch, arrived: bool) -> None:
        self._seconds[batch.case.id] = time.monotonic() - self._began[batch.case.id]
        self._told(batch, arrived)

    def conclude(self, ledger: Ledger | None) -> list[Outcome]:
        """The verdicts, from what stands now."""
        look = self._books.look(self._batches)
        others = look.nameless_alerts([batch.reference for batch in self._batches])
        return [self._concluded(batch, look, others, ledger) for batch in self._batches]

    def _concluded(
        self, batch: CaseBatch, look: Look, others: tuple[tuple[str, str], ...], ledger: Ledger | None
    ) -> Outcome:
        status = self._caller.status(batch.batch_no)
        items = self._caller.items(batch.batch_no)
        rejected = self._caller.rejected(batch.batch_no) if status["rejected"]["items"] else {}
        evidence = self._books.evidence(batch, look)
        seen = Seen(status, items, rejected, evidence, others, ledger)
        missed = (MISSED,) if batch.case.id in self._missed else ()
        findings, found = (*missed, *judge(batch, seen)), tuple(rows(batch, seen))
        return Outcome(batch, findings, found, evidence, self._seconds.get(batch.case.id, 0.0))


def _alerted(batch: CaseBatch, look: Look, *, late: bool) -> bool:
    """Whether the alerts that the case wants are there, those of its second step too if ``late``."""
    wanted = [one for one in batch.case.wanted if late or not one.late]
    if not wanted:
        return True
    kinds = {alert.kind for alert in look.alerts_about(batch.reference)}
    others = tuple((alert.kind, alert.key) for alert in look.alerts)
    return all(raised(one, kinds, others) for one in wanted)
