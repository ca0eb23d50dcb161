"""Shipped banks as subjects of a certification, and what a case looks like from outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.profile_reader import read_profile
from gateway.certify.batch import CaseBatch, Origin, batches_of
from gateway.certify.cases import Case, Group, Line
from gateway.certify.evidence import Evidence
from gateway.certify.judging import Seen
from gateway.certify.simulated import project_of
from gateway.certify.subject import Subject, subject_of
from gateway.setup import config_directory
from gateway.store.records import Alert

BANKS = sorted(path.stem for path in (config_directory() / "banks").glob("*.yaml"))


def subject(bank: str) -> Subject:
    """With few rows a file, as in a run against a simulator."""
    config = config_directory()
    path = config / "banks" / f"{bank}.yaml"
    profile = read_profile(path)
    rows = min(profile.limits.rows_per_file, 300)
    limits = profile.limits.model_copy(update={"rows_per_file": rows})
    return subject_of(config, path, profile.model_copy(update={"limits": limits}), "", 100_000_000)


@pytest.fixture(params=BANKS)
def bank(request) -> Subject:
    """Every shipped bank in turn."""
    return subject(request.param)


@pytest.fixture
def subject_named() -> Callable[[str], Subject]:
    return subject


@pytest.fixture
def origin() -> Origin:
    return Origin("GW01", "platform", "SIM", date(2026, 11, 24), "402738090017", project_of(config_directory()))


@pytest.fixture
def a_case() -> Callable[..., Case]:
    def made(*lines: Line, **more: Any) -> Case:
        return Case("case", Group.PAYMENT, "用例", "a case", "证明", "proves", "source", lines, **more)

    return made


@pytest.fixture
def batched(origin) -> Callable[[Case], CaseBatch]:
    return lambda case: batches_of(origin, (case,))[0]


@pytest.fixture
def alert() -> Callable[[str, str], Alert]:
    return lambda kind, key: Alert(hash((kind, key)), kind, key, f"告警 {key}", f"alert {key}", 0, 1)


@pytest.fixture
def as_seen() -> Callable[..., Seen]:
    """What a batch looks like whose items are in ``states``; booked accordingly unless ``ledger`` says otherwise."""

    def made(batch: CaseBatch, *states: str, ledger: Any = "as paid", alerts: tuple[Alert, ...] = (), **more: Any):
        items, booked = {}, {}
        for number, (state, row) in enumerate(zip(states, batch.items.rows(named=True), strict=True)):
            reference = f"{batch.reference}{number:08d}"
            items[row["item_id"]] = {
                "state": state,
                "reason": more.get("reason"),
                "remedy": more.get("remedy"),
                "reason_raw": more.get("raw"),
                "reference": reference,
                "amount_fen": row["amount_fen"],
            }
            times, back = int(state in ("PAID", "RETURNED")), int(state == "RETURNED")
            booked[reference] = {"times": times, "fen": times * row["amount_fen"], "returned": back}
        status = {"problems": more.get("problems", []), "conserved": more.get("conserved", True)}
        evidence = Evidence(alerts, tuple(more.get("sent", (None,))), ())
        shown = booked if ledger == "as paid" else ledger
        return Seen(status, items, more.get("rejected", {}), evidence, more.get("others", ()), shown)

    return made


@pytest.fixture
def accounts(tmp_path) -> Callable[..., Path]:
    def written(*lines: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "accounts.csv"
        path.write_bytes("\n".join(lines).encode(encoding))
        return path

    return written
