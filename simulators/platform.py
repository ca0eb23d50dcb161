"""Simulator of the subsidy platform (“一卡通”管理平台): receives the gateway's signed notifications.

``python -m simulators.cli platform`` starts it alone; ``simulators submit`` is its other half, the caller.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from klein import Klein

from simulators.answers import of_type
from simulators.control import Control, Running, open_control
from simulators.http_door import Answer, answer, answer_json, body_of, drop, header_of, listen, replied
from simulators.new_keys import Phase
from simulators.platform_events import GatewayKey, PlatformEvents
from simulators.script import GoOffline, RefuseFile, Script

PATH = "/gateway-events"


def check_script(script: Script) -> None:
    """Raise ValueError where a refusal is not an HTTP error status."""
    for rule in script.files:
        for refusal in of_type(rule.effects, RefuseFile):
            if not (refusal.code.isdigit() and 400 <= int(refusal.code) <= 599):
                raise ValueError(f"code {refusal.code!r}: the platform refuses with an HTTP status, 400 to 599")


class PlatformDoor:
    """The platform's HTTP interface."""

    def __init__(self, reactor: Any, events: PlatformEvents):
        self._reactor, self._events = reactor, events
        self.app = Klein()
        self.app.route(PATH, methods=["POST"])(self._receive)

    def _receive(self, request: Any) -> Answer:
        if self._events.desk.away:
            return drop(request)
        body = body_of(request)
        fields = request.requestHeaders.getAllRawHeaders()
        headers = {name.decode("latin-1").lower(): b", ".join(values).decode("latin-1") for name, values in fields}
        url = f"http://{headers.get('host', '')}{request.uri.decode('ascii')}"
        if problem := self._events.problem("POST", url, headers, body):
            return answer_json(request, {"error": problem}, 401)
        return self._take(request, header_of(request, "Idempotency-Key") or "", body)

    def _take(self, request: Any, key: str, body: bytes) -> Answer:
        effects = self._events.effects(key)
        for refusal in of_type(effects, RefuseFile):
            return answer_json(request, {"error": refusal.text}, int(refusal.code))
        try:
            self._events.take(key, body)
        except ValueError as error:
            return answer_json(request, {"error": str(error)}, 400)
        for away in of_type(effects, GoOffline):
            self._events.desk.go_away(away.seconds)
        return replied(self._reactor, request, effects, answer_json(request, {"taken": key}))


def start(reactor: Any, script: Script, keys: Path, port: int, control_port: int) -> Running:
    """Open the door and the control port; ``keys`` is the directory that ``simulators keys`` wrote."""
    check_script(script)
    events = PlatformEvents(script, GatewayKey.load(keys / "platform"))

    def reread(phase: Phase) -> None:
        events.take_over(GatewayKey.load(keys / "platform"), phase)

    control = Control(events.desk, events, check_script, reread=reread)
    control.app.route("/control/events", methods=["GET"])(
        lambda request: answer(request, events.last(), "application/x-ndjson")
    )
    door = listen(reactor, PlatformDoor(reactor, events).app.resource(), port)
    return Running(door, open_control(reactor, control, control_port))
