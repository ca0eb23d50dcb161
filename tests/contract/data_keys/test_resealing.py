"""Rotating the keys of data at rest: everything is sealed anew, nothing is lost, and the end is on record."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from crypto.contract import SealBroken
from gateway.clock import SystemClock
from gateway.services import background, resealing
from gateway.services.data_keys import SEGMENT_DATA, VAULT_DATA, still_sealed_under
from gateway.services.finding import find_person
from gateway.services.reindexing import watch as watch_index
from gateway.store import alerts, audit, lookup, reseal, reseal_runs
from gateway.store.tables import lookup_part
from gateway.store.vault import VaultFull


def under(house) -> dict[str, int]:
    with house.context.store.read() as tx:
        return still_sealed_under(tx, house.context.vault)


def test_nothing_is_put_to_work_where_nothing_was_rotated(house, rosters) -> None:
    house.submit(rosters[0])
    assert background.watch(house.context) in ([], ["reseal"])  # files: once, to have it on record
    house.run()
    assert background.watch(house.context) == []


def test_everything_comes_under_the_new_key(house, rosters) -> None:
    batch = house.submit(rosters[0])
    house.answer(batch.batch_id)
    before, old = house.items(batch.batch_id), {a: house.active(a) for a in (SEGMENT_DATA, VAULT_DATA)}
    new = {alias: house.rotate(alias) for alias in old}
    assert {old[SEGMENT_DATA], old[VAULT_DATA]} <= under(house).keys()
    assert resealing.watch(house.context)
    house.run("reseal")
    left = under(house)
    assert not left.keys() & set(old.values())
    assert left[new[SEGMENT_DATA]] and left[new[VAULT_DATA]]
    assert house.items(batch.batch_id) == before
    for alias, key_id in old.items():  # so the old keys may be destroyed
        house.move(alias, key_id, "REVOKED")
    assert house.items(batch.batch_id) == before
    assert b"".join(house.context.vault.open(house.batch(batch.batch_id).content)) == rosters[0].content()
    assert not resealing.watch(house.context)


def test_the_end_is_on_record_and_in_the_audit(house, rosters) -> None:
    house.submit(rosters[0])
    key_id = house.rotate(SEGMENT_DATA)
    resealing.watch(house.context)
    house.run("reseal")
    with house.context.store.read() as tx:
        run = reseal_runs.current(tx, SEGMENT_DATA)
        acts = [entry for entry in audit.entries(tx) if entry.action == "reseal.finished"]
    assert run is not None
    assert (run.key_id, run.unreadable) == (key_id, 0)
    assert run.done_at_ms is not None and run.items > 0 and run.octets > 0
    assert [(entry.subject, entry.after["key_id"], entry.after["rows"]) for entry in acts] == [
        (SEGMENT_DATA, key_id, run.items)
    ]


def test_back_to_the_key_before(house, rosters) -> None:
    house.submit(rosters[0])
    first, second = house.active(VAULT_DATA), house.rotate(VAULT_DATA)
    resealing.watch(house.context)
    house.run("reseal")
    house.move(VAULT_DATA, first, "ACTIVE")
    house.move(VAULT_DATA, second, "RETIRING")
    assert resealing.watch(house.context)
    house.run("reseal")
    assert second not in under(house)
    with house.context.store.read() as tx:
        assert reseal_runs.current(tx, VAULT_DATA).key_id == first


def test_small_steps_come_to_the_same_end(house, rosters, monkeypatch) -> None:
    monkeypatch.setattr(resealing, "OCTETS_A_STEP", 1)
    monkeypatch.setattr(resealing, "HEADS_A_STEP", 2)
    monkeypatch.setattr(resealing, "ROWS_A_TRANSACTION", 1)
    made = [house.submit(given) for given in rosters]
    old = {house.active(SEGMENT_DATA), house.active(VAULT_DATA)}
    house.rotate(SEGMENT_DATA)
    house.rotate(VAULT_DATA)
    resealing.watch(house.context)
    assert house.run("reseal") > 5
    assert not under(house).keys() & old
    for batch, given in zip(made, rosters, strict=True):
        assert b"".join(house.context.vault.open(batch.content)) == given.content()


def test_a_row_that_changed_meanwhile_is_left_alone(house, rosters) -> None:
    house.submit(rosters[0])
    key_id = house.rotate(SEGMENT_DATA)
    with house.context.store.read() as tx:
        row = reseal.not_under(tx, "segment_sealed", key_id, b"", 1)[0]
    resealing.watch(house.context)
    house.run("reseal")
    with house.context.store.begin() as tx:
        assert not reseal.swap(tx, row, b"stale")
    assert house.items(1)


def test_unreadable_rows_are_told_of_and_stop_nothing(house, rosters) -> None:
    batch = house.submit(rosters[0])
    other = house.submit(rosters[1])
    first = house.active(SEGMENT_DATA)
    house.rotate(SEGMENT_DATA)
    with house.context.store.begin() as tx:
        row = reseal.of_segment(tx, "segment_sealed", batch.batch_id, 0)[0]
        reseal.swap(tx, row, row.sealed[:-1] + bytes([row.sealed[-1] ^ 1]))
    resealing.watch(house.context)
    house.run("reseal")
    with house.context.store.read() as tx:
        run = reseal_runs.current(tx, SEGMENT_DATA)
        assert "sealed-data-unreadable" in {one.kind for one in alerts.recent(tx, 10)}
    assert run.unreadable == 1 and run.done_at_ms is not None
    assert under(house)[first] == 1
    assert len(house.items(other.batch_id)) == rosters[1].items.height
    with pytest.raises(SealBroken):
        house.items(batch.batch_id)


def test_a_process_that_has_not_seen_the_new_key_says_nothing_is_done(house, rosters) -> None:
    house.submit(rosters[0])
    stale = house.context
    house.rotate(SEGMENT_DATA)
    fresh = house.context
    house.context = replace(fresh, sealer=stale.sealer)
    step = resealing.Step(1 << 30, 1000)
    assert not resealing.reseal_rows(house.context, house.active(SEGMENT_DATA), step)
    assert step.behind and not step.items


def test_a_file_being_written_under_the_old_key_keeps_the_end_open(house, rosters) -> None:
    house.clock.ms = SystemClock().now_ms()
    house.submit(rosters[0])
    late = house.context.vault.create("text/plain")
    late.write(b"x" * 3_000_000)
    old, new = house.active(VAULT_DATA), house.rotate(VAULT_DATA)
    assert not resealing.reseal_files(house.context, new, resealing.Step(1 << 30, 1000))
    assert not resealing.reseal_files(house.context, new, resealing.Step(1 << 30, 1000))
    content = late.commit()
    assert old in under(house)
    resealing.look_again(house.context)
    house.run("reseal")
    assert old not in under(house)
    assert b"".join(house.context.vault.open(content)) == b"x" * 3_000_000


def test_who_looks_for_a_person_finds_them_while_the_index_changes_its_key(house, rosters) -> None:
    made = [house.submit(given) for given in rosters[:2]]
    person = house.items(made[0].batch_id)[0]["id_number"]
    before = find_person(house.context, person)
    old, new = house.active("blind-index"), house.rotate("blind-index")
    assert find_person(house.context, person) == before
    assert watch_index(house.context)
    house.run("reindex", steps=20)
    with house.context.store.read() as tx:
        assert set(lookup.counted(tx)) == {new}
        acts = Counter(entry.action for entry in audit.entries(tx))
    assert acts["reseal.finished"] == 1
    assert find_person(house.context, person) == before
    house.move("blind-index", old, "RETIRED")
    assert find_person(house.context, person) == before
    assert not watch_index(house.context)


def test_runs_of_before_keys_were_recorded_are_made_anew(house, rosters) -> None:
    batch = house.submit(rosters[0])
    with house.context.store.begin() as tx:
        tx.execute(update(lookup_part).values(key_id=""))
    person = house.items(batch.batch_id)[0]["id_number"]
    assert find_person(house.context, person)
    assert watch_index(house.context)
    house.run("reindex")
    assert find_person(house.context, person)
    with house.context.store.read() as tx:
        assert set(lookup.counted(tx)) == {house.active("blind-index")}


class Pulled(Exception):
    """The plug."""


def fail_at(patch, target: Any, name: str, when: int, error: Exception) -> None:
    real, calls = getattr(target, name), count()

    def once(*arguments: Any, **named: Any) -> Any:
        if next(calls) == when:
            raise error
        return real(*arguments, **named)

    patch.setattr(target, name, once)


POINTS = {
    "file-sync": (os, "fsync", 0, OSError(5, "pulled")),
    "rename": (Path, "rename", 0, OSError(5, "pulled")),
    "directory-sync": (os, "fsync", 1, OSError(5, "pulled")),
    "full-disk": (os, "fsync", 0, OSError(28, "full")),
    "row-commit": (reseal_runs, "advance", 0, Pulled()),
    "row-swap": (reseal, "swap", 1, Pulled()),
    "end": (reseal_runs, "close", 0, Pulled()),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_at_any_point_loses_nothing(house, rosters, monkeypatch, point) -> None:
    batch = house.submit(rosters[0])
    house.answer(batch.batch_id)
    before, names = house.items(batch.batch_id), dict(house.context.vault.keys_in_use())
    old = {house.active(alias) for alias in (SEGMENT_DATA, VAULT_DATA)}
    house.rotate(VAULT_DATA)
    house.rotate(SEGMENT_DATA)
    crashes = 0
    for _ in range(3):
        resealing.look_again(house.context)
        with monkeypatch.context() as patch:
            fail_at(patch, *POINTS[point])
            try:
                house.run("reseal")
            except (OSError, Pulled, VaultFull):
                crashes += 1
        assert house.items(batch.batch_id) == before
        assert b"".join(house.context.vault.open(batch.content)) == rosters[0].content()
        assert set(dict(house.context.vault.keys_in_use())) == set(names)
        house.clock.later(1)  # the lease is over
    assert crashes
    house.run("reseal")
    assert not under(house).keys() & old
    assert house.items(batch.batch_id) == before
