"""Derived identities: batch reference, item number, item reference, message id.

Nothing here is drawn at random: each is a pure function of the client's identity, the batch number
and the item's place, so a retry names the same thing by the same name (architecture, money rule 1).
"""

from __future__ import annotations

import hashlib
from typing import Final

import polars as pl

SEGMENT_STRIDE: Final = 10_000
"""Item numbers of segment ``s`` run from ``s * SEGMENT_STRIDE``; a segment has at most that many rows."""

BATCH_REFERENCE_LENGTH: Final = 12
ITEM_REFERENCE_LENGTH: Final = BATCH_REFERENCE_LENGTH + 8
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base 32: no I, L, O, U


def batch_reference(gateway_code: str, client_id: str, batch_no: str) -> str:
    """The 12-character reference of a batch, 60 bits of SHA-256 over who submitted what, where."""
    seed = "\0".join((gateway_code, client_id, batch_no)).encode()
    number = int.from_bytes(hashlib.sha256(seed).digest()[:8], "big") >> 4
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(55, -1, -5))


def message_id(batch_ref: str, file_no: int) -> str:
    """The id of one instruction file of a batch, 17 characters, safe in every bank's field."""
    if not 0 <= file_no <= 9999:
        raise ValueError(f"file number {file_no} is outside 0..9999: raise the bank's rows per file")
    return f"{batch_ref}F{file_no:04d}"


def item_reference(batch_ref: str, item_no: int) -> str:
    """One item's reference; see ``item_references``."""
    return f"{batch_ref}{item_no:08d}"


def item_references(batch_ref: str) -> pl.Expr:
    """Column ``reference``: batch reference + 8-digit item number, 20 characters (EndToEndId)."""
    number = pl.col("item_no").cast(pl.String).str.zfill(8)
    return pl.concat_str(pl.lit(batch_ref), number).alias("reference")
