"""What a pain.001 item can hold (客户发起贷记汇款明细的可承载范围), checked a column at a time.

Source: pain.001.001.09, the simple types of ``CreditTransferTransaction34`` and what it is made of. Lengths
are characters, not octets. Required here is what our item always has, though the schema has it optional.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from messages.batch.columns import PayeeKind
from messages.iso20022.amounts import MAX_FEN
from messages.iso20022.characters import ESCAPES, ILLEGAL, is_illegal, marked

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

_SIGNS: Final = [sign.encode()[:1] for sign in (*ESCAPES, *ILLEGAL) if sign >= " "]
"""First octets of what is escaped or refused; the rest of it are controls, which the least octet tells of."""

Finding = tuple[int, str, str]
"""(row index in the block, column, why)."""


def unwritable(block: pl.DataFrame, suspects: frozenset[str] | None = None) -> list[Finding]:
    """Rows that the message cannot carry, in row order; empty when all is well.

    ``block`` has the item columns; ``reference`` is checked where it is present. ``suspects`` is what
    ``characters.marked`` said of this very block, when the caller knows it already.
    """
    present = tuple(name for name in TEXT_COLUMNS if name in block.columns)
    if suspects is None:
        suspects = suspects_of(block, present)
    if not suspects and _is_sound(block, present):
        return []
    checks = _checks(present, suspects)
    hits = block.select(mask.any().alias(str(index)) for index, (_, _, mask) in enumerate(checks)).row(0)
    findings: list[Finding] = []
    for (field, why, mask), hit in zip(checks, hits, strict=True):
        if hit:
            rows = block.select(mask.arg_true()).to_series()
            findings.extend((row, field, why) for row in rows)
    return sorted(findings, key=lambda finding: finding[0])


def suspects_of(block: pl.DataFrame, columns: tuple[str, ...]) -> frozenset[str]:
    """What ``characters.marked`` says of ``columns``, which is asked only where a column's octets give cause."""
    candidates = tuple(name for name in columns if _may_be_marked(block[name]))
    return marked(block, candidates) if candidates else frozenset()


def _may_be_marked(column: pl.Series) -> bool:
    # searches for one octet in all texts together cost next to nothing, a search in each text does not
    octets: bytes = column.str.join("").cast(pl.Binary).item()
    if not octets:
        return False
    return int(np.frombuffer(octets, dtype=np.uint8).min()) < 0x20 or any(sign in octets for sign in _SIGNS)


def _is_sound(block: pl.DataFrame, present: tuple[str, ...]) -> bool:
    """True only where no check would fail, by aggregates alone; false where it takes a closer look."""
    kinds, fen = pl.col("payee_kind"), pl.col("amount_fen")
    octets = {name: pl.col(name).str.len_bytes() for name in present}
    required = [name for name in present if name not in OPTIONAL]
    answers = block.select(
        *((octets[name].max().fill_null(0) <= LONGEST[name]).alias(f"{name} fits") for name in present),
        *((octets[name].min() > 0).alias(f"{name} is filled") for name in required),
        pl.sum_horizontal(pl.col(*required, "payee_kind", "amount_fen").null_count()).alias("nulls") == 0,
        kinds.is_in([str(kind) for kind in PayeeKind]).all(),
        (fen.min() >= 1) & (fen.max() <= MAX_FEN),
    )
    return all(answer is True for answer in answers.row(0))


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
