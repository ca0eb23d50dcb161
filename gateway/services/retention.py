"""Job ``retain``: erase what has been kept long enough (到期删除), batch by batch, a bounded step at a time.

The hourly look puts it to work on the day on which something becomes due. The books never change: amounts, states and
numbers of items stay for good.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final

from gateway.clock import CHINA, business_date
from gateway.core.retention import What
from gateway.services import auditing
from gateway.services.context import Context
from gateway.services.erasing import MovedAgain
from gateway.services.erasing_batches import carry_on, decide, in_the_way
from gateway.services.jobs import Later, finish
from gateway.services.pacing import pace
from gateway.store import batches, erasures, holds, owned_files, segments
from gateway.store import work as work_store
from gateway.store.records import Work

PRIORITY: Final = 310
BY_ITSELF: Final = (What.TEXTS, What.NOTICES, What.FILES, What.PERSONAL)
SEGMENTS_A_STEP: Final = 64
CANDIDATES: Final = 200
FILES_A_STEP: Final = 200


def watch(context: Context) -> bool:
    """Put the job to work where something is due today or was left half done; whether there is."""
    with context.store.read() as tx:
        waits = erasures.unfinished(tx) is not None or bool(owned_files.decided(tx, 1))
    if not (waits or next_due(context) is not None or _of_nobody(context, 1)):
        return False
    with context.store.begin() as tx:
        work_store.put(tx, "retain", "daily", {}, due_at_ms=context.clock.now_ms(), priority=PRIORITY)
    return True


def retain(context: Context, work: Work) -> Later | None:
    """One step: files whose removal was decided, then what was begun, then what is due, then what belongs to nobody."""
    limits = pace(context)
    if not (
        remove_files(context)
        or _carried_on(context, limits.share(SEGMENTS_A_STEP))
        or _begun(context)
        or _swept(context)
    ):
        with context.store.begin() as tx:
            finish(tx, work)
        return None
    return Later(context.clock.now_ms() + limits.pause_ms)


def next_due(context: Context) -> tuple[int, What] | None:
    """The next batch of which something is to be erased today, and what."""
    return next(((batch_id, what) for what in BY_ITSELF for batch_id in due(context, what)[:1]), None)


def due(context: Context, what: What, limit: int = 1) -> list[int]:
    """Up to ``limit`` batches of which ``what`` is to be erased today."""
    before, after = _before_ms(context, what), 0
    found: list[int] = []
    while before is not None and len(found) < limit:
        with context.store.read() as tx:
            candidates = erasures.candidates(tx, what, before, after, CANDIDATES)
            found += [one for one in candidates if not in_the_way(context, tx, batches.by_id(tx, one), what)]
        if len(candidates) < CANDIDATES:
            break
        after = candidates[-1]
    return found[:limit]


def remove_files(context: Context) -> int:
    """Remove files whose removal was decided; how many."""
    with context.store.read() as tx:
        names = owned_files.decided(tx, FILES_A_STEP)
    for name in names:
        context.vault.remove(name)
    if names:
        with context.store.begin() as tx:
            owned_files.removed(tx, names, context.clock.now_ms())
    return len(names)


def _carried_on(context: Context, share: int) -> bool:
    with context.store.read() as tx:
        one = erasures.unfinished(tx)
    if one is None:
        return False
    try:
        carry_on(context, one, share)
    except MovedAgain:
        return True  # nothing of that transaction is there: the next step does it again
    return True


def _begun(context: Context) -> bool:
    found = next_due(context)
    return found is not None and decide(context, *found)


def _swept(context: Context) -> bool:
    """Messages from banks that spoke of no item: quarantined ones, receipts of files, and the like."""
    names, now = list(_of_nobody(context, FILES_A_STEP).values()), context.clock.now_ms()
    if not names:
        return False
    with context.store.begin() as tx:
        count = owned_files.decide_removal(tx, names, None, now)
        told = {"job": "retain", "field": ["messages-of-no-batch"], "count": count}
        auditing.write(tx, auditing.GATEWAY, "retention.applied", "messages", now, after=told)
    return True


def _of_nobody(context: Context, limit: int) -> dict[int, str]:
    """Of banks without any batch on hold; nobody knows what a message that was not understood may prove."""
    before = _before_ms(context, What.FILES)
    if before is None:
        return {}
    with context.store.read() as tx:
        held = {hold.batch_id for hold in holds.standing(tx)}
        banks = {info.bank for batch_id in held for info in segments.infos(tx, batch_id)}
        return owned_files.messages_of_nobody(tx, before, banks, 0, limit)


def _before_ms(context: Context, what: What) -> int | None:
    """Before which moment something must have ended for its time to be over today."""
    latest = context.retention.period(what).begun_by(business_date(context.clock.now_ms()))
    if latest is None:
        return None
    return int(datetime.combine(latest + timedelta(days=1), time(), tzinfo=CHINA).timestamp()) * 1000
