"""The gateway killed outright at moments that were seen to have come, and at random ones: nothing lost, nothing twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.core.lifecycle import ItemState
from gateway.core.notices import NoticeState
from gateway.store import inbox, notices
from gateway.store.records import BatchState, InstructionState

RURAL, CITY = "rural-fixed", "city-iso"
TRIES = 6
pytestmark = pytest.mark.slow


def _family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            parents[int(entry.name)] = int(stat[1])
    found = [pid]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found


def _stat(pid: int) -> list[str]:
    """State, parent and so on; empty where the process is gone."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _works(pid: int) -> bool:
    stat = _stat(pid)
    return bool(stat) and stat[0] not in "ZX"


def _kill(scene: Any) -> None:
    """End the gateway; its workers must follow it, those that are only starting as soon as they have."""
    family = _family(scene.world.children["gateway"].pid)
    scene.world.kill_gateway()
    ends = time.monotonic() + 20
    while (left := [pid for pid in family if _works(pid)]) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not left, f"orphaned worker processes go on working: {left}"


def _kill_when(scene: Any, moment: Callable[[], Any], seconds: float = 20) -> bool:
    """Kill as soon as ``moment`` is seen in the store; False where it is not seen."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if moment():
            _kill(scene)
            return True
        time.sleep(0.002)
    return False


def _comes_through(scene: Any, *numbers: str) -> None:
    """Start again: all is completed, all is told, and the books agree."""
    scene.books()
    scene.world.start_gateway()
    scene.until(lambda: scene.done(*numbers) and scene.idle(), "everything is completed after the restart", 60)
    scene.agrees_with_banks()


@pytest.fixture
def frozen(scene: Any) -> Iterator[Callable[[str], None]]:
    """Stop a simulator's process for a while: it is there, and does not answer."""
    stopped: list[int] = []

    def freeze(name: str) -> None:
        stopped.append(scene.world.children[name].pid)
        os.kill(stopped[-1], signal.SIGSTOP)

    yield freeze
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
def scripted(scene: Any) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Another script for a simulator, for one test."""
    changed: list[str] = []

    def play(name: str, script: dict[str, Any]) -> None:
        changed.append(name)
        scene.script(name, script)

    yield play
    for name in changed:
        scene.script(name, {})


def _instruction_in(scene: Any, number: str, *states: InstructionState) -> bool:
    return any(made.state in states for made in scene.instructions(number))


def test_while_a_batch_is_checked(scene, names) -> None:
    batch = names.small_batch(100, 1000)
    number = batch.header["batch_no"]
    scene.client.submit(batch)
    assert _kill_when(scene, lambda: scene.batch(number).state is BatchState.RECEIVED, 1)
    assert scene.batch(number).state in {BatchState.RECEIVED, BatchState.ACCEPTED}
    _comes_through(scene, number)
    assert scene.states(number) == [ItemState.PAID] * 1000


def test_after_the_files_are_planned_and_before_they_are_built(scene, names) -> None:
    for attempt in range(TRIES):
        batch = names.small_batch(110 + attempt, 1000, CITY)
        number = batch.header["batch_no"]
        scene.client.submit(batch)
        if _kill_when(scene, lambda number=number: _instruction_in(scene, number, InstructionState.PLANNED), 5):
            break
    else:
        pytest.fail("PLANNED was never seen")
    _comes_through(scene, number)


def test_while_a_file_is_being_uploaded(scene, names) -> None:
    for attempt in range(TRIES):
        batch = names.small_batch(120 + attempt, 1000, RURAL)
        number = batch.header["batch_no"]
        scene.client.submit(batch)
        if _kill_when(scene, lambda number=number: _instruction_in(scene, number, InstructionState.SENDING), 5):
            break
    else:
        pytest.fail("SENDING was never seen")
    _comes_through(scene, number)


def test_while_the_bank_does_not_take_the_message(scene, names, frozen) -> None:
    batch = names.small_batch(128, 60, CITY)
    number = batch.header["batch_no"]
    frozen("city-iso")
    scene.client.submit(batch)
    assert _kill_when(scene, lambda: _instruction_in(scene, number, InstructionState.SENDING))
    assert _instruction_in(scene, number, InstructionState.SENDING)
    os.kill(scene.world.children["city-iso"].pid, signal.SIGCONT)
    _comes_through(scene, number)


def test_while_the_bank_has_it_and_its_answer_is_awaited(scene, names, scripted) -> None:
    scripted("city-iso", {"files": [{"effects": [{"do": "lose-reply", "answer_after": 20}]}]})
    batch = names.small_batch(130, 60, CITY)
    number = batch.header["batch_no"]
    scene.client.submit(batch)
    before = scene.world.ask("city-iso", "ledger")["items"]
    assert _kill_when(scene, lambda: scene.world.ask("city-iso", "ledger")["items"] > before)
    assert _instruction_in(scene, number, InstructionState.SENDING)
    _comes_through(scene, number)


def test_just_after_it_was_sent(scene, names, scripted) -> None:
    late = [{"do": "delay-acknowledgement", "seconds": 3}]
    scripted("rural-fixed", {"files": [{"effects": late}]})
    batch = names.small_batch(140, 60, RURAL)
    number = batch.header["batch_no"]
    scene.client.submit(batch)
    assert _kill_when(scene, lambda: _instruction_in(scene, number, InstructionState.SENT))
    _comes_through(scene, number)


def test_while_results_are_applied(scene, names, scripted) -> None:
    scripted("rural-fixed", {"files": [{"effects": [{"do": "split-result", "parts": 12}]}]})
    batch = names.small_batch(150, 120, RURAL)
    number = batch.header["batch_no"]
    scene.client.submit(batch)

    def half_applied() -> bool:
        with scene.context.store.read() as tx:
            waiting = inbox.waiting(tx, RURAL)
        return bool(waiting) and ItemState.PAID in (states := scene.states(number)) and len(set(states)) > 1

    assert _kill_when(scene, half_applied)
    _comes_through(scene, number)


def test_while_notices_are_called(scene, names, scripted) -> None:
    scripted("sms", {"files": [{"effects": [{"do": "lose-reply", "answer_after": 20}]}]})
    batch = names.small_batch(160, 120, RURAL)
    number = batch.header["batch_no"]
    before = scene.world.ask("sms", "ledger")["lots_taken"]
    scene.client.submit(batch)

    def calling() -> bool:
        with scene.context.store.read() as tx:
            states = notices.counts(tx, scene.batch(number).batch_id)
        return NoticeState.CALLING in states and scene.world.ask("sms", "ledger")["lots_taken"] > before

    assert _kill_when(scene, calling)
    scene.script("sms", {})
    _comes_through(scene, number)
    with scene.context.store.read() as tx:
        assert not {NoticeState.DUE, NoticeState.CALLING} & notices.counts(tx, scene.batch(number).batch_id).keys()


def test_at_random_moments(scene, names, scripted) -> None:
    chance = random.Random(20260301)
    rules = [{"match": {"share": 0.1}, "action": {"do": "processing-then-paid", "seconds": 2}}]
    for name, code in (("rural-fixed", "0004"), ("city-iso", "AC03")):
        failing = {"match": {"share": 0.1}, "action": {"do": "failed", "code": code, "text": "账号不存在"}}
        scripted(name, {"rules": [*rules, failing], "files": [{"effects": [{"do": "split-result", "parts": 3}]}]})
    numbers = []
    for kill in range(3):
        for bank in (RURAL, CITY):
            batch = names.small_batch(170 + 2 * kill + (bank == CITY), 60, bank)
            scene.client.submit(batch)
            numbers.append(batch.header["batch_no"])
        time.sleep(chance.uniform(0.0, 1.5))
        _kill(scene)
        scene.books()
        if kill < 2:
            scene.world.start_gateway()
    _comes_through(scene, *numbers)
