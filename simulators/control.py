"""The tester's side door (控制接口) of a simulator: books, agenda, script, hold and release, over loopback HTTP."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import orjson
from klein import Klein
from twisted.web.server import Request, Site

from simulators.counterparty import Counterparty
from simulators.script import Script, ScriptRefused, read_script

LOOPBACK = "127.0.0.1"


class Control:
    """Routes over one counterparty; ``check`` refuses a script that this kind of counterparty cannot play."""

    def __init__(
        self,
        desk: Counterparty[Any],
        check: Callable[[Script], None] = lambda _: None,
        shut: Callable[[], None] = lambda: None,
        report: Callable[[], dict[str, Any]] | None = None,
    ):
        self._desk, self._check, self._shut = desk, check, shut
        self._report = report or desk.ledger.as_json
        self.app = Klein()
        for path, method, answer in (
            ("/control/ledger", "GET", self._ledger),
            ("/control/ledger/items", "GET", self._items),
            ("/control/pending", "GET", self._pending),
            ("/control/script", "POST", self._play),
            ("/control/hold", "POST", self._hold),
            ("/control/release", "POST", self._release),
            ("/control/offline", "POST", self._offline),
        ):
            self.app.route(path, methods=[method])(answer)

    def _ledger(self, request: Request) -> bytes:
        return _json(request, self._report())

    def _items(self, request: Request) -> bytes:
        """NDJSON: reference, times credited, fen credited in all, times returned."""
        body = BytesIO()
        self._desk.ledger.items().write_ndjson(body)
        request.setHeader(b"content-type", b"application/x-ndjson")
        return body.getvalue()

    def _pending(self, request: Request) -> bytes:
        return _json(request, self._desk.pending())

    def _play(self, request: Request) -> bytes:
        try:
            script = read_script(request.content.read().decode("utf-8"))
            self._check(script)
        except (ScriptRefused, ValueError) as error:
            return _json(request, {"error": str(error)}, 400)
        self._desk.play(script)
        return _json(request, {"rules": len(script.rules), "files": len(script.files)})

    def _hold(self, request: Request) -> bytes:
        self._desk.hold()
        return _json(request, self._desk.pending())

    def _release(self, request: Request) -> bytes:
        self._desk.release()
        return _json(request, self._desk.pending())

    def _offline(self, request: Request) -> bytes:
        """Body {"seconds": n}; 0 ends it."""
        try:
            seconds = float(orjson.loads(request.content.read())["seconds"])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return _json(request, {"error": 'send {"seconds": n}'}, 400)
        self._desk.go_away(max(0.0, min(seconds, 86_400.0)))
        if self._desk.away:
            self._shut()
        return _json(request, self._desk.pending())


def _json(request: Request, answer: dict[str, Any], code: int = 200) -> bytes:
    request.setResponseCode(code)
    request.setHeader(b"content-type", b"application/json")
    return orjson.dumps(answer)


def open_control(reactor: Any, control: Control, port: int) -> int:
    """Listen on the loopback interface only; port 0 takes any free one, and the port taken is answered."""
    return int(reactor.listenTCP(port, Site(control.app.resource()), interface=LOOPBACK).getHost().port)
