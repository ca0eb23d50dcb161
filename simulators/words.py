"""What a bank's raw codes mean (银行代码): read from its code table in this side's own small way.

The gateway maps raw codes to meanings; a simulated bank goes the other way and must choose one code where several
fit: the one that ``config/simulators/banks/<bank>.yaml`` names, else the first of the table.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from messages.outcome import Outcome, Reason
from simulators.answers import Status

_FILE: Final = "file:"
_ANY: Final = "*"
_OUTCOMES: Final = {
    Status.PAID: Outcome.PAID,
    Status.FAILED: Outcome.FAILED,
    Status.PROCESSING: Outcome.ACCEPTED,
    Status.RETURNED: Outcome.RETURNED,
}
_MEANINGS: Final = frozenset(reason.value for reason in Reason)


class WordsMissing(ValueError):
    """The code table has no code for what the bank must say."""


@dataclass(frozen=True, slots=True)
class Line:
    """One code: raw status, raw reason (empty: any), what both mean, the bank's words for it."""

    status: str
    reason: str
    outcome: str
    meaning: str
    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """The codes of one bank; ``chosen`` prefers a raw status for an item's Status or a file's Outcome."""

    items: tuple[Line, ...]
    files: tuple[Line, ...]
    chosen: Mapping[str, str] = field(default_factory=dict)
    chosen_for_files: Mapping[str, str] = field(default_factory=dict)

    def item(self, status: Status, code: str | None) -> Line:
        """How this bank says ``status`` with the raw reason ``code``; raises WordsMissing."""
        fitting = [line for line in self.items if line.outcome == _OUTCOMES[status]]
        if code is not None:
            for line in fitting:
                if line.reason == code or (line.status == code and not line.reason):
                    return line
        preferred = self.chosen.get(status)
        candidates = [line for line in fitting if preferred in (None, line.status)]
        plain = [line for line in candidates if not line.reason]
        if not candidates:
            raise WordsMissing(f"the code table has no status that means {_OUTCOMES[status]}")
        return (plain or candidates)[0] if code is None or plain else candidates[0]

    def file(self, outcome: Outcome, code: str | None = None) -> Line:
        """How this bank says what became of a whole file; ``code`` is a raw reason or status; raises WordsMissing."""
        fitting = [line for line in self.files if line.outcome == outcome and line.status != _ANY]
        if code is not None:
            for line in fitting:
                if code in (line.reason, line.status):
                    return line
            if not any(line.reason for line in fitting):  # the status is all that this bank's refusals have
                return Line(code, "", outcome, "", "")
        preferred = self.chosen_for_files.get(outcome)
        fitting = [line for line in fitting if preferred in (None, line.status)]
        if not fitting:
            raise WordsMissing(f"the code table has no 'file:' status that means {outcome}")
        return next((line for line in fitting if not line.reason), fitting[0])

    def refusal(self, meaning: Reason) -> str:
        """The raw code under which a whole file is refused for ``meaning``; any refusal's where none fits better."""
        refusals = [line for line in self.files if line.outcome == Outcome.FAILED and line.status != _ANY]
        for line in sorted(refusals, key=lambda line: line.meaning != meaning):
            return line.reason or line.status
        raise WordsMissing("the code table has no 'file:' status that means FAILED")

    def failing_code(self) -> str:
        """Some code of a failure: that of an account that does not exist, where the table has one."""
        try:
            return self.code_for(Reason.ACCT_NOT_FOUND, Status.FAILED)[0]
        except WordsMissing:
            line = self.item(Status.FAILED, None)
            return line.reason or line.status

    def code_for(self, code: str, status: Status | None) -> tuple[str, str]:
        """(raw code, the bank's words) for a script's ``code``, which is raw or a canonical reason.

        ``status`` null: the refusal of a whole file. Raises WordsMissing.
        """
        outcome = Outcome.FAILED if status is None else _OUTCOMES[status]
        wanted = [outcome, Outcome.FAILED]  # where returns have no codes of their own, they come with those of failures
        lines = [line for line in (self.files if status is None else self.items) if line.outcome in wanted]
        lines.sort(key=lambda line: line.outcome != outcome)
        if code not in _MEANINGS or any(code in (line.reason, line.status) for line in lines):
            return code, ""
        for line in lines:
            if line.meaning == code and line.status != _ANY:
                return line.reason or line.status, line.text
        raise WordsMissing(f"code {code!r}: this bank's code table has no {outcome} code that means it")


def read_words(path: Path, chosen: Mapping[str, str], chosen_for_files: Mapping[str, str]) -> Words:
    """The table at ``path``; raises WordsMissing where a column is missing or a line is short."""
    items: list[Line] = []
    files: list[Line] = []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for line in _lines(csv.DictReader(lines, strict=True), path):
            whole = line.status.startswith(_FILE)
            (files if whole else items).append(line)
    stripped = [
        Line(line.status.removeprefix(_FILE), line.reason, line.outcome, line.meaning, line.text) for line in files
    ]
    return Words(tuple(items), tuple(stripped), dict(chosen), dict(chosen_for_files))


def _lines(rows: Iterable[dict[str, str]], path: Path) -> Iterable[Line]:
    for number, row in enumerate(rows, 2):
        try:
            values = [row[name].strip() for name in ("status_raw", "reason_raw", "outcome", "reason", "text_zh")]
        except (KeyError, AttributeError):
            raise WordsMissing(f"{path}:{number}: has not the columns of a code table") from None
        yield Line(*values)
