"""One item as a client may see it (单笔明细应答): names and accounts masked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from gateway.core.lifecycle import ItemState
from gateway.services.answer_shapes import Finding, ItemStatus, Said
from messages.batch.numbering import item_references
from messages.batch.rejections import CATALOGUE

_VISIBLE_DIGITS = 4


def masked_name(name: str) -> str:
    """The first character, and a star for each further one.

    >>> masked_name("欧阳一")
    '欧**'
    """
    return name[:1] + "*" * max(len(name) - 1, 1)


def masked_account(account: str) -> str:
    """The last four digits; nothing at all of an account that has no more than eight.

    >>> masked_account("6228480000000012345")
    '****2345'
    """
    return "****" + (account[-_VISIBLE_DIGITS:] if len(account) > 2 * _VISIBLE_DIGITS else "")


def accepted(
    item: Mapping[str, Any],
    batch_reference: str,
    bank: str,
    state: ItemState,
    said: Iterable[Mapping[str, Any]],
    found: Iterable[Mapping[str, Any]],
) -> ItemStatus:
    """An accepted item (STORED_SCHEMA) with its history (RESULT_BLOCK_SCHEMA) and warnings (REJECTION_SCHEMA)."""
    return ItemStatus(
        item_id=item["item_id"],
        line_no=item["line_no"],
        state=state.name,
        reference=pl.DataFrame({"item_no": [item["item_no"]]}).select(item_references(batch_reference)).item(),
        bank=bank,
        amount_fen=item["amount_fen"],
        name=masked_name(item["name"]),
        account=masked_account(item["account"]),
        history=[_said(row) for row in said],
        findings=[_finding(row) for row in found],
    )


def rejected(item_id: str, found: list[dict[str, Any]]) -> ItemStatus:
    """An item that the check held back; it was never given to a bank."""
    return ItemStatus(
        item_id=item_id,
        line_no=found[0]["line_no"],
        state="REJECTED",
        reference=None,
        bank=None,
        amount_fen=found[0]["amount_fen"],
        name=None,
        account=None,
        history=[],
        findings=[_finding(row) for row in found],
    )


def _said(row: Mapping[str, Any]) -> Said:
    fields = {name: row[name] for name in Said.model_fields if name != "text"}
    return Said(**fields, text=row["text_raw"])


def _finding(row: Mapping[str, Any]) -> Finding:
    words = CATALOGUE[row["code"]]
    fields = {name: row[name] for name in ("line_no", "item_id", "field", "code", "severity")}
    return Finding(**fields, zh=words.zh, en=words.en)
