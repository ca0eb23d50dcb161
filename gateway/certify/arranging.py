"""Telling the simulated bank what to do (布置): one script for all cases, each case matched by its accounts and file name."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from gateway.certify.batch import CaseBatch
from gateway.certify.cases import LATER_SECONDS, Case, Line, NotRun, Plan

Script = dict[str, Any]
Playing = Callable[[Script], str | None]
"""Gives a script to the bank; answers why the bank cannot play it, or None."""

PAST_EVERYTHING_SECONDS: Final = 6 * LATER_SECONDS
_ACCOUNT: Final = "0"


def script_of(batches: Iterable[CaseBatch]) -> Script:
    """Everything that the bank must do, by account and by the id of each case's first instruction."""
    rules, files = [], []
    for batch in batches:
        for line, account in zip(batch.case.lines, batch.items["account"], strict=True):
            if line.action is not None:
                rules.append({"match": {"account": account}, "action": dict(line.action)})
        if batch.case.effects:
            effects = [dict(effect) for effect in batch.case.effects]
            files.append({"match": {"message_id": batch.message_ids[0]}, "effects": effects})
    return {"rules": rules, "files": files}


def playable(cases: Iterable[Case], play: Playing) -> Plan:
    """The cases that this bank can be made to show; every other with the bank's own reason why not.

    Of a case with many actions, such as one for each code, the lines that can be shown are kept.
    """
    kept: list[Case] = []
    left: list[NotRun] = []
    for case in cases:
        if case.impossible is not None:
            left.append(NotRun(case, *case.impossible))
            continue
        why = play(_trial(case.lines, case)) if case.scripted else None
        if why is None:
            kept.append(case)
            continue
        lines = tuple(line for line in case.lines if play(_trial((line,), case)) is None)
        if not any(line.action is not None for line in lines):
            left.append(NotRun(case, f"模拟银行无法演示：{why}", f"this bank cannot be made to show it: {why}"))
            continue
        unshown = tuple(line.label for line in case.lines if line not in lines)
        kept.append(replace(case, lines=lines, left_out=(*case.left_out, *unshown)))
    return Plan(tuple(kept), tuple(left))


def _trial(lines: Iterable[Line], case: Case) -> Script:
    rules = [{"match": {"account": _ACCOUNT}, "action": dict(line.action)} for line in lines if line.action is not None]
    files = [{"match": {}, "effects": [dict(effect) for effect in case.effects]}] if case.effects else []
    return {"rules": rules, "files": files}


def playing(control_port: int) -> Playing:
    """The control interface of a simulator on this machine."""

    def play(script: Script) -> str | None:
        body = json.dumps(script, ensure_ascii=False).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{control_port}/control/script", body)
        try:
            with urllib.request.urlopen(request, timeout=60):  # noqa: S310 - http to this machine
                return None
        except urllib.error.HTTPError as refused:
            found: dict[str, Any] = json.loads(refused.read() or b"{}")
            return str(found.get("error", refused.reason))

    return play


def hold_clock(control_port: int) -> None:
    """The bank's clock stands still: what it says later waits."""
    _steer(control_port, {"stopped": True})


def release_clock(control_port: int) -> None:
    """The bank's clock jumps past everything that waits, and runs on."""
    _steer(control_port, {"stopped": False, "advance_seconds": PAST_EVERYTHING_SECONDS})


def _steer(control_port: int, steering: dict[str, Any]) -> None:
    body = json.dumps(steering).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{control_port}/control/clock", body)
    with urllib.request.urlopen(request, timeout=60):  # noqa: S310 - http to this machine
        pass


def bank_books(control_port: int) -> dict[str, dict[str, Any]]:
    """The simulated bank's own books: reference to times credited, fen, times returned."""
    url = f"http://127.0.0.1:{control_port}/control/ledger/items"
    with urllib.request.urlopen(url, timeout=60) as answer:  # nosec B310 - http to this machine
        lines = [json.loads(line) for line in answer]
    return {line["reference"]: line for line in lines}
