"""Job ``reindex``: bring every lookup run under the active blind-index key (盲索引换密钥), one batch at a time.

Until a batch has its turn it is found under its old key: who looks asks under all keys. Its runs are exchanged in
one transaction, so that at every moment it is found under exactly one of them. When none is left under another
key, that is written down, and the old key may end.
"""

from __future__ import annotations

from typing import Final

from gateway.services import auditing, indexing
from gateway.services.context import Context
from gateway.services.data_keys import BLIND_INDEX
from gateway.services.jobs import Later, finish
from gateway.services.pacing import pace
from gateway.store import lookup, reseal_runs
from gateway.store import work as work_store
from gateway.store.records import Work

PRIORITY: Final = 300
ROWS_A_STEP: Final = 400_000


def watch(context: Context) -> bool:
    """Put the job to work where a run was made with another key than the active one; whether there is one."""
    key_id, now = context.data_keys().index_key, context.clock.now_ms()
    with context.store.read() as tx:
        if lookup.batch_not_under(tx, key_id) is None:
            return False
    with context.store.begin() as tx:
        work_store.put(tx, "reindex", BLIND_INDEX, {}, due_at_ms=now, priority=PRIORITY)
    return True


def reindex(context: Context, work: Work) -> Later | None:
    """One step: some batches, or the end."""
    key_id, limits, after, rows = context.data_keys().index_key, pace(context), 0, 0
    while rows < limits.share(ROWS_A_STEP):
        with context.store.read() as tx:
            stale = lookup.batch_not_under(tx, key_id, after)
        if stale is None and not after:
            _ended(context, work, key_id)
            return None
        if stale is None:
            break
        rows += max(_renewed(context, key_id, stale), 1)
        after = stale
    return Later(context.clock.now_ms() + limits.pause_ms)


def _renewed(context: Context, key_id: str, batch_id: int) -> int:
    """Index one batch anew; how many items it has."""
    runs = indexing.made_runs(context, batch_id)
    items = max((len(tokens) for tokens in runs.tokens.values()), default=0)
    with context.store.begin() as tx:
        if runs.key_id == key_id and indexing.replace(tx, runs):
            run = reseal_runs.begin(tx, BLIND_INDEX, key_id, context.clock.now_ms())
            reseal_runs.advance(tx, run, items=items, octets=0)
    return items


def _ended(context: Context, work: Work, key_id: str) -> None:
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        finish(tx, work)
        run = reseal_runs.close(tx, BLIND_INDEX, key_id, 0, now)
        if run is not None:
            told = {"alias": BLIND_INDEX, "key_id": key_id, "job": "reindex", "rows": run.items}
            auditing.write(tx, auditing.GATEWAY, "reseal.finished", BLIND_INDEX, now, after=told)
