"""Job ``reseal``: seal anew under the active key whatever lies under another one (数据重加密), a bounded step at a time.

What is left to do is read from the sealed things themselves, so that a step may break off anywhere, be repeated, and
run on several nodes at once: a row is exchanged only for the sealing it was made from, a file takes its name in one
step. When a whole pass finds nothing left, that is written down, and the old key may end.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Connection

from crypto.contract import KeyUnusable, SealBroken
from crypto.sealing import named_key
from gateway.services import auditing
from gateway.services.context import Context
from gateway.services.data_keys import SEGMENT_DATA, VAULT_DATA
from gateway.services.frames import context_of
from gateway.services.jobs import Later, finish
from gateway.services.pacing import pace
from gateway.store import alerts, owned_files, reseal, reseal_runs
from gateway.store import work as work_store
from gateway.store.errors import VaultDamaged
from gateway.store.records import Work

PRIORITY: Final = 300
OCTETS_A_STEP: Final = 32 * 1024 * 1024
ROWS_A_TRANSACTION: Final = 16
HEADS_A_STEP: Final = 20_000
ABANDONED_MS: Final = 86_400_000  # a file being written for longer was left behind by something that ended


@dataclass(slots=True)
class Step:
    """What one step has done so far, and what it may still do."""

    octets_left: int
    heads_left: int
    items: int = 0
    octets: int = 0
    unreadable: int = 0
    behind: bool = False  # this process seals under another key than the keystore says: it must look again

    def took(self, octets: int) -> None:
        """One more sealed thing was exchanged."""
        self.items, self.octets, self.octets_left = self.items + 1, self.octets + octets, self.octets_left - octets

    @property
    def over(self) -> bool:
        """Whether it has had its share."""
        return self.octets_left <= 0 or self.heads_left <= 0


def watch(context: Context) -> bool:
    """Put the job to work where something may lie under another key than the active one; whether it was."""
    keys, now = context.data_keys(), context.clock.now_ms()
    with context.store.read() as tx:
        rows = bool(reseal.counted(tx).keys() - {keys.segment_key, reseal.NO_KEY})
        files = reseal_runs.current(tx, VAULT_DATA)
    done = files is not None and files.key_id == keys.vault_key and files.done_at_ms is not None
    if not rows and (done or next(context.vault.keys_in_use(), None) is None):
        return False
    with context.store.begin() as tx:
        put(tx, now)
    return True


def put(tx: Connection, now_ms: int) -> None:
    """Put the job to work, once for all nodes."""
    work_store.put(tx, "reseal", "data", {}, due_at_ms=now_ms, priority=PRIORITY)


def look_again(context: Context) -> None:
    """Have everything looked at from the beginning, whatever is on record."""
    keys, now = context.data_keys(), context.clock.now_ms()
    with context.store.begin() as tx:
        for alias, key_id in ((SEGMENT_DATA, keys.segment_key), (VAULT_DATA, keys.vault_key)):
            reseal_runs.begin(tx, alias, key_id, now)
        put(tx, now)


def reseal_step(context: Context, work: Work) -> Later | None:
    """One step: rows first, then files, then the end."""
    limits = pace(context)
    step = Step(limits.share(OCTETS_A_STEP), limits.share(HEADS_A_STEP))
    keys = context.data_keys()
    rows_done = reseal_rows(context, keys.segment_key, step)
    files_done = rows_done and reseal_files(context, keys.vault_key, step)
    if files_done:
        with context.store.begin() as tx:
            finish(tx, work)
        return None
    return Later(context.clock.now_ms() + limits.pause_ms)


def reseal_rows(context: Context, key_id: str, step: Step) -> bool:
    """Seal rows of the database anew; True when none is left that could be."""
    for name in reseal.SEALED_TABLES:
        after = b""
        while not step.over:
            with context.store.read() as tx:
                rows = reseal.not_under(tx, name, key_id, after, ROWS_A_TRANSACTION)
            if not rows:
                break
            after = rows[-1].head
            _exchange(context, key_id, rows, step)
    if step.over or step.items or step.behind:
        return False
    _conclude(context, SEGMENT_DATA, key_id, step, "rows")
    return True


def _exchange(context: Context, key_id: str, rows: list[reseal.SealedRow], step: Step) -> None:
    renewed = [(row, sealed) for row in rows if (sealed := _renewed(context, key_id, row, step)) is not None]
    if not renewed:
        return
    with context.store.begin() as tx:
        begun = reseal_runs.begin(tx, SEGMENT_DATA, key_id, context.clock.now_ms())
        taken = [len(sealed) for row, sealed in renewed if reseal.swap(tx, row, sealed)]
        reseal_runs.advance(tx, begun, items=len(taken), octets=sum(taken))
        _tell_start(context, tx, begun)
    for octets in taken:
        step.took(octets)


def _renewed(context: Context, key_id: str, row: reseal.SealedRow, step: Step) -> bytes | None:
    """Sealed under ``key_id``; None where it cannot be opened, or the sealer has not seen the new key yet."""
    place = context_of(row.table, row.place)
    try:
        sealed = context.sealer.seal(context.sealer.unseal(row.sealed, place), place)
    except (SealBroken, KeyUnusable):
        step.unreadable += 1
        return None
    step.behind |= named_key(sealed) != key_id
    return None if step.behind else sealed


def reseal_files(context: Context, key_id: str, step: Step) -> bool:
    """Seal files anew in the order of their names, from where the last step ended; True after a pass without any."""
    ours = _pass(context, key_id)
    if ours.done_at_ms is not None:
        return True
    files, cursor = Step(step.octets_left, step.heads_left, unreadable=ours.unreadable), ours.cursor
    for name, found in context.vault.keys_in_use(cursor):
        if files.over:
            _advance_files(context, ours, files, cursor)
            return False
        files.heads_left, cursor = files.heads_left - 1, name
        if found != key_id:
            _reseal_file(context, name, files)
    _advance_files(context, ours, files, "")
    if ours.items + files.items != ours.items_before:
        return False
    _conclude(context, VAULT_DATA, key_id, files, "files")
    return True


def _pass(context: Context, key_id: str) -> reseal_runs.ResealRun:
    """The run as it stands; where a new pass begins, whether it may be the last.

    It may not while a file is being written under another key: that file will come, under a name gone past already.
    """
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        ours = reseal_runs.current(tx, VAULT_DATA)
        if ours is None or ours.key_id != key_id:
            ours = reseal_runs.begin(tx, VAULT_DATA, key_id, now)
        if ours.done_at_ms is None and not ours.cursor:
            settled = context.vault.being_written_under(key_id, now - ABANDONED_MS)
            reseal_runs.begin_pass(tx, ours, may_be_last=settled)
            ours = reseal_runs.current(tx, VAULT_DATA) or ours
    return ours


def _reseal_file(context: Context, name: str, files: Step) -> None:
    try:
        size = context.vault.reseal(name, partial(owned_files.still_wanted, context.store, name))
    except VaultDamaged:
        files.unreadable += 1
        return
    if size is not None:
        files.took(size)


def _advance_files(context: Context, ours: reseal_runs.ResealRun, files: Step, cursor: str) -> None:
    sums = {"items": files.items, "octets": files.octets, "unreadable": files.unreadable}
    with context.store.begin() as tx:
        reseal_runs.advance(tx, ours, cursor=cursor, **sums)
        if files.items:
            _tell_start(context, tx, ours)


def _tell_start(context: Context, tx: Connection, before: reseal_runs.ResealRun) -> None:
    """In the transaction of a run's first exchange; last in it."""
    if not before.items:
        told = {"alias": before.alias, "key_id": before.key_id, "job": "reseal"}
        auditing.write(tx, auditing.GATEWAY, "reseal.started", before.alias, context.clock.now_ms(), after=told)


def _conclude(context: Context, alias: str, key_id: str, step: Step, counted_as: str) -> None:
    """Nothing is left: the fact is recorded, once."""
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        ended = reseal_runs.close(tx, alias, key_id, step.unreadable, now)
        if ended is None:
            return
        if step.unreadable:
            _alert(tx, alias, step.unreadable, now)
        if ended.items:
            told = {"alias": alias, "key_id": key_id, "job": "reseal", counted_as: ended.items}
            auditing.write(tx, auditing.GATEWAY, "reseal.finished", alias, now, after=told)


def _alert(tx: Connection, alias: str, unreadable: int, now_ms: int) -> None:
    alerts.raise_alert(
        tx,
        "sealed-data-unreadable",
        alias,
        f"重新加密时有 {unreadable} 项 {alias} 数据无法打开（密钥已吊销或不存在，或数据损坏），未改动；"
        "请用 gateway data status 查看，必要时从备份恢复。",
        f"{unreadable} sealed item(s) of {alias} cannot be opened (their key is revoked or gone, or they are damaged) "
        "and were left as they are: see `gateway data status`, and restore them from the backup",
        now_ms,
    )
