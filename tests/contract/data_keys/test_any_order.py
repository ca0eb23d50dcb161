"""Intake, rotation, re-sealing and erasure in any order, with crashes between: nothing is lost, nothing comes back."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gateway.core.authority import Actor, Role
from gateway.services import background, reindexing, resealing
from gateway.services.erasing_person import erase_person
from gateway.services.finding import find_person
from gateway.store import reseal, reseal_runs

OFFICER = Actor("wang", frozenset({Role.PRIVACY_OFFICER}), origin="local:tty")
ALIASES = ("segment-data", "vault-data", "blind-index")
OPERATIONS = st.lists(
    st.one_of(
        st.just(("intake", 0)),
        st.tuples(st.just("rotate"), st.sampled_from(ALIASES)),
        st.tuples(st.just("work"), st.integers(1, 4)),
        st.tuples(
            st.just("crash"), st.tuples(st.sampled_from(["sync", "rename", "swap", "advance"]), st.integers(0, 3))
        ),
        st.just(("end-old-keys", 0)),
    ),
    min_size=3,
    max_size=9,
)
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)  # an example takes a second: shrinking would take minutes
KINDS = ("reseal", "reindex", "index")


class Pulled(Exception):
    """The plug."""


def work(house, steps: int) -> None:
    background.watch(house.context)
    try:
        house.run(*KINDS, steps=steps)
    except AssertionError:
        return  # more is left to do


def crash(house, monkeypatch, place: str, when: int) -> None:
    target, name = {
        "sync": (os, "fsync"),
        "rename": (Path, "rename"),
        "swap": (reseal, "swap"),
        "advance": (reseal_runs, "advance"),
    }[place]
    real, calls = getattr(target, name), iter(range(10_000))

    def breaks(*arguments, **named):
        if next(calls) == when:
            raise OSError(5, "pulled") if target in (os, Path) else Pulled
        return real(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(target, name, breaks)
        try:
            work(house, 3)
        except (OSError, Pulled):
            house.clock.later(0.1)  # its lease ends


def end_old_keys(house) -> None:
    """What an operator does once nothing lies under a key any more."""
    from gateway.services.data_keys import still_sealed_under

    with house.context.store.read() as tx:
        used = still_sealed_under(tx, house.context.vault)
    for alias in ALIASES:
        for entry in house.keys.entries(alias):
            if entry.state == "RETIRING" and entry.key_id not in used:
                house.move(alias, entry.key_id, "REVOKED")


def require_whole(house, taken) -> None:
    for batch, items, content in taken:
        assert house.items(batch.batch_id) == items
        assert b"".join(house.context.vault.open(batch.content)) == content
        found = {one.item_id for one in find_person(house.context, items[0]["id_number"])}
        assert items[0]["item_id"] in found


def test_every_item_always_opens_and_is_what_was_taken_in(build, migrated_file, rosters, monkeypatch) -> None:
    @settings(max_examples=4, deadline=None, phases=QUICK)
    @given(OPERATIONS)
    def run(operations) -> None:
        with tempfile.TemporaryDirectory() as place, monkeypatch.context() as small:
            for name, value in (("OCTETS_A_STEP", 20_000), ("HEADS_A_STEP", 3), ("ROWS_A_TRANSACTION", 2)):
                small.setattr(resealing, name, value)
            small.setattr(reindexing, "ROWS_A_STEP", 1)
            shutil.copy(migrated_file, Path(place) / "store.db")
            house, taken = build(f"sqlite:///{place}/store.db", Path(place)), []
            for operation, how in [("intake", 0), *operations]:
                if operation == "intake":
                    given_batch = rosters[len(taken) % 3]
                    batch = house.submit(given_batch, f"B-{len(taken)}")
                    taken.append((batch, house.items(batch.batch_id), given_batch.content()))
                elif operation == "rotate":
                    house.rotate(how)
                elif operation == "work":
                    work(house, how)
                elif operation == "crash":
                    crash(house, monkeypatch, *how)
                else:
                    end_old_keys(house)
                require_whole(house, taken)
            house.clock.later(0.1)
            background.watch(house.context)
            house.run(*KINDS)
            end_old_keys(house)
            require_whole(house, taken)
            assert all(e.state in ("ACTIVE", "REVOKED") for alias in ALIASES for e in house.keys.entries(alias))

    run()


def test_no_sealed_byte_opens_to_a_person_who_was_erased(build, migrated_file, rosters) -> None:
    @settings(max_examples=4, deadline=None, phases=QUICK)
    @given(st.integers(0, 59), st.lists(st.sampled_from(ALIASES), max_size=2), st.booleans(), st.integers(0, 2))
    def run(row, rotations, finished, steps) -> None:
        with tempfile.TemporaryDirectory() as place:
            shutil.copy(migrated_file, Path(place) / "store.db")
            house = build(f"sqlite:///{place}/store.db", Path(place))
            for number in range(2):
                batch = house.submit(rosters[number], f"B-{number}")
                house.instruct(batch.batch_id)
                person = house.items(1)[row]
                about = f"{person['id_number']} {person['account']}" if number == 0 else "他人"
                house.answer(batch.batch_id, words=f"已入账 {about}")  # in everybody's row: banks confuse rows
            for alias in rotations:
                house.rotate(alias)
                work(house, 1 + 1000 * finished)
            house.clock.later(800)
            erase_person(house.context, OFFICER, person["id_number"], "request 7")
            house.clock.later(0.1)
            work(house, steps)
            for plain in house.everything():
                assert person["id_number"].encode() not in plain
                assert person["account"].encode() not in plain
            assert find_person(house.context, person["id_number"]) == []

    run()
