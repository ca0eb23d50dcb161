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
from gateway.certify.judging import Finding, Row, Seen, as_expected, judge, raised, rows

TOGETHER: Final = 3
LOOK_SECONDS: Final = 0.5
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

    def __init__(self, caller: Caller, books: Books, wait_seconds: float, told: Progress):
        self._caller, self._books, self._wait, self._told = caller, books, wait_seconds, told
        self._began: dict[str, float] = {}
        self._seconds: dict[str, float] = {}

    def submit(self, batches: Iterable[CaseBatch]) -> None:
        """Hand in every case's batch; raises ApiRefused."""
        with ThreadPoolExecutor(TOGETHER) as together:
            list(together.map(self._submit, batches))

    def _submit(self, batch: CaseBatch) -> None:
        self._began[batch.case.id] = time.monotonic()
        self._caller.submit_case(batch)

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
        if not as_expected(batch, self._caller.status(batch.batch_no)):
            return False
        if batch.case.wanted and not self._alerted(batch):
            return False
        self._seconds[batch.case.id] = time.monotonic() - self._began[batch.case.id]
        self._told(batch, True)
        return True

    def _alerted(self, batch: CaseBatch) -> bool:
        every = self._books.alerts()
        kinds = {alert.kind for alert in every if batch.reference in alert.key}
        others = tuple((alert.kind, alert.key) for alert in every)
        return all(raised(wanted, kinds, others if wanted.words else ()) for wanted in batch.case.wanted)

    def conclude(self, batches: list[CaseBatch], ledger: Ledger | None, *, nameless: bool) -> list[Outcome]:
        """The verdicts, from what stands now; ``nameless``: this bank's messages need not name an instruction."""
        evidence = self._books.evidence(batches)
        references = [batch.reference for batch in batches]
        others = tuple(
            (alert.kind, alert.key)
            for alert in self._books.alerts()
            if not any(reference in alert.key for reference in references)
            and (nameless or alert.kind == "unmapped-code")
        )
        return [self._concluded(batch, evidence[batch.case.id], others, ledger) for batch in batches]

    def _concluded(
        self, batch: CaseBatch, evidence: Evidence, others: tuple[tuple[str, str], ...], ledger: Ledger | None
    ) -> Outcome:
        status = self._caller.status(batch.batch_no)
        items = self._caller.items(batch.batch_no)
        rejected = self._caller.rejected(batch.batch_no) if status["rejected"]["items"] else {}
        seen = Seen(status, items, rejected, evidence, others, ledger)
        findings, found = tuple(judge(batch, seen)), tuple(rows(batch, seen))
        return Outcome(batch, findings, found, evidence, self._seconds.get(batch.case.id, 0.0))
