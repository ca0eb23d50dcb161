"""One case as the platform submits it (用例批次): header, items, and the names that all of it has on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

import polars as pl

from gateway.certify.cases import Case
from gateway.certify.payees import items_of
from messages.batch.numbering import batch_reference, message_id
from simulators.projects import Project
from simulators.roster_header import header_of


@dataclass(frozen=True, slots=True)
class Origin:
    """Who submits and how: everything about a run that its batches share."""

    gateway_code: str
    client: str
    run: str  # no two runs against one gateway have the same
    day: date
    paying_bank_code: str
    project: Project
    header: dict[str, Any] | None = None  # a header as the bank's testers want it; the rest is filled in


@dataclass(frozen=True, slots=True)
class CaseBatch:
    """A case, its batch and what it is called."""

    case: Case
    header: dict[str, Any]
    items: pl.DataFrame
    reference: str

    @property
    def batch_no(self) -> str:
        """The platform's number."""
        return str(self.header["batch_no"])

    @property
    def message_ids(self) -> list[str]:
        """The instructions that it may make: their names are known before anything is sent."""
        return [message_id(self.reference, number) for number in range(max(2, self.case.files))]

    def content(self) -> bytes:
        """The items as NDJSON."""
        written = BytesIO()
        self.items.write_ndjson(written)
        return written.getvalue()


def batches_of(origin: Origin, cases: tuple[Case, ...]) -> list[CaseBatch]:
    """One batch a case; no account is used twice."""
    made, first = [], 0
    for number, case in enumerate(cases):
        items = items_of(case, origin.paying_bank_code, first)
        made.append(_batch(origin, case, number, items))
        first += items.height
    return made


def _batch(origin: Origin, case: Case, number: int, items: pl.DataFrame) -> CaseBatch:
    total = int(items["amount_fen"].sum())
    base = origin.header or header_of(origin.project, 0, 0, origin.day, items.height, total, prefunded=False)
    header = {
        **base,
        "batch_no": f"CERT-{origin.run}-{number:03d}",
        "voucher_no": f"CERT{origin.run}{number:03d}",
        "funding_model": "ZERO_BALANCE",
        "requested_on": origin.day.isoformat(),
        "declared_count": items.height,
        "declared_total_fen": total,
    }
    header["paying_account"] = {**header["paying_account"], "bank_code": origin.paying_bank_code}
    reference = batch_reference(origin.gateway_code, origin.client, header["batch_no"])
    return CaseBatch(case, header, items, reference)
