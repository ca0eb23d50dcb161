"""What lies at rest under which key, what is due, and what is held (静态数据状态): figures only, no person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from gateway.core.retention import What
from gateway.services import retention
from gateway.services.context import Context
from gateway.services.data_keys import BLIND_INDEX, SEGMENT_DATA, VAULT_DATA
from gateway.store import erasures, holds, lookup, owned_files, reseal, reseal_runs
from gateway.store.holds import Hold
from gateway.store.reseal_runs import ResealRun

MOST_DUE = 1000


@dataclass(frozen=True, slots=True)
class UnderKey:
    """How much lies under one key."""

    alias: str
    key_id: str  # "" for what names no key
    pieces: int  # rows, files or parts of lookup runs
    active: bool  # whether it is the key that new things are made under


@dataclass(frozen=True, slots=True)
class Retained:
    """One kind of data and its period."""

    what: What
    period: str
    due: int  # batches, ``MOST_DUE`` at most
    erased_batches: int
    erased_pieces: int


@dataclass(frozen=True, slots=True)
class DataStatus:
    """Everything at once."""

    under: tuple[UnderKey, ...]
    runs: tuple[ResealRun, ...]
    retained: tuple[Retained, ...]
    holds: tuple[Hold, ...]
    files_to_remove: int


def data_status(context: Context) -> DataStatus:
    """Read everything; the vault's files are looked at one by one, some 50,000 a second."""
    keys = context.data_keys()
    files = Counter(key_id or reseal.NO_KEY for _, key_id in context.vault.keys_in_use())
    with context.store.read() as tx:
        found = {SEGMENT_DATA: reseal.counted(tx), VAULT_DATA: dict(files), BLIND_INDEX: lookup.counted(tx)}
        runs, standing = tuple(reseal_runs.all_runs(tx)), tuple(holds.standing(tx))
        erased, waiting = erasures.counted(tx), len(owned_files.decided(tx, MOST_DUE))
    active = {SEGMENT_DATA: keys.segment_key, VAULT_DATA: keys.vault_key, BLIND_INDEX: keys.index_key}
    under = tuple(
        UnderKey(alias, key_id, pieces, key_id == active[alias])
        for alias, counts in found.items()
        for key_id, pieces in sorted(counts.items())
    )
    return DataStatus(under, runs, tuple(_retained(context, what, erased) for what in What), standing, waiting)


def _retained(context: Context, what: What, erased: dict[str, tuple[int, int]]) -> Retained:
    due = len(retention.due(context, what, MOST_DUE)) if what in retention.BY_ITSELF else 0
    return Retained(what, str(context.retention.period(what)), due, *erased.get(what, (0, 0)))
