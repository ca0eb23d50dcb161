"""What the banks and the provider will do under one seed."""

from __future__ import annotations

from random import Random
from typing import Any

from simulators.script import Script

_RURAL_SPOILS = (
    "wrong-amount",
    "unknown-item",
    "wrong-total",
    "bad-signature",
    "missing-signature",
    "truncated",
    "garbled",
    "other-content-same-name",
)
_CITY_SPOILS = ("wrong-amount", "unknown-item", "bad-signature", "missing-signature", "truncated", "garbled")
LYING = frozenset({"contradict-result", "other-content-same-name"})
"""Effects under which a bank says what its own books deny: then a dispute is the right end."""


def rural_script(rng: Random) -> Script:
    """Items and files of the bank that exchanges files."""
    codes = {"failed": "0004", "returned": "0009", "turned": "0010", "refused": "9003"}
    return _script(rng, codes, _rural_effect, range(120))


def city_script(rng: Random) -> Script:
    """Items and files of the bank that exchanges messages.

    Its reports say everything anew, so that a repair or repetition after a late word would take that word back.
    """
    codes = {"failed": "AC03", "returned": "RJ09", "turned": "AC06", "refused": "FF01"}
    return _script(rng, codes, _city_effect, range(100, 160))


def sms_script(rng: Random) -> Script:
    """Refused numbers, late and missing receipts."""
    rules = [
        {"match": {"share": "0.1"}, "action": {"do": "failed", "code": "MOBILE_CLOSED"}},
        {"match": {"share": "0.1"}, "action": {"do": "returned-late", "seconds": 3, "code": "UNDELIV"}},
    ]
    return Script.model_validate({"seed": rng.getrandbits(32), "rules": rules})


def _script(rng: Random, codes: dict[str, str], effect: Any, late: range) -> Script:
    silent = rng.choice(["0", "0", "0.06"])
    rules = [
        {"match": {"share": "0.12"}, "action": {"do": "failed", "code": codes["failed"]}},
        {"match": {"share": "0.12"}, "action": {"do": "processing-then-paid", "seconds": rng.choice(late)}},
        {"match": {"share": "0.12"}, "action": _returned(rng.choice(late), codes["returned"])},
    ]
    if silent != "0":
        credited = rng.random() < 0.5
        rules.append({"match": {"share": silent}, "action": {"do": "silent", "credited": credited}})
    files = [{"match": {"ends_with": str(digit)}, "effects": effect(rng, codes)} for digit in range(10)]
    files = [rule for rule in files if rule["effects"]]
    return Script.model_validate({"seed": rng.getrandbits(32), "rules": rules, "files": files})


def _returned(seconds: int, code: str) -> dict[str, Any]:
    return {"do": "returned-late", "seconds": seconds, "code": code}


def _rural_effect(rng: Random, codes: dict[str, str]) -> list[dict[str, Any]]:
    own = {"do": "delay-acknowledgement", "seconds": rng.randint(0, 100)}
    return _effects(rng, codes, _RURAL_SPOILS, own)


def _city_effect(rng: Random, codes: dict[str, str]) -> list[dict[str, Any]]:
    return _effects(rng, codes, _CITY_SPOILS, {"do": "lose-reply", "answer_after": rng.choice([None, 20, 60])})


def _effects(rng: Random, codes: dict[str, str], spoils: tuple[str, ...], own: dict[str, Any]) -> list[dict[str, Any]]:
    seconds = rng.randint(0, 60)
    spoil = {"do": "spoil-result", "how": rng.choice(spoils), "repair_after": rng.randint(2, 90)}
    choices: list[list[dict[str, Any]]] = [
        [],
        [own],
        [own, {"do": "delay-result", "seconds": seconds}],
        [{"do": "split-result", "parts": rng.randint(2, 4), "every_seconds": rng.randint(0, 20)}],
        [{"do": "split-result", "parts": 2, "every_seconds": 3}, {"do": "reorder-rows"}],
        [{"do": "duplicate-result", "under": rng.choice(["another-part", "same-name"]), "seconds": seconds}],
        [{"do": "contradict-result", "rows": 2, "code": codes["turned"], "seconds": seconds}],
        [spoil],
        [spoil],
        [own, spoil],
        [{"do": "go-offline", "seconds": seconds}],
        [{"do": "refuse-file", "code": codes["refused"], "text": "格式"}],
    ]
    return rng.choice(choices)
