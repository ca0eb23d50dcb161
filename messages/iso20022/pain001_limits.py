"""What a pain.001 item can hold (客户发起贷记汇款明细的可承载范围), checked a column at a time.

Source: pain.001.001.09, the simple types of ``CreditTransferTransaction34`` and what it is made of. Lengths
are characters, not octets. Required here is what our item always has, though the schema has it optional.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from messages.batch.columns import PayeeKind
from messages.iso20022.amounts import MAX_FEN
from messages.iso20022.characters import is_illegal, marked

REQUIRED: Final[dict[str, int]] = {
    "name": 140,  # Cdtr/Nm, Max140Text
    "id_type": 35,  # SchmeNm/Prtry, Max35Text
    "id_number": 35,  # Othr/Id, Max35Text
    "account": 34,  # CdtrAcct/Id/Othr/Id, Max34Text
    "account_kind": 35,  # CdtrAcct/Tp/Prtry, Max35Text
    "bank_code": 35,  # ClrSysMmbId/MmbId, Max35Text
}
OPTIONAL: Final[dict[str, int]] = {"remark": 140}  # RmtInf/Ustrd, Max140Text
REFERENCE: Final[dict[str, int]] = {"reference": 35}  # EndToEndId, Max35Text; not yet there at intake
LONGEST: Final[dict[str, int]] = {**REFERENCE, **REQUIRED, **OPTIONAL}
TEXT_COLUMNS: Final[tuple[str, ...]] = tuple(LONGEST)

Finding = tuple[int, str, str]
"""(row index in the block, column, why)."""


def unwritable(block: pl.DataFrame, suspects: frozenset[str] | None = None) -> list[Finding]:
    """Rows that the message cannot carry, in row order; empty when all is well.

    ``block`` has the item columns; ``reference`` is checked where it is present. ``suspects`` is what
    ``characters.marked`` said of this very block, when the caller knows it already.
    """
    present = tuple(name for name in TEXT_COLUMNS if name in block.columns)
    checks = _checks(present, marked(block, present) if suspects is None else suspects)
    hits = block.select(mask.any().alias(str(index)) for index, (_, _, mask) in enumerate(checks)).row(0)
    findings: list[Finding] = []
    for (field, why, mask), hit in zip(checks, hits, strict=True):
        if hit:
            rows = block.select(mask.arg_true()).to_series()
            findings.extend((row, field, why) for row in rows)
    return sorted(findings, key=lambda finding: finding[0])


def _checks(present: tuple[str, ...], suspects: frozenset[str]) -> list[tuple[str, str, pl.Expr]]:
    checks = [_too_long(name) for name in present]
    checks += [_missing(name) for name in present if name not in OPTIONAL]
    checks += [(name, "holds a character that XML 1.0 cannot carry", is_illegal(name)) for name in sorted(suspects)]
    kinds = [str(kind) for kind in PayeeKind]
    fen = pl.col("amount_fen")
    checks.append(
        ("payee_kind", f"must be one of {', '.join(kinds)}", ~pl.col("payee_kind").is_in(kinds).fill_null(False))
    )
    checks.append(("amount_fen", f"must be 1 to {MAX_FEN} fen", ~fen.is_between(1, MAX_FEN).fill_null(False)))
    return checks


def _too_long(name: str) -> tuple[str, str, pl.Expr]:
    limit = LONGEST[name]
    # Octets bound characters from above: the cheap count decides for all but long texts.
    longer = (pl.col(name).str.len_bytes() > limit) & (pl.col(name).str.len_chars() > limit)
    return name, f"is longer than {limit} characters", longer


def _missing(name: str) -> tuple[str, str, pl.Expr]:
    return name, "is empty", pl.col(name).fill_null("") == ""
