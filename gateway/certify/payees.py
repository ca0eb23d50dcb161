"""The payees of a certification (认证用收款人): invented and nobody's, or the test accounts that a bank's testers gave."""

from __future__ import annotations

import itertools
from typing import Any, Final

import numpy as np
import polars as pl

from adapters.contract import INSTRUCTION_EXTRA
from adapters.profile import BankProfile
from gateway.certify.cases import Case, Line
from messages.batch.columns import ITEM_SCHEMA, STORED_SCHEMA, AccountKind, IdType, PayeeKind
from messages.batch.numbering import batch_reference, item_references
from simulators.roster_numbers import cards, credit_codes, padded, resident_ids

ORDINARY_FEN: Final = 10_000
_STEP_FEN: Final = 137
_STEPS: Final = 500
_NAMES: Final = ("王建国", "李秀英", "张伟", "赵敏", "刘洋")
_ORGANISATION: Final = "石桥村农民专业合作社"


def items_of(case: Case, bank_code: str, first: int) -> pl.DataFrame:
    """The case's items (ITEM_SCHEMA), numbered from ``first`` through the whole run: no two share an account."""
    lines = case.lines
    places = np.arange(first, first + len(lines), dtype=np.int64)
    columns = _invented(lines, places)
    columns |= {"bank_code": [bank_code] * len(lines), "mobile": None, "address": None, "remark": None}
    rows = pl.DataFrame({name: columns.get(name) for name in ITEM_SCHEMA}, schema=ITEM_SCHEMA)
    given = [line.given for line in lines]
    if not any(given):
        return rows
    return pl.DataFrame(
        [{**row, **(own or {})} for row, own in zip(rows.to_dicts(), given, strict=True)], schema=ITEM_SCHEMA
    )


def _invented(lines: tuple[Line, ...], places: np.ndarray[Any, np.dtype[np.int64]]) -> dict[str, Any]:
    organisation = pl.Series([line.organisation for line in lines])
    corporate = padded("300098", places, 11)
    return {
        "item_id": [f"I{number:06d}" for number in range(1, len(lines) + 1)],
        "payee_kind": [PayeeKind.ORGANISATION if line.organisation else PayeeKind.PERSON for line in lines],
        "name": [line.name or _name(line, number) for number, line in enumerate(lines)],
        "id_type": [IdType.USCC if line.organisation else IdType.RESIDENT_ID for line in lines],
        "id_number": credit_codes(places).zip_with(organisation, resident_ids(places)),
        "account": corporate.zip_with(organisation, cards(places)),
        "account_kind": [AccountKind.CORPORATE if line.organisation else AccountKind.BANK_CARD for line in lines],
        "amount_fen": [_amount(line, number) for number, line in enumerate(lines)],
    }


def _name(line: Line, number: int) -> str:
    return _ORGANISATION if line.organisation else _NAMES[number % len(_NAMES)]


def _amount(line: Line, number: int) -> int:
    return line.amount_fen if line.amount_fen is not None else ORDINARY_FEN + number % _STEPS * _STEP_FEN


def carried_columns(profile: BankProfile, names: pl.Series) -> pl.DataFrame:
    """One item for each name as a dialect is asked about it: STORED_SCHEMA and ``reference``."""
    places = np.arange(len(names), dtype=np.int64)
    columns = _invented(tuple(Line("", name=name) for name in names), places)
    columns |= {"bank_code": [profile.bank_codes[0]] * len(names), "line_no": places + 1, "item_no": places}
    rows = pl.DataFrame({name: columns.get(name) for name in STORED_SCHEMA}, schema=STORED_SCHEMA, strict=False)
    return rows.with_columns(item_references(batch_reference("GW01", "certify", profile.bank)).alias(INSTRUCTION_EXTRA))


def runs(values: list[Any]) -> list[tuple[Any, int]]:
    """Equal neighbours counted: what a report shows of a thousand equal items."""
    return [(value, len(list(same))) for value, same in itertools.groupby(values)]
