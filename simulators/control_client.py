"""The caller of a simulator's control interface (控制接口客户端), for people and shell scripts."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

import orjson

_READ: Final = {"ledger": "ledger", "items": "ledger/items", "pending": "pending", "events": "events"}
_PATIENCE_SECONDS: Final = 60


class ControlRefused(Exception):
    """The simulator does not do it, or nothing of the kind can be asked for."""


def ask(port: int, what: str, value: str | None) -> str:
    """One call; the simulator's answer as text. Raises ControlRefused, OSError where no simulator is there."""
    if what in _READ:
        return _call(port, _READ[what], None)
    if what in ("hold", "release"):
        return _call(port, what, b"")
    if what == "offline":
        return _call(port, what, orjson.dumps({"seconds": _seconds(value)}))
    if what == "clock":
        return _call(port, what, None if value is None else orjson.dumps(_steering(value)))
    if what == "script":
        if value is None:
            raise ControlRefused("script: give a file")
        return _call(port, what, Path(value).read_bytes())
    known = ", ".join((*_READ, "hold", "release", "offline", "clock", "script"))
    raise ControlRefused(f"{what!r} is nothing to ask for; known are {known}")


def _steering(value: str) -> dict[str, float | bool]:
    if value in ("stop", "run"):
        return {"stopped": value == "stop"}
    return {"advance_seconds": _seconds(value)}


def _seconds(value: str | None) -> float:
    try:
        return float(value or "")
    except ValueError:
        raise ControlRefused("give a number of seconds") from None


def _call(port: int, path: str, body: bytes | None) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/control/{path}", body)
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 - http, loopback
            told: bytes = answer.read()
    except urllib.error.HTTPError as refused:
        raise ControlRefused(refused.read().decode("utf-8", "replace")) from None
    except urllib.error.URLError as fault:
        raise OSError(f"no simulator answers on port {port}: {fault.reason}") from None
    return told.decode("utf-8")
