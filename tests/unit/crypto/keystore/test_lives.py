"""Lives of keys in any order of events, against a model of what each key may do."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from crypto import master_key
from crypto.contract import KeyUnusable
from crypto.generate import generate_key
from crypto.key_entry import CHECKS, MAKES, OPENS, TRANSITIONS, KeyEntry, KeyState
from crypto.keystore import Keystore

START = date(2026, 5, 1)
ALIASES = ("a", "b")
DAYS = st.none() | st.integers(-3, 6)


class Lives(RuleBasedStateMachine):
    """Data keys of two aliases; two processes, one of which makes the changes."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.day = START
        self.model: dict[tuple[str, str], KeyEntry] = {}
        self.sealed: dict[tuple[str, str], bytes] = {}
        self.words = 0

    @initialize()
    def create(self) -> None:
        path = Path(self.folder.name) / "keys.json"
        self.store = Keystore.create(path, "passphrase number 0", today=lambda: self.day)
        self.reader = Keystore.open(path, self.store.passphrase_source, today=lambda: self.day)

    @rule(alias=st.sampled_from(ALIASES), state=st.sampled_from(KeyState), start=DAYS, length=DAYS)
    def add(self, alias: str, state: KeyState, start: int | None, length: int | None) -> None:
        first = None if start is None else self.day + timedelta(start)
        last = None if length is None else (first or self.day) + timedelta(max(length, 0))
        with self.store.changing() as draft:
            entry = draft.add(alias, "encrypt", generate_key("aes-256"), state=state, not_before=first, not_after=last)
        self.model[alias, entry.key_id] = entry

    @rule(data=st.data(), state=st.sampled_from(KeyState))
    def move(self, data: st.DataObject, state: KeyState) -> None:
        if not self.model:
            return
        place = data.draw(st.sampled_from(sorted(self.model)))
        before = self.model[place]
        if state in TRANSITIONS[before.state]:
            with self.store.changing() as draft:
                self.model[place] = draft.move(*place, state)
            assert self.model[place].history[:-1] == before.history
            assert self.model[place].history[-1].on == self.day
        else:
            with pytest.raises(KeyUnusable, match="cannot go"), self.store.changing() as draft:
                draft.move(*place, state)

    @rule(days=st.integers(0, 3))
    def time_passes(self, days: int) -> None:
        self.day += timedelta(days)

    @rule()
    def change_passphrase(self) -> None:
        self.words += 1
        with self.store.changing() as draft:
            draft.change_passphrase(f"passphrase number {self.words}")

    @rule(alias=st.sampled_from(ALIASES))
    def seal(self, alias: str) -> None:
        makers = [
            entry
            for (owner, _), entry in self.model.items()
            if owner == alias and entry.state in MAKES and entry.current(self.day)
        ]
        try:
            sealed = self.store.segment_sealer(alias).seal(b"plain", alias)
        except KeyUnusable:
            assert not makers
            return
        maker = next(entry for entry in makers if entry.key_id.encode() in sealed[:60])
        assert all((maker.not_before or date.min) >= (other.not_before or date.min) for other in makers)
        self.sealed[alias, maker.key_id] = sealed

    @invariant()
    def both_know_the_same_and_what_is_sealed_opens_unless_revoked(self) -> None:
        self.reader.reload()
        assert {(one.alias, one.key_id): one.state for one in self.reader.entries()} == {
            place: one.state for place, one in self.model.items()
        }
        for place, sealed in self.sealed.items():
            if self.model[place].state in OPENS:
                assert self.reader.segment_sealer(place[0]).unseal(sealed, place[0]) == b"plain"
            else:
                with pytest.raises(Exception, match=r"not here|no key that is"):
                    self.reader.segment_sealer(place[0]).unseal(sealed, place[0])
        assert CHECKS < OPENS

    def teardown(self) -> None:
        self.folder.cleanup()


def test_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(master_key, "NEW_COST", {"memory_kib": 19 * 1024, "iterations": 2, "lanes": 1})
    run_state_machine_as_test(Lives, settings=settings(max_examples=8, stateful_step_count=20, deadline=None))
