"""What may be said of an error (异常的说明): our own words, never those of a library that may quote a row.

Errors of ours name what, where and what to do, and no personal data; so their text is told. Libraries put values into
their messages (polars a cell, a database its parameters, pydantic its input); of their errors only the kind is told, and
the place in the code, which is what a developer needs. Variables of a frame are never looked at.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from traceback import walk_tb
from types import TracebackType
from typing import Any, Final

from messages.redaction.texts import redacted

OURS: Final = frozenset({"adapters", "crypto", "gateway", "messages", "simulators"})
OF_CONNECTIONS: Final = frozenset({"paramiko", "asyncssh", "pika", "OpenSSL", "service_identity", "alembic"})
"""Libraries whose errors speak of hosts, ports, algorithms and schemas only."""

CHAIN_MOST: Final = 8
FRAMES_MOST: Final = 40
_REMOTE_FRAME: Final = re.compile(r'^ {0,6}File "([^"\n]{1,300}\.py)", line (\d{1,6}), in (\w{1,80}|<\w{1,20}>)$', re.M)


def told(error: BaseException | None) -> str:
    """The kind of an error, and its text where it is one that cannot quote data: ``TransportFault: ...``."""
    if error is None:
        return "unknown error"
    kind = type(error).__name__
    words = _words(error)
    return redacted(f"{kind}: {words}" if words else kind)


def story(error: BaseException) -> list[dict[str, Any]]:
    """An error and what led to it, newest first: ``error`` as ``told``, ``at`` its frames ``file:line function``."""
    return [{"error": told(one), "at": places(one)} for one in _chain(error)]


def account(error: BaseException) -> str:
    """The whole story as text for standard error, a line each; for what nobody foresaw."""
    lines = [f"unforeseen: {told(error)}", *(json.dumps(one, ensure_ascii=False) for one in story(error))]
    return "\n".join(lines)


def places(error: BaseException) -> list[str]:
    """Where an error passed, outermost first; of one that came from a worker process, where it passed there."""
    if type(error).__name__ == "_RemoteTraceback":
        found = _REMOTE_FRAME.findall(str(error))
        return [_place(file, int(line), function) for file, line, function in found[-FRAMES_MOST:]]
    return _frames(error.__traceback__)


def _frames(trace: TracebackType | None) -> list[str]:
    frames = [(frame.f_code, line) for frame, line in walk_tb(trace)]
    return [_place(code.co_filename, line, code.co_name) for code, line in frames[-FRAMES_MOST:]]


def _place(file: str, line: int, function: str) -> str:
    return redacted("/".join(file.replace("\\", "/").split("/")[-3:])) + f":{line} {function}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen and len(seen) < CHAIN_MOST:
        seen.add(id(following))
        yield following
        hidden = following.__suppress_context__ and following.__cause__ is None
        following = None if hidden else following.__cause__ or following.__context__


def _words(error: BaseException) -> str:
    room = type(error).__module__.split(".")[0]
    if room in OURS or room in OF_CONNECTIONS or type(error).__module__ == "twisted.internet.error":
        return str(error)
    if isinstance(error, OSError):
        return _system(error)
    if room.startswith("pydantic") and hasattr(error, "errors"):
        return _fields(error)
    return ""


def _system(error: OSError) -> str:
    """What the operating system or TLS says, by number: the text of an OSError may be anybody's."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, str) and type(error).__module__ == "ssl":
        return f"{reason} {getattr(error, 'verify_message', '')}".strip()
    if not isinstance(error.errno, int):
        return ""
    where = f": {error.filename}" if isinstance(error.filename, str) else ""
    return f"[{error.errno}] {os.strerror(error.errno)}{where}"


def _fields(error: Any) -> str:
    """Which fields pydantic refused and for which kind of reason, never what was in them."""
    found = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['type']}" for one in found[:20])
