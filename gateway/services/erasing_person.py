"""Erasing one person on request (个人删除请求; 个人信息保护法 第47条): everything of theirs, or nothing.

The number itself is never stored, logged or audited. Raw files hold many people and are signed as a whole, so they
cannot be emptied of one: those of the batches concerned go, once the law no longer wants any of them kept.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection

from gateway.core.authority import Actor, Permission, require
from gateway.core.retention import Obstacle, What
from gateway.services import auditing
from gateway.services.context import Context
from gateway.services.erasing import MovedAgain, drop_set_aside, erase_people, erase_telling_ids, erase_words
from gateway.services.erasing_batches import files_to_remove, in_the_way, index_anew
from gateway.services.person_traces import Traces, rows_of, traces_of
from gateway.services.retention import remove_files
from gateway.store import batches, erasures, owned_files, segments


@dataclass(frozen=True, slots=True)
class InTheWay:
    """Why one batch keeps the person from being erased."""

    batch_no: str
    client_id: str
    obstacles: tuple[Obstacle, ...]


class NotErasable(Exception):
    """The person may not be erased yet; nothing was changed. ``batches`` says which batches, and why."""

    def __init__(self, found: list[InTheWay]):
        self.batches = found
        super().__init__(f"{len(found)} batch(es) of the person must be kept for now")


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased of the person."""

    batches: int
    items: int
    files: int


@dataclass(frozen=True, slots=True)
class Prospect:
    """What an erasure would do, and what stands in its way."""

    batches: int
    messages: int  # from banks, of no batch
    obstacles: tuple[InTheWay, ...]


def prospect(context: Context, id_number: str) -> Prospect:
    """Look before anything is asked; nothing is changed."""
    traces = traces_of(context, id_number)
    return Prospect(len(traces.batches), len(traces.messages), tuple(_in_the_way(context, traces)))


def erase_person(context: Context, actor: Actor, id_number: str, why: str) -> Erased:
    """Erase all items of the person with this ID number; raises NotAllowed, NotErasable, ActRefused.

    Broken off, it is asked for again: what is gone already is not found any more.
    """
    require(actor, Permission.PERSONAL_ERASE)
    traces = traces_of(context, id_number)
    if found := _in_the_way(context, traces):
        raise NotErasable(found)
    items = files = 0
    for batch_id in traces.batches:
        count, gone = _of_batch(context, actor, batch_id, traces, id_number, why)
        items, files = items + count, files + gone
    files += _erase_messages(context, actor, traces, why)
    while remove_files(context):
        pass
    return Erased(len(traces.batches), items, files)


def _of_batch(
    context: Context, actor: Actor, batch_id: int, traces: Traces, id_number: str, why: str
) -> tuple[int, int]:
    """(items, files) of one batch, erased and written down; done again where a row was sealed anew meanwhile."""
    numbers = sorted(traces.places.get(batch_id, ()))
    while True:
        with suppress(MovedAgain), context.store.begin() as tx:
            count, gone = _erase(context, tx, batch_id, numbers, id_number)
            batch = batches.by_id(tx, batch_id)
            told = {"why": why, "field": ["all"], "count": count, "files": gone, "client": batch.client_id}
            auditing.write(tx, actor, "personal.erased", batch.reference, context.clock.now_ms(), after=told)
            return count, gone


def _in_the_way(context: Context, traces: Traces) -> list[InTheWay]:
    found: list[InTheWay] = []
    with context.store.read() as tx:
        for batch_id in traces.batches:
            batch = batches.by_id(tx, batch_id)
            obstacles = in_the_way(context, tx, batch, What.PERSON)
            if not obstacles and files_to_remove(context, tx, batch_id, What.PERSON)[1]:
                obstacles = [Obstacle.FILE_SHARED]
            if obstacles:
                found.append(InTheWay(batch.batch_no, batch.client_id, tuple(obstacles)))
    return found + [InTheWay(name, bank, (Obstacle.KEPT_BY_LAW,)) for bank, name in traces.messages_kept]


def _erase(context: Context, tx: Connection, batch_id: int, segment_nos: list[int], id_number: str) -> tuple[int, int]:
    """(items, files) of one batch, all in the caller's transaction."""
    batch, now, count = batches.by_id(tx, batch_id), context.clock.now_ms(), 0
    if found := in_the_way(context, tx, batch, What.PERSON):
        raise NotErasable([InTheWay(batch.batch_no, batch.client_id, tuple(found))])
    one = erasures.begin(tx, batch_id, What.PERSON, now)
    person = [row for number in segment_nos for row in rows_of(context, tx, batch_id, number, id_number)]
    naming = pl.col("text_raw").str.contains_any([id_number, *{row.account for row in person}])
    for info in segments.infos(tx, batch_id) if person else ():
        theirs = pl.col("row").is_in([row.row for row in person if row.segment_no == info.segment_no])
        erase_words(context, tx, batch_id, info.segment_no, theirs | naming)
    for number in segment_nos:
        count += erase_people(context, tx, batch_id, number, pl.col("id_number") == id_number)
    erase_telling_ids(context, tx, batch_id, id_number)
    drop_set_aside(tx, batch_id)
    files, _ = files_to_remove(context, tx, batch_id, What.PERSON)
    gone = owned_files.decide_removal(tx, files, batch_id, now)
    erasures.advance(tx, one, count, 0)
    erasures.end(tx, one, now)
    index_anew(context, tx, batch)
    return count, gone


def _erase_messages(context: Context, actor: Actor, traces: Traces, why: str) -> int:
    """Messages from banks that spoke of no item of ours, and named the person all the same."""
    if not traces.messages:
        return 0
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        gone = owned_files.decide_removal(tx, traces.messages.values(), None, now)
        told = {"why": why, "field": ["messages-of-no-batch"], "count": 0, "files": gone}
        auditing.write(tx, actor, "personal.erased", "messages", now, after=told)
    return gone
