"""Erasing one kind of data of one batch (批次数据删除): decided at once, carried out in steps, written down at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from gateway.clock import business_date
from gateway.core.authority import Actor
from gateway.core.retention import Obstacle, What, obstacles
from gateway.services import auditing
from gateway.services.completion import COMFORT_PRIORITY
from gateway.services.context import Context
from gateway.services.erasing import drop_set_aside, erase_people, erase_telling_ids, erase_words
from gateway.services.retention_policy import standing_of
from gateway.store import batches, erasures, lookup, notices, owned_files, segments
from gateway.store import work as work_store
from gateway.store.erasures import Erasure
from gateway.store.records import Batch, BatchState

SEGMENTS_A_TRANSACTION: Final = 8
_BY_SEGMENT: Final[dict[What, Callable[[Context, Connection, int, int], int]]] = {
    What.TEXTS: erase_words,
    What.PERSONAL: erase_people,
}


def in_the_way(context: Context, tx: Connection, batch: Batch, what: What) -> list[Obstacle]:
    """What stands in the way of erasing ``what`` of this batch now."""
    today = business_date(context.clock.now_ms())
    return obstacles(standing_of(tx, batch), context.retention, what, today)


def decide(context: Context, batch_id: int, what: What) -> bool:
    """Decide it, if at this moment nothing stands in the way; from then on it is carried out."""
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        if in_the_way(context, tx, batches.by_id(tx, batch_id), what):
            return False
        one = erasures.begin(tx, batch_id, what, now)
        if what is What.FILES:
            files, _ = files_to_remove(context, tx, batch_id, what)
            erasures.advance(tx, one, owned_files.decide_removal(tx, files, batch_id, now), 0)
        if what is What.NOTICES:
            erasures.advance(tx, one, notices.drop(tx, batch_id), 0)
        if what is What.PERSONAL:
            lookup.hold(tx, batch_id)
            lookup.clear(tx, batch_id)
    return True


def carry_on(context: Context, one: Erasure, segments_left: int) -> None:
    """One step of an erasure that was decided: some segments, or its end. Raises MovedAgain."""
    by_segment = _BY_SEGMENT.get(one.what)
    with context.store.read() as tx:
        infos = segments.infos(tx, one.batch_id) if by_segment else []
    waiting = [info.segment_no for info in infos if info.segment_no >= one.cursor]
    step = waiting[:segments_left]
    for start in range(0, len(step), SEGMENTS_A_TRANSACTION):
        some = step[start : start + SEGMENTS_A_TRANSACTION]
        assert by_segment is not None  # noqa: S101 - there is nothing to do otherwise
        with context.store.begin() as tx:
            erased = sum(by_segment(context, tx, one.batch_id, number) for number in some)
            erasures.advance(tx, one, erased, some[-1] + 1)
    if len(step) == len(waiting):
        _end(context, one)


def files_to_remove(context: Context, tx: Connection, batch_id: int, what: What) -> tuple[list[str], bool]:
    """(the batch's files, whether a bank's message among them also speaks of a batch that must stay).

    Such messages are left out; they go with the last of their batches.
    """
    files, shared = owned_files.of_batch(tx, batch_id), False
    for inbox_id, name in owned_files.messages_of(tx, batch_id).items():
        others = owned_files.batches_of_message(tx, inbox_id) - {batch_id}
        if any(in_the_way(context, tx, batches.by_id(tx, other), what) for other in others):
            shared = True
        else:
            files.append(name)
    return files, shared


def index_anew(context: Context, tx: Connection, batch: Batch) -> None:
    """What is left of an accepted batch stays findable by its items' ids."""
    lookup.hold(tx, batch.batch_id)
    lookup.clear(tx, batch.batch_id)
    if batch.state in {BatchState.ACCEPTED, BatchState.COMPLETED}:
        subject, now = {"batch_id": batch.batch_id}, context.clock.now_ms()
        work_store.put(tx, "index", str(batch.batch_id), subject, due_at_ms=now, priority=COMFORT_PRIORITY)


def write_down(context: Context, tx: Connection, actor: Actor, batch: Batch, one: Erasure) -> None:
    """The audit's entry of an erasure by policy, with its count; last in the transaction."""
    now = context.clock.now_ms()
    told = {"job": "retain", "field": [one.what.value], "count": one.erased, "client": batch.client_id}
    auditing.write(tx, actor, "retention.applied", batch.reference, now, after=told)


def _end(context: Context, one: Erasure) -> None:
    with context.store.begin() as tx:
        batch = batches.by_id(tx, one.batch_id)
        if one.what is What.PERSONAL:
            erase_telling_ids(context, tx, one.batch_id)
        ended = erasures.end(tx, one, context.clock.now_ms())
        if ended is None:
            return
        if one.what is What.PERSONAL:
            index_anew(context, tx, batch)
        if one.what is What.TEXTS:
            drop_set_aside(tx, one.batch_id)
        write_down(context, tx, auditing.GATEWAY, batch, ended)
