"""One item as a client may see it (单笔明细应答): names and accounts masked by ``gateway.core.masking``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.core.lifecycle import ItemState
from gateway.core.masking import Sight, masked
from gateway.services.answer_shapes import ClearItem, Finding, ItemStatus, Said
from messages.batch.numbering import item_reference
from messages.batch.rejections import CATALOGUE


def accepted(
    item: Mapping[str, Any],
    batch_reference: str,
    bank: str,
    state: ItemState,
    said: Iterable[Mapping[str, Any]],
    found: Iterable[Mapping[str, Any]],
    seen: Sight = Sight.MASKED,
) -> ItemStatus:
    """An accepted item (STORED_SCHEMA) with its history (RESULT_BLOCK_SCHEMA) and warnings (REJECTION_SCHEMA)."""
    shown = masked(item, seen)
    return ItemStatus(
        item_id=item["item_id"],
        line_no=item["line_no"],
        state=state.name,
        reference=item_reference(batch_reference, item["item_no"]),
        bank=bank,
        amount_fen=item["amount_fen"],
        name=shown["name"],
        account=shown["account"],
        history=[_said(row) for row in said],
        findings=[_finding(row) for row in found],
        erased=item["name"] is None,
    )


def in_clear(item: Mapping[str, Any], batch_reference: str, bank: str) -> ClearItem:
    """An accepted item (STORED_SCHEMA) as it was submitted."""
    known = {name: item[name] for name in ClearItem.model_fields if name in item}
    return ClearItem(**known, reference=item_reference(batch_reference, item["item_no"]), bank=bank)


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
