"""What is allowed and probably not meant (核对提示): warnings about a profile that the gateway would take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters.code_rows import ANY, FILE, CodeRow, read_code_rows
from adapters.profile import BankProfile
from adapters.profile_reader import beside
from adapters.registry import DIALECTS
from messages.layout.positions import Problem, read_document
from messages.layout.vocabulary import MessageName
from messages.outcome import Outcome

ISO_FILE_STATUSES: Final = ("ACCP", "ACSC", "ACSP", "ACTC", "PART", "PDNG", "RCVD", "RJCT")
ISO_ITEM_STATUSES: Final = ("ACCP", "ACSC", "ACSP", "ACTC", "PDNG", "RJCT")
"""The statuses of pain.002 that a bank of the standard may write."""

_WITH_REASON: Final = frozenset({Outcome.FAILED, Outcome.RETURNED})


def doubts(path: Path, profile: BankProfile) -> Iterator[Problem]:
    """Warnings about the profile at ``path``, which was read without faults, and about its code table."""
    document = read_document(path)
    for key, what, remedy in _profile_doubts(profile):
        yield document.problem(key, what, remedy)
    table = beside(path, "codes", profile.code_table, ".csv")
    rows = read_code_rows(table)
    for what, remedy in (*_file_doubts(profile, rows), *_item_doubts(profile, rows)):
        yield Problem(str(table), 1, 1, "(codes)", what, remedy)
    yield from _open_reasons(table, rows)


def _profile_doubts(profile: BankProfile) -> Iterator[tuple[tuple[str, ...], str, str]]:
    dialect = DIALECTS.get(profile.dialect)
    if dialect is None:
        yield ("dialect",), f"this gateway has no dialect {profile.dialect} yet", "choose one that it has"
    elif (most := dialect.rows_per_file(profile)) < profile.limits.rows_per_file:
        what = f"{profile.limits.rows_per_file} rows are more than a file can hold: it holds {most}"
        yield ("limits", "rows_per_file"), what, f"write {most}, or raise bytes_per_file or the counters' widths"
    if "pays" in profile.roles and not profile.serves.bank_codes:
        what = "no 行号 prefix is served: no prefunded item will be sent to this bank"
        yield ("serves",), what, "name the prefixes, if it is meant to pay"


def _file_doubts(profile: BankProfile, rows: list[CodeRow]) -> Iterator[tuple[str, str]]:
    statuses = {row.status_raw.removeprefix(FILE): row.outcome for row in rows if row.status_raw.startswith(FILE)}
    if profile.dialect == "iso20022":
        for status in ISO_FILE_STATUSES:
            if status not in statuses and ANY not in statuses:
                yield f"file status {status} of the standard is not mapped: UNKNOWN", f"add a row {FILE}{status}"
    elif _acknowledges(profile) and Outcome.ACCEPTED not in statuses.values():
        yield "no file status means that a file was taken: every acknowledgement is UNKNOWN", f"add a row {FILE}..."
    if profile.asked_by in {"path", "message"} and Outcome.ABSENT not in statuses.values():
        what = "no file status means that the bank never received an instruction: one that was lost stays UNKNOWN"
        yield what, f"add a row {FILE}<status> with the outcome ABSENT"


def _item_doubts(profile: BankProfile, rows: list[CodeRow]) -> Iterator[tuple[str, str]]:
    items = {(row.status_raw, row.outcome) for row in rows if not row.status_raw.startswith(FILE)}
    outcomes, statuses = {outcome for _, outcome in items}, {status for status, _ in items}
    wanted = {Outcome.PAID: "was paid", Outcome.FAILED: "was not paid", Outcome.RETURNED: "came back"}
    for outcome, words in wanted.items():
        if outcome not in outcomes and (outcome is not Outcome.RETURNED or _returns(profile)):
            yield f"no status means that an item {words}: it would be UNKNOWN", f"add a row with the outcome {outcome}"
    if profile.dialect == "iso20022":
        for status in ISO_ITEM_STATUSES:
            if status not in statuses:
                yield f"status {status} of the standard is not mapped: UNKNOWN", f"add a row {status}"


def _open_reasons(table: Path, rows: list[CodeRow]) -> Iterator[Problem]:
    """A status that is only known with reasons: one without, or with another, would not be explained."""
    general = {row.status_raw for row in rows if not row.reason_raw}
    told: set[str] = set()
    for number, row in enumerate(rows, 2):
        if row.status_raw in general | told or row.outcome not in _WITH_REASON:
            continue
        told.add(row.status_raw)
        what = f"status {row.status_raw} is mapped with reasons only: without one it is OTHER and raises an alert"
        yield Problem(
            str(table), number, 1, row.status_raw, what, f"add a row {row.status_raw},,{row.outcome},OTHER,..."
        )


def _acknowledges(profile: BankProfile) -> bool:
    layout = profile.record_layout
    return layout is not None and MessageName.ACKNOWLEDGEMENT in layout.messages


def _returns(profile: BankProfile) -> bool:
    layout = profile.record_layout
    return layout is not None and MessageName.RETURNED in layout.messages
