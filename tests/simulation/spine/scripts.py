"""What the banks and the provider will do under one seed, in canonical reasons, so that any bank can play it."""

from __future__ import annotations

from random import Random
from typing import Any

from simulators.bank_contract import Totalling
from simulators.bank_parts import codec_of
from simulators.declaration import BankData
from simulators.script import Script

_SPOILS = (
    "wrong-amount",
    "unknown-item",
    "bad-signature",
    "missing-signature",
    "truncated",
    "garbled",
    "wrong-encoding",
    "partial",
    "dropped",
    "other-content-same-name",
)
_FAILED = ("ACCT_NOT_FOUND", "NAME_MISMATCH", "ACCT_CLOSED", "ACCT_FROZEN", "CARD_LOST")
_RETURNED = ("RETURNED", "ACCT_CLOSED", "ACCT_NOT_FOUND")
_TURNED = ("ACCT_FROZEN", "ACCT_NOT_FOUND")
_REFUSED = ("FORMAT", "SIGNATURE")
LYING = frozenset({"contradict-result", "other-content-same-name"})
"""Effects under which a bank says what its own books deny: then a dispute is the right end."""


def bank_script(rng: Random, data: BankData) -> Script:
    """Items and messages of one bank.

    Whoever is asked says everything anew, so that a repair or repetition after a late word would take that word back:
    there it comes late enough.
    """
    late = range(120) if data.declaration.transport.by_files else range(100, 160)
    silent = rng.choice(["0", "0", "0.06"])
    rules = [
        {"match": {"share": "0.12"}, "action": {"do": "failed", "code": rng.choice(_FAILED)}},
        {"match": {"share": "0.12"}, "action": {"do": "processing-then-paid", "seconds": rng.choice(late)}},
        {"match": {"share": "0.12"}, "action": _returned(rng.choice(late), rng.choice(_RETURNED))},
    ]
    if silent != "0":
        credited = rng.random() < 0.5
        rules.append({"match": {"share": silent}, "action": {"do": "silent", "credited": credited}})
    files = [{"match": {"ends_with": str(digit)}, "effects": _effects(rng, data)} for digit in range(10)]
    files = [rule for rule in files if rule["effects"]]
    return Script.model_validate({"seed": rng.getrandbits(32), "rules": rules, "files": files})


def sms_script(rng: Random) -> Script:
    """Refused numbers, late and missing receipts."""
    rules = [
        {"match": {"share": "0.1"}, "action": {"do": "failed", "code": "MOBILE_CLOSED"}},
        {"match": {"share": "0.1"}, "action": {"do": "returned-late", "seconds": 3, "code": "UNDELIV"}},
    ]
    return Script.model_validate({"seed": rng.getrandbits(32), "rules": rules})


def _returned(seconds: int, code: str) -> dict[str, Any]:
    return {"do": "returned-late", "seconds": seconds, "code": code}


def _own(rng: Random, data: BankData) -> dict[str, Any]:
    """What only this kind of wire can do to the first word on an instruction."""
    late = {"do": "delay-acknowledgement", "seconds": rng.randint(0, 100)}
    if data.declaration.transport.by_files:
        return rng.choice([late, late, {"do": "drop-acknowledgement"}])
    lost = {"do": "lose-reply", "answer_after": rng.choice([None, 20, 60])}
    return rng.choice([lost, lost, late])


def _spoil(rng: Random, data: BankData) -> dict[str, Any]:
    spoils = (*_SPOILS, "wrong-total") if isinstance(codec_of(data), Totalling) else _SPOILS
    return {"do": "spoil-result", "how": rng.choice(spoils), "repair_after": rng.randint(2, 90)}


def _effects(rng: Random, data: BankData) -> list[dict[str, Any]]:
    seconds, own, spoil = rng.randint(0, 60), _own(rng, data), _spoil(rng, data)
    again = ["another-part"] if data.declaration.transport.pushes else ["another-part", "same-name"]
    choices: list[list[dict[str, Any]]] = [
        [],
        [own],
        [own, {"do": "delay-result", "seconds": seconds}],
        [{"do": "split-result", "parts": rng.randint(2, 4), "every_seconds": rng.randint(0, 20)}],
        [{"do": "split-result", "parts": 2, "every_seconds": 3}, {"do": "reorder-rows"}],
        [{"do": "duplicate-result", "under": rng.choice(again), "seconds": seconds}],
        [{"do": "contradict-result", "rows": 2, "code": rng.choice(_TURNED), "seconds": seconds}],
        [spoil],
        [spoil],
        [own, spoil],
        [{"do": "go-offline", "seconds": seconds}],
        [{"do": "refuse-file", "code": rng.choice(_REFUSED), "text": "格式"}],
    ]
    return rng.choice(choices)
