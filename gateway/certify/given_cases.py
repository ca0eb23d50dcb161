"""The test accounts that a bank's testers give (银行测试账户): one CSV line an item, grouped into cases by case id."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any, Final

from gateway.bank.places import ToolRefused
from gateway.certify.cases import Becomes, Case, Expected, Group, Line, NotRun, Plan
from messages.batch.columns import AccountKind, IdType, PayeeKind
from messages.outcome import Reason

COLUMNS: Final = (
    "case_id",
    "name",
    "id_number",
    "account",
    "bank_code",
    "amount_fen",
    "expected_outcome",
    "expected_reason",
)
OPTIONAL: Final = ("account_kind", "id_type", "payee_kind")
_OCTETS_MOST: Final = 2_000_000
_LINES_MOST: Final = 10_000
_NOT_ARRANGED: Final = ("银行测试系统未安排此用例", "the bank's test system does not arrange it")
_OVERDUE: Final = "answer-overdue"
"""Raised after the profile's own patience, which may be a day: not waited for here."""
_OWN: Final = (
    "银行自定用例",
    "a case of the bank's own",
    "按测试账户约定的结果办结",
    "it ends as the bank's testers say",
    "银行提供的测试账户 · the bank's test accounts",
)


def read_given(path: Path, known: tuple[Case, ...]) -> Plan:
    """The cases of the file; those of the catalogue that it does not arrange are not run. Raises ToolRefused."""
    lines = list(_lines(path))
    by_id = {case.id: case for case in known}
    grouped: dict[str, list[Line]] = {}
    for case_id, line in lines:
        grouped.setdefault(case_id, []).append(line)
    cases = tuple(_case(case_id, tuple(own), by_id.get(case_id)) for case_id, own in grouped.items())
    left = tuple(NotRun(case, *(case.impossible or _NOT_ARRANGED)) for case in known if case.id not in grouped)
    return Plan(cases, left)


def _case(case_id: str, lines: tuple[Line, ...], known: Case | None) -> Case:
    """What the testers expect of their accounts replaces what the catalogue expects of a script."""
    if known is None:
        return Case(case_id, Group.PAYMENT, *_OWN, lines, files=0)
    wanted = tuple(one for one in known.wanted if _OVERDUE not in one.kinds)
    return replace(known, lines=lines, effects=(), wanted=wanted, files=0, alone=False, impossible=None)


def _lines(path: Path) -> Iterator[tuple[str, Line]]:
    rows = csv.DictReader(StringIO(_text(path)), strict=True)
    number = 0
    try:
        rows.fieldnames = _columns(path, rows.fieldnames)
        number = 1
        for row in rows:
            number = rows.line_num
            if number > _LINES_MOST:
                raise ToolRefused(f"{path.name}: more than {_LINES_MOST} lines")
            yield _line(path, number, row)
    except csv.Error as fault:
        raise ToolRefused(f"{path.name}:{number + 1}: is not CSV: {fault}") from None
    if number == 1:
        raise ToolRefused(f"{path.name}: has no accounts")


def _columns(path: Path, named: Sequence[str | None] | None) -> list[str]:
    names = [(name or "").strip() for name in named or ()]
    missing = [name for name in COLUMNS if name not in names]
    if missing or len(set(names)) != len(names):
        raise ToolRefused(f"{path.name}:1: the columns must be {', '.join(COLUMNS)} (and may be {', '.join(OPTIONAL)})")
    return names


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _OCTETS_MOST:
            raise ToolRefused(f"{path.name}: more than {_OCTETS_MOST} octets")
        content = path.read_bytes()
    except OSError as fault:
        raise ToolRefused(f"{path} cannot be read: {fault.strerror}") from None
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ToolRefused(f"{path.name}: is neither UTF-8 nor GB18030")


def _line(path: Path, number: int, row: dict[str | None, Any]) -> tuple[str, Line]:
    """One account; refusals name the column and never repeat what stands in it."""
    if None in row or any(value is None for value in row.values()):
        raise ToolRefused(f"{path.name}:{number}: has not as many cells as the first line")
    cells = {str(name): str(value).strip() for name, value in row.items()}
    for name in COLUMNS[:-1]:
        if not cells[name]:
            raise ToolRefused(f"{path.name}:{number}: {name} is empty")
    amount = cells["amount_fen"]
    if not (amount.isascii() and amount.isdecimal() and len(amount) <= 15 and int(amount)):
        raise ToolRefused(f"{path.name}:{number}: amount_fen must be whole fen, such as 12345")
    expected = Expected(_becomes(path, number, cells), _reason(path, number, cells))
    label = f"line {number}"
    return cells["case_id"], Line(label, expected, amount_fen=int(amount), given=_given(cells))


def _becomes(path: Path, number: int, cells: dict[str, str]) -> Becomes:
    try:
        return Becomes(cells["expected_outcome"].upper())
    except ValueError:
        raise ToolRefused(f"{path.name}:{number}: expected_outcome must be one of {', '.join(Becomes)}") from None


def _reason(path: Path, number: int, cells: dict[str, str]) -> str | None:
    reason = cells["expected_reason"].upper()
    if reason and reason not in Reason.__members__ and cells["expected_outcome"].upper() != Becomes.REJECTED:
        raise ToolRefused(f"{path.name}:{number}: expected_reason must be empty or one of {', '.join(Reason)}")
    return reason or None


def _given(cells: dict[str, str]) -> dict[str, Any]:
    """The item's own fields; a person with a bank card unless the file says otherwise."""
    kinds = {
        "payee_kind": cells.get("payee_kind") or PayeeKind.PERSON.value,
        "id_type": cells.get("id_type") or IdType.RESIDENT_ID.value,
        "account_kind": cells.get("account_kind") or AccountKind.BANK_CARD.value,
    }
    own = {name: cells[name] for name in ("name", "id_number", "account", "bank_code")}
    return {**own, **kinds, "amount_fen": int(cells["amount_fen"])}
