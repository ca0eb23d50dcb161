"""A batch's status from what the store holds (批次状态的组成): pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote

from gateway.clock import instant
from gateway.core.lifecycle import ItemState
from gateway.core.opening import Opening
from gateway.core.segments import SegmentInfo
from gateway.core.tally import Tally
from gateway.services.answer_shapes import (
    AlertLine,
    BankCounts,
    BatchLine,
    BatchProblem,
    BatchStatus,
    Count,
    Counts,
    Links,
    NextSending,
    ReceivedContent,
)
from gateway.store.records import Alert, Batch, BatchState

DECIDED: Final = frozenset({BatchState.ACCEPTED, BatchState.COMPLETED})
"""The states in which a batch's items count: before, they are being cut; of a refused batch none is ever paid."""


def line(batch: Batch) -> BatchLine:
    """One batch in a list."""
    return BatchLine(**_line(batch))


def status(
    batch: Batch,
    by_bank: Mapping[str, Tally],
    infos: Iterable[SegmentInfo],
    openings: Mapping[str, Opening] = MappingProxyType({}),
) -> BatchStatus:
    """All that is known about one batch; ``infos`` are its segments, the money that must still be there.

    ``openings``: by bank with something to send, when it takes it.
    """
    tally = Tally.total(by_bank.values())
    declared = _declared(batch.header)
    return BatchStatus(
        **_line(batch),
        decided_at=_when(batch.decided_at_ms),
        completed_at=_when(batch.completed_at_ms),
        content=_content(batch),
        declared=declared,
        rejected=Count(items=batch.rejected_items, fen=batch.rejected_fen),
        counts=counts(tally),
        by_bank=[BankCounts(bank=bank, counts=counts(by_bank[bank])) for bank in sorted(by_bank)],
        next_sending=[
            NextSending(bank=bank, opens_at=one.opens_at, cut_off_at=one.cut_off_at, provisional=one.provisional)
            for bank, one in sorted(openings.items())
        ],
        problems=[BatchProblem.model_validate(problem) for problem in batch.problems],
        conserved=_conserved(batch, declared, tally, list(infos)),
        links=_links(batch.batch_no),
    )


def alert(raised: Alert) -> AlertLine:
    """One alert as an operator reads it."""
    return AlertLine(
        alert_id=raised.alert_id,
        kind=raised.kind,
        key=raised.key,
        zh=raised.text_zh,
        en=raised.text_en,
        raised_at=instant(raised.raised_at_ms),
        count=raised.count,
    )


def counts(tally: Tally) -> Counts:
    """A tally in the groups that a client cares about; every state is in exactly one."""
    state = ItemState
    groups = {
        "total": tuple(state),
        "ready": (state.READY, state.INSTRUCTED),
        "in_flight": (state.SENT, state.ACCEPTED),
        "unknown": (state.UNKNOWN,),
        "disputed": (state.DISPUTED,),
        "paid": (state.PAID,),
        "failed": (state.FAILED,),
        "returned": (state.RETURNED,),
    }
    return Counts(**{name: _count(tally, states) for name, states in groups.items()})


def _count(tally: Tally, states: tuple[ItemState, ...]) -> Count:
    items, fen = tally.in_states(states)
    return Count(items=items, fen=fen)


def _conserved(batch: Batch, declared: Count | None, tally: Tally, infos: list[SegmentInfo]) -> bool:
    """Every item and fen is where it was put; once checked, nothing that was declared is missing.

    An amount that could not be read counts in no sum, so that rejected money may be below what was declared.
    """
    items, fen = sum(tally.items), sum(tally.fen)
    if (items, fen) != (sum(info.rows for info in infos), sum(info.fen for info in infos)):
        return False
    if batch.state not in DECIDED or declared is None:
        return True
    missing = declared.fen - fen - batch.rejected_fen
    return items + batch.rejected_items == declared.items and (missing == 0 or (missing > 0 < batch.rejected_items))


def _declared(header: Mapping[str, Any]) -> Count | None:
    items, fen = header.get("declared_count"), header.get("declared_total_fen")
    return None if items is None or fen is None else Count(items=int(items), fen=int(fen))


def _content(batch: Batch) -> ReceivedContent | None:
    content = batch.content
    if content is None:
        return None
    return ReceivedContent(sha256=content.sha256, size=content.size, media_type=content.media_type)


def _line(batch: Batch) -> dict[str, Any]:
    return {
        "batch_no": batch.batch_no,
        "reference": batch.reference,
        "state": batch.state.value,
        "urgent": batch.urgent,
        "opened_at": instant(batch.opened_at_ms),
        "received_at": _when(batch.received_at_ms),
    }


def _when(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else instant(at_ms)


def _links(batch_no: str) -> Links:
    here = f"/v1/batches/{quote(batch_no, safe='')}"
    return Links(self=here, items=f"{here}/items", rejections=f"{here}/rejections", results=f"{here}/results")
