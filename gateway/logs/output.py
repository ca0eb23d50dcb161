"""The log of every process (日志输出): JSON lines on standard error, each redacted before it is written.

Three kinds of logger meet here: structlog (ours), the standard library's (of libraries) and Twisted's. Nothing else
prints an error: a crash of the process, of a thread or of a finalizer comes here as well.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog

from messages.redaction.events import safe, safe_event
from messages.redaction.faults import story
from messages.redaction.twisted_events import WORTH_TELLING, level_of, plain


def log_to(stream: TextIO | None = None, level: int = logging.WARNING) -> None:
    """Send all logs of this process to ``stream`` (standard error); of libraries what is at least ``level``."""
    out = sys.stderr if stream is None else stream
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            redact,
            _as_json,
        ],
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(RedactedLines())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # a record that cannot be written is no reason to print its arguments
    tell_crashes()


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """structlog processor: values made safe; an error is told as kinds and places, without variables or source."""
    error = _error_of(event.pop("exc_info", None))
    event.pop("stack_info", None)
    said = safe_event(event)
    return said if error is None else {**said, "exception": story(error)}


def twisted_observer(event: Mapping[str, Any]) -> None:
    """Twisted log observer: warnings and worse as lines of ours."""
    if level_of(event) in WORTH_TELLING:
        said = plain(event)
        structlog.get_logger().log(_number(said.pop("level")), said.pop("event"), **said)


def _number(level: str) -> int:
    return {"warn": logging.WARNING, "error": logging.ERROR}.get(level, logging.CRITICAL)


def tell_crashes() -> None:
    """Errors that nobody caught are told like all others: the interpreter itself would print what they hold."""
    sys.excepthook = lambda _kind, error, _trace: _crashed(error)
    threading.excepthook = lambda of: _crashed(of.exc_value)
    sys.unraisablehook = lambda of: _crashed(of.exc_value)


def _crashed(error: BaseException | None) -> None:
    if isinstance(error, KeyboardInterrupt) or error is None:
        return
    print(json.dumps({"event": "crashed", "level": "critical", "exception": story(error)}), file=sys.stderr, flush=True)


class RedactedLines(logging.Formatter):
    """Records of the standard library's loggers as the same JSON lines."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; arguments are made safe before they are put into the message."""
        said: dict[str, Any] = {
            "event": safe(_message(record)),
            "logger": safe(record.name),
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        error = _error_of(record.exc_info)
        return json.dumps(said if error is None else {**said, "exception": story(error)}, ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    form = str(record.msg) if isinstance(record.msg, str) else str(safe(record.msg))
    if record.name == "asyncio":
        return form.split("\n", 1)[0]  # its further lines show the task with its error or result
    if not record.args:
        return form
    given: Any = record.args
    known = {name: _argument(one) for name, one in given.items()} if isinstance(given, Mapping) else None
    try:
        return form % (tuple(map(_argument, given)) if known is None else known)
    except (TypeError, ValueError, KeyError):
        return form


def _argument(value: Any) -> Any:
    """Numbers stay numbers, for ``%d``; anything else is safe text."""
    made = safe(value)
    return made if isinstance(made, bool | int | float) else str(made)


def _error_of(given: Any) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return given[1] if isinstance(given[1], BaseException) else None
    return sys.exc_info()[1] if given else None


def _as_json(_logger: Any, _method: str, event: Mapping[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, default=lambda value: f"<{type(value).__name__}>")
