"""A bank's code table (应答码对照表): its status and reason codes to our outcomes, reasons and remedies.

An unmapped *reason* of a known failure is OTHER, an unmapped *status* is UNKNOWN, never success and
never failure; both are flagged, so that somebody completes the table (facts B.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from adapters.code_rows import ANY, FILE, CodeRow, read_code_rows
from messages.outcome import Outcome, Reason, Remedy

DECODED_SCHEMA: Final = {
    "outcome": pl.String(),
    "reason": pl.String(),
    "remedy": pl.String(),
    "mapped": pl.Boolean(),
}
"""What ``CodeTable.apply`` adds: Outcome, Reason or null, Remedy or null, and whether the table has the pair."""

_WITH_REASON: Final = frozenset({Outcome.FAILED, Outcome.RETURNED})


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one status and reason of the bank mean."""

    outcome: Outcome
    reason: Reason | None
    remedy: Remedy | None
    mapped: bool


_UNREADABLE: Final = Decoded(Outcome.UNKNOWN, None, None, mapped=False)


class CodeTable:
    """One bank's codes; immutable."""

    def __init__(self, rows: Iterable[CodeRow]):
        self._rows: Final[Mapping[tuple[str, str], CodeRow]] = {(row.status_raw, row.reason_raw): row for row in rows}

    @classmethod
    def read(cls, path: Path) -> CodeTable:
        """The table at ``path`` (CSV); raises ConfigurationRefused with all problems at once."""
        return cls(read_code_rows(path))

    def decode(self, status_raw: str | None, reason_raw: str | None) -> Decoded:
        """One item's status and reason: the exact pair, else any reason with that status, else UNKNOWN."""
        status = (status_raw or "").strip()
        return _UNREADABLE if status.startswith(FILE) else self._decode(status, (reason_raw or "").strip())

    def _decode(self, status: str, reason: str) -> Decoded:
        exact, general = self._rows.get((status, reason)), self._rows.get((status, ""))
        if exact is not None:
            return _decoded(exact, mapped=True)
        if general is not None:
            unknown_reason = general.outcome in _WITH_REASON and general.reason in (None, Reason.OTHER)
            return _decoded(general, mapped=not unknown_reason)
        outcomes = {row.outcome for (known, _), row in self._rows.items() if known == status}
        if len(outcomes) == 1 and outcomes <= _WITH_REASON:
            return Decoded(outcomes.pop(), Reason.OTHER, Remedy.CORRECT_AND_REISSUE, mapped=False)
        return _UNREADABLE

    def apply(self, rows: pl.DataFrame) -> pl.DataFrame:
        """``rows`` with ``DECODED_SCHEMA`` columns added; needs ``status_raw`` and ``reason_raw``, keeps order."""
        pairs = rows.select("status_raw", "reason_raw").unique()
        decoded = [self.decode(status, reason) for status, reason in pairs.iter_rows()]
        known = pairs.with_columns(
            pl.Series("outcome", [d.outcome.value for d in decoded], dtype=pl.String),
            pl.Series("reason", [d.reason and d.reason.value for d in decoded], dtype=pl.String),
            pl.Series("remedy", [d.remedy and d.remedy.value for d in decoded], dtype=pl.String),
            pl.Series("mapped", [d.mapped for d in decoded], dtype=pl.Boolean),
        )
        return rows.join(known, on=["status_raw", "reason_raw"], how="left", nulls_equal=True, maintain_order="left")

    def file(self, status_raw: str | None, reason_raw: str | None = None) -> Decoded:
        """What a bank's word about a whole file means (rows ``file:<status>``; ``file:*`` is any other status)."""
        status = FILE + (status_raw or "").strip()
        if any(known == status for known, _ in self._rows):
            return self._decode(status, (reason_raw or "").strip())
        return self._decode(FILE + ANY, "")

    def file_status(self, raw: str) -> Outcome:
        """The outcome that a file-level status means; UNKNOWN where the table does not have it."""
        return self.file(raw).outcome

    def reason(self, status_raw: str | None, reason_raw: str | None) -> Reason | None:
        """Why a bank refused a whole file; null where it did not or the table does not say."""
        return self.file(status_raw, reason_raw).reason

    def remedy(self, status_raw: str | None, reason_raw: str | None) -> Remedy | None:
        """What can be done about a file that was refused whole."""
        return self.file(status_raw, reason_raw).remedy


def _decoded(row: CodeRow, *, mapped: bool) -> Decoded:
    reason = row.reason or (Reason.OTHER if row.outcome in _WITH_REASON else None)
    return Decoded(row.outcome, reason, row.remedy, mapped)
