"""Running one node: open the door, say so, work until SIGTERM or SIGINT, stop in order."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError
from twisted.internet.defer import ensureDeferred
from twisted.logger import globalLogBeginner
from twisted.python.failure import Failure

from gateway.logs.ending import refusal
from gateway.logs.output import log_to, twisted_observer
from gateway.settings import Settings, read_settings
from messages.redaction.faults import told


def run(path: Path, *, as_json: bool) -> int:
    """Serve with the settings in ``path``; the exit status."""
    try:
        settings = read_settings(path)
    except (ValidationError, OSError, ValueError) as refused:
        print(f"{path}: {refusal(refused)}", file=sys.stderr)
        return 2
    _log_to_stderr()
    from twisted.internet import reactor as installed

    from gateway.wiring.service import build_service

    reactor: Any = installed
    service = build_service(settings, reactor)
    port = _open_door(service, settings, reactor)
    service.start()
    _watch_stalls(reactor)
    failures: list[str] = []

    def cannot(failure: Failure) -> None:
        failures.append(told(failure.value))
        reactor.stop()

    service.ready().addCallback(lambda _: _announce(settings, port, as_json=as_json)).addErrback(cannot)
    reactor.addSystemEventTrigger("before", "shutdown", lambda: ensureDeferred(service.stop()))
    reactor.run()
    for failure in failures:
        print(f"cannot start: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _open_door(service: Any, settings: Settings, reactor: Any) -> int:
    from gateway.api.door import CLIENT_AUTHORITY, open_door
    from gateway.wiring.caller_keys import DoorKeys

    refusal = service.peers.refusal(CLIENT_AUTHORITY)
    return int(open_door(service.api, settings.api, DoorKeys(service.keys), reactor, refusal))


def _announce(settings: Settings, port: int, *, as_json: bool) -> None:
    scheme = "https" if settings.api.tls else "http"
    url = f"{scheme}://{settings.api.host}:{port}"
    line = json.dumps({"ready": True, "port": port, "url": url}) if as_json else f"ready: {url}/docs"
    print(line, flush=True)


def _log_to_stderr() -> None:
    log_to(sys.stderr)
    observers: list[Any] = [twisted_observer]
    globalLogBeginner.beginLoggingTo(observers, redirectStandardIO=False, discardBuffer=True)


def _watch_stalls(reactor: Any) -> None:
    """Note the longest time that the reactor did not come round; told at the end and in the log when long."""
    step, state = 0.02, {"due": time.monotonic() + 0.02, "worst": 0.0}
    log = structlog.get_logger()

    def beat() -> None:
        late = time.monotonic() - state["due"]
        if late > state["worst"]:
            state["worst"] = late
            if late > 0.02:
                log.info("reactor stalled", worst_ms=int(late * 1000))
        state["due"] = time.monotonic() + step
        reactor.callLater(step, beat)

    reactor.callLater(step, beat)
