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
from gateway.certify.evidence import Books, Evidence
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
    """One gateway, called by its API and read by its store."""

    def __init__(self, caller: Caller, books: Books, wait_seconds: float, told: Progress, *, nameless: bool):
        """``nameless``: the bank sends messages whose names tell no instruction."""
        self._caller, self._books, self._wait, self._told = caller, books, wait_seconds, told
        self._nameless = nameless
        self._began: dict[str, float] = {}
        self._seconds: dict[str, float] = {}
        self._missed: set[str] = set()

    def submit(self, batches: Iterable[CaseBatch]) -> None:
        """Hand in every case's batch; raises ApiRefused."""
        with ThreadPoolExecutor(TOGETHER) as together:
            list(together.map(self._submit, batches))

    def _submit(self, batch: CaseBatch) -> None:
        self._began[batch.case.id] = time.monotonic()
        self._caller.submit_case(batch)

    def watch_first(self, batches: Iterable[CaseBatch]) -> None:
        """Until every case is as it must be before the bank's later words; what never came to be so is remembered."""
        open_cases, ends = list(batches), time.monotonic() + self._wait
        while open_cases and time.monotonic() < ends:
            open_cases = [batch for batch in open_cases if not self._stands(batch)]
            time.sleep(LOOK_SECONDS if open_cases else 0)
        self._missed |= {batch.case.id for batch in open_cases if batch.case.in_two_steps}

    def _stands(self, batch: CaseBatch) -> bool:
        if not batch.case.in_two_steps:
            return as_expected(batch.case, self._caller.status(batch.batch_no)) and self._alerted(batch, late=False)
        items = self._caller.items(batch.batch_no)
        rejected = set(self._caller.rejected(batch.batch_no)) if len(items) < len(batch.case.lines) else set()
        return stands_meanwhile(batch, items, rejected) and self._alerted(batch, late=False)

    def watch(self, batches: Iterable[CaseBatch]) -> None:
        """Until every case is as it must be, or the time is over."""
        open_cases, ends = list(batches), time.monotonic() + self._wait
        while open_cases and time.monotonic() < ends:
            open_cases = [batch for batch in open_cases if not self._arrived(batch)]
            time.sleep(LOOK_SECONDS if open_cases else 0)
        for batch in open_cases:
            self._seconds[batch.case.id] = time.monotonic() - self._began[batch.case.id]
            self._told(batch, False)

    def _arrived(self, batch: CaseBatch) -> bool:
        if not as_expected(batch.case, self._caller.status(batch.batch_no)):
            return False
        if not self._alerted(batch, late=True):
            return False
        self._seconds[batch.case.id] = time.monotonic() - self._began[batch.case.id]
        self._told(batch, True)
        return True

    def _alerted(self, batch: CaseBatch, *, late: bool) -> bool:
        """Whether the alerts that the case wants are there, those of its second step too if ``late``."""
        wanted = [one for one in batch.case.wanted if late or not one.late]
        if not wanted:
            return True
        every = self._books.alerts()
        kinds = {alert.kind for alert in every if batch.reference in alert.key}
        others = tuple((alert.kind, alert.key) for alert in every)
        return all(raised(one, kinds, others if one.words or self._nameless else ()) for one in wanted)

    def conclude(self, batches: list[CaseBatch], ledger: Ledger | None) -> list[Outcome]:
        """The verdicts, from what stands now."""
        evidence = self._books.evidence(batches)
        references = [batch.reference for batch in batches]
        others = tuple(
            (alert.kind, alert.key)
            for alert in self._books.alerts()
            if not any(reference in alert.key for reference in references)
            and (self._nameless or alert.kind == "unmapped-code")
        )
        return [self._concluded(batch, evidence[batch.case.id], others, ledger) for batch in batches]

    def _concluded(
        self, batch: CaseBatch, evidence: Evidence, others: tuple[tuple[str, str], ...], ledger: Ledger | None
    ) -> Outcome:
        status = self._caller.status(batch.batch_no)
        items = self._caller.items(batch.batch_no)
        rejected = self._caller.rejected(batch.batch_no) if status["rejected"]["items"] else {}
        seen = Seen(status, items, rejected, evidence, others, ledger)
        missed = (MISSED,) if batch.case.id in self._missed else ()
        findings, found = (*missed, *judge(batch, seen)), tuple(rows(batch, seen))
        return Outcome(batch, findings, found, evidence, self._seconds.get(batch.case.id, 0.0))
