"""Four eyes on a machine that may die between any two steps: no change is lost, half done, or done by one person."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from crypto import master_key
from crypto.generate import generate_key
from crypto.key_entry import KeyState, Purpose
from crypto.keystore import Keystore
from gateway.core.authority import Actor, Role
from gateway.core.key_changes import EXPIRY_MS, ChangeRefused, ChangeState, KeyAction
from gateway.services.chain_check import ChainCheck, RawEntry, walk
from gateway.services.key_admin import KeyAdmin
from gateway.services.key_applying import entry_of
from gateway.store import audit, audit_reading
from gateway.store.database import Store

PASSPHRASE = "a passphrase for tests"
PEOPLE = [Actor(name, frozenset({Role.KEY_CUSTODIAN}), key=name * 4) for name in ("li", "wang", "zhao")]
TODAY = date(2026, 11, 23)


class Died(Exception):
    """The machine stopped here."""


class Fuse:
    """Burns down by one at every durable step, and at the last one the machine dies, before or after the step."""

    def __init__(self) -> None:
        self.left: int | None = None

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Died


class DyingStore(Store):
    """Dies before or after a commit."""

    fuse: Fuse

    @contextmanager
    def begin(self) -> Iterator[Any]:
        with super().begin() as tx:
            yield tx
            self.fuse.step()
        self.fuse.step()


class DyingKeystore(Keystore):
    """Dies before or after the file is replaced."""

    fuse: Fuse

    @contextmanager
    def changing(self) -> Iterator[Keystore]:
        with super().changing() as draft:
            yield draft
            self.fuse.step()
        self.fuse.step()


class HandClock:
    """Moved by hand."""

    now = 1_795_400_000_000

    def now_ms(self) -> int:
        return self.now


class Machine(RuleBasedStateMachine):
    """Two keys of one alias, three people, and a power supply that cannot be relied upon."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="four-eyes-"))
        shutil.copytree(self.template, self.directory, dirs_exist_ok=True)
        self.fuse, self.clock = Fuse(), HandClock()
        self.store = DyingStore(f"sqlite:///{self.directory}/store.db")
        self.store.fuse = self.fuse
        self.keys = self.opened()
        self.key_ids = [entry.key_id for entry in self.keys.entries()]

    def opened(self) -> DyingKeystore:
        keys = DyingKeystore.open(self.directory / "keystore.json", PASSPHRASE, lambda: TODAY)
        assert isinstance(keys, DyingKeystore)
        keys.fuse = self.fuse
        return keys

    def teardown(self) -> None:
        self.sweep(None)
        self.nothing_is_done_by_one_person_but_an_emergency()
        self.the_file_holds_what_was_approved_and_nothing_else()
        self.the_audit_is_intact_and_counts_the_same()
        self.store.dispose()
        shutil.rmtree(self.directory)

    def attempt(self, fuse: int | None, act: Any) -> None:
        """Do it, with the machine dying at the step ``fuse``; then it starts again."""
        self.fuse.left = fuse
        try:
            act(KeyAdmin(self.store, self.keys, self.clock))
        except ChangeRefused:
            pass
        except Died:
            self.keys = self.opened()
        finally:
            self.fuse.left = None

    @rule(
        who=st.sampled_from(PEOPLE),
        action=st.sampled_from(KeyAction),
        which=st.integers(0, 1),
        fuse=st.none() | st.integers(0, 3),
        retire=st.booleans(),
    )
    def propose(self, who: Actor, action: KeyAction, which: int, fuse: int | None, retire: bool) -> None:
        key_id = self.key_ids[which]
        self.attempt(fuse, lambda admin: admin.propose(who, action, "sign", key_id, "why", retire_others=retire))

    @rule(who=st.sampled_from(PEOPLE), fuse=st.none() | st.integers(0, 7), back=st.integers(0, 2))
    def approve(self, who: Actor, fuse: int | None, back: int) -> None:
        self.attempt(fuse, lambda admin: admin.approve(who, self.newest() - back))

    @rule(who=st.sampled_from(PEOPLE), fuse=st.none() | st.integers(0, 3))
    def reject(self, who: Actor, fuse: int | None) -> None:
        self.attempt(fuse, lambda admin: admin.reject(who, self.newest(), "no"))

    @precondition(lambda self: self.newest() > 3)
    @rule(who=st.sampled_from(PEOPLE), which=st.integers(0, 1), fuse=st.none() | st.integers(0, 7))
    def revoke_now(self, who: Actor, which: int, fuse: int | None) -> None:
        self.attempt(fuse, lambda admin: admin.revoke_now(who, "sign", self.key_ids[which], "copied"))

    @rule(fuse=st.none() | st.integers(0, 5))
    def sweep(self, fuse: int | None) -> None:
        self.attempt(fuse, lambda admin: admin.catch_up())
        if fuse is None:
            assert not KeyAdmin(self.store, self.keys, self.clock).changes(ChangeState.APPLYING)

    @rule(days=st.sampled_from([1, 8]))
    def time_passes(self, days: int) -> None:
        self.clock.now += days * EXPIRY_MS // 7

    def newest(self) -> int:
        changes = KeyAdmin(self.store, self.keys, self.clock).changes()
        return changes[0].change_id if changes else 0

    @invariant()
    def nothing_is_done_by_one_person_but_an_emergency(self) -> None:
        for change in KeyAdmin(self.store, self.keys, self.clock).changes():
            if change.state in (ChangeState.APPLYING, ChangeState.APPLIED):
                assert change.emergency or change.decided_by != change.proposed_by

    @invariant()
    def the_file_holds_what_was_approved_and_nothing_else(self) -> None:
        """Each key is where the changes led it, or where one that is APPLYING still has to lead it."""
        changes = KeyAdmin(self.store, self.keys, self.clock).changes(limit=1000)
        self.keys.reload()
        for key_id in self.key_ids:
            entry = entry_of(self.keys, "sign", key_id)
            assert entry is not None
            led = {"PENDING"}
            for change in changes:
                if change.state in (ChangeState.APPLIED, ChangeState.APPLYING):
                    if change.key_id == key_id:
                        led.add(change.target)
                    if key_id in change.others:
                        led.add("RETIRING")
            assert entry.state in led

    @invariant()
    def the_audit_is_intact_and_counts_the_same(self) -> None:
        check = ChainCheck("", {})
        head, last = audit_reading.end(self.store)
        for _ in walk(check, (RawEntry(*row) for row in audit_reading.rows(self.store, last))):
            pass
        if head is not None:
            check.finish(head)
        assert check.findings == []
        with self.store.read() as tx:
            applied = [one.after["change"] for one in audit.entries(tx) if one.action == "key.applied"]
        changes = KeyAdmin(self.store, self.keys, self.clock).changes(ChangeState.APPLIED, 1000)
        assert sorted(applied) == sorted(change.change_id for change in changes)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A keystore with two pending keys that opens quickly, and an empty store."""
    directory = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as cheap:
        cheap.setattr(master_key, "NEW_COST", {"memory_kib": 19 * 1024, "iterations": 2, "lanes": 1})
        keys = Keystore.create(directory / "keystore.json", PASSPHRASE, lambda: TODAY)
    for _ in range(2):
        keys.add("sign", Purpose.SIGN, generate_key("ed25519"), state=KeyState.PENDING)
    keys.save()
    store = Store(f"sqlite:///{directory}/store.db")
    store.migrate()
    store.dispose()
    return directory


def test_whatever_happens_and_wherever_it_dies(template: Path) -> None:
    Machine.template = template
    quick = settings(
        max_examples=25, stateful_step_count=14, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    run_state_machine_as_test(Machine, settings=quick)
