"""The tester's side door (控制接口) of a simulator: books, agenda, script, hold and release, over loopback HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol

import orjson
import polars as pl
from klein import Klein
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crypto.contract import KeyUnusable
from simulators.counterparty import Counterparty
from simulators.http_door import answer, answer_json, body_of, listen
from simulators.new_keys import Phase, Reread, nothing_to_reread
from simulators.script import Script
from simulators.script_file import ScriptRefused, read_script

_LONGEST_ABSENCE_SECONDS = 86_400.0
_FARTHEST_SECONDS = 366 * 86_400.0


class Books(Protocol):
    """What a simulator can account for."""

    def as_json(self) -> dict[str, Any]:
        """The books in figures."""

    def items(self) -> pl.DataFrame:
        """One row per item."""


class Steering(BaseModel):
    """What is done to a simulator's clock: stopped or let run, then put forward."""

    model_config = ConfigDict(extra="forbid")

    advance_seconds: float = Field(default=0, ge=0, le=_FARTHEST_SECONDS)
    stopped: bool | None = None


class KeyChange(BaseModel):
    """New key files lie there, and are to be taken over."""

    model_config = ConfigDict(extra="forbid")

    phase: Phase


@dataclass(frozen=True, slots=True)
class Running:
    """Where a started simulator can be reached."""

    port: int
    control_port: int
    host_key: str | None = None

    def announcement(self) -> dict[str, Any]:
        """The line that says that it is ready."""
        told = {"ready": True, "port": self.port, "control_port": self.control_port}
        return told if self.host_key is None else {**told, "host_key": self.host_key}


class Control:
    """Routes over one counterparty; ``check`` refuses a script that this kind of counterparty cannot play."""

    def __init__(
        self,
        desk: Counterparty[Any],
        books: Books,
        check: Callable[[Script], None] = lambda _: None,
        shut: Callable[[], None] = lambda: None,
        reread: Reread = nothing_to_reread,
    ):
        self._desk, self._books, self._check, self._shut = desk, books, check, shut
        self._reread = reread
        self.app = Klein()
        for path, method, handler in (
            ("/control/ledger", "GET", self._ledger),
            ("/control/ledger/items", "GET", self._items),
            ("/control/pending", "GET", self._pending),
            ("/control/script", "POST", self._play),
            ("/control/hold", "POST", self._hold),
            ("/control/release", "POST", self._release),
            ("/control/offline", "POST", self._offline),
            ("/control/clock", "GET", self._time),
            ("/control/clock", "POST", self._steer),
            ("/control/keys", "POST", self._take_keys),
        ):
            self.app.route(path, methods=[method])(handler)

    def _ledger(self, request: Any) -> bytes:
        return answer_json(request, self._books.as_json())

    def _items(self, request: Any) -> bytes:
        body = BytesIO()
        self._books.items().write_ndjson(body)
        return answer(request, body.getvalue(), "application/x-ndjson")

    def _pending(self, request: Any) -> bytes:
        return answer_json(request, self._desk.pending())

    def _play(self, request: Any) -> bytes:
        try:
            script = read_script(body_of(request).decode("utf-8"))
            self._check(script)
        except (ScriptRefused, ValueError) as error:
            return answer_json(request, {"error": str(error)}, 400)
        self._desk.play(script)
        return answer_json(request, {"rules": len(script.rules), "files": len(script.files)})

    def _hold(self, request: Any) -> bytes:
        self._desk.hold()
        return self._pending(request)

    def _release(self, request: Any) -> bytes:
        self._desk.release()
        return self._pending(request)

    def _offline(self, request: Any) -> bytes:
        try:
            seconds = float(orjson.loads(body_of(request))["seconds"])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return answer_json(request, {"error": 'send {"seconds": n}; 0 ends it'}, 400)
        self._desk.go_away(max(0.0, min(seconds, _LONGEST_ABSENCE_SECONDS)))
        if self._desk.away:
            self._shut()
        return self._pending(request)

    def _time(self, request: Any) -> bytes:
        return answer_json(request, {"now_ms": self._desk.clock(), "stopped": self._desk.clock.stopped})

    def _steer(self, request: Any) -> bytes:
        try:
            steering = Steering.model_validate_json(body_of(request))
        except ValidationError:
            return answer_json(request, {"error": 'send {"advance_seconds": n} or {"stopped": true or false}'}, 400)
        if steering.stopped is not None:
            (self._desk.clock.stop if steering.stopped else self._desk.clock.run)()
        self._desk.clock.advance(steering.advance_seconds)
        return self._time(request)

    def _take_keys(self, request: Any) -> bytes:
        try:
            phase = KeyChange.model_validate_json(body_of(request)).phase
            self._reread(phase)
        except ValidationError:
            return answer_json(request, {"error": 'send {"phase": "accept", "use" or "only"}'}, 400)
        except (OSError, ValueError, KeyUnusable) as error:
            return answer_json(request, {"error": f"{type(error).__name__}: {error}"}, 400)
        return answer_json(request, {"phase": phase})


def open_control(reactor: Any, control: Control, port: int) -> int:
    """Listen on the loopback interface only; port 0 takes any free one, and the port taken is answered."""
    return listen(reactor, control.app.resource(), port)
