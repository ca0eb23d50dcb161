"""Twisted's log events as plain, redacted data (Twisted 日志脱敏), without importing Twisted."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any, Final

from messages.redaction.events import safe
from messages.redaction.faults import places, story, told
from messages.redaction.texts import redacted

WORTH_TELLING: Final = frozenset({"warn", "error", "critical"})
_HIDDEN_FORM: Final = "<?>"


def level_of(event: Mapping[str, Any]) -> str:
    """``debug`` to ``critical``; Twisted's level constants carry their name."""
    return str(getattr(event.get("log_level"), "name", "info"))


def plain(event: Mapping[str, Any]) -> dict[str, Any]:
    """What one event says: ``event`` its text, ``logger``, ``level``, and ``exception`` where there is a failure.

    A failure's own text is never used: it repeats the message of the error.
    """
    failure = event.get("log_failure") or event.get("failure")
    said = {"event": _worded(event, failure), "level": level_of(event), "logger": str(event.get("log_namespace", ""))}
    return said if failure is None else {**said, "exception": _told_failure(failure)}


def _worded(event: Mapping[str, Any], failure: Any) -> str:
    form = event.get("log_format")
    if failure is not None and (form is None or "{log_text}" in str(form) or "isError" in event):
        return redacted(str(event.get("why") or "unhandled error"))
    if not isinstance(form, str):
        return redacted(str(event.get("log_text", "")))
    return redacted(_Safely(event).format(form))


def _told_failure(failure: Any) -> list[dict[str, Any]]:
    error = getattr(failure, "value", failure)
    if not isinstance(error, BaseException):
        return [{"error": redacted(type(error).__name__), "at": []}]
    if error.__traceback__ is None and getattr(failure, "frames", None):  # cleaned: only the places are left
        at = [f"{name.split('/')[-1]}:{line} {function}" for function, name, line, *_ in failure.frames]
        return [{"error": told(error), "at": at or places(error)}, *story(error)[1:]]
    return story(error)


class _Safely(Formatter):
    """Fills Twisted's forms; a field may be a call (``{peer()}``), which is not made."""

    def __init__(self, event: Mapping[str, Any]):
        self._event = event

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:  # noqa: ARG002 - the event is known
        """One field; only whole values of the event are looked at, never their attributes."""
        return (safe(self._event[field_name], field_name) if field_name in self._event else _HIDDEN_FORM), field_name

    def format(self, form: str) -> str:  # type: ignore[override]
        """The form filled, or the form itself where it cannot be."""
        try:
            return self.vformat(form, (), {})
        except (ValueError, KeyError, IndexError, TypeError):
            return form
