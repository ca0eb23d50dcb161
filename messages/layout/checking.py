"""From configuration text to a typed model (配置校验), with every fault placed at its line and column."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from messages.layout.positions import Document, Key, Problem

Model = TypeVar("Model", bound=BaseModel)

_REMEDIES: Final = {
    "missing": "add it",
    "extra_forbidden": "remove it, or correct its spelling",
    "union_tag_not_found": "add it",
}


def checked(document: Document, model: type[Model]) -> tuple[Model | None, list[Problem]]:
    """The document as ``model``, or None, and all problems: those of the text and those of the types."""
    try:
        typed = model.model_validate(document.data)
    except ValidationError as fault:
        details = fault.errors(include_input=False, include_url=False)
        return None, [*document.problems, *(_problem(document, detail) for detail in details)]
    return (None if document.problems else typed), list(document.problems)


def _problem(document: Document, detail: ErrorDetails) -> Problem:
    key = _key_in(document.data, detail["loc"])
    kind = detail["type"]
    what = {"missing": "is missing", "extra_forbidden": "is not a known key"}.get(kind)
    if what is None:
        what = detail["msg"].removeprefix("Value error, ")
    return document.problem(key, what, _REMEDIES.get(kind, "correct it"))


def _key_in(data: Any, location: tuple[str | int, ...]) -> Key:
    """Pydantic's location without what is not in the file (names of union members); a missing key stays as the last."""
    key: list[str | int] = []
    for number, part in enumerate(location):
        inside = part in data if isinstance(data, dict) else isinstance(data, list) and part in range(len(data))
        if inside:
            data = data[part]
        elif number < len(location) - 1 or not isinstance(data, dict):
            continue
        key.append(part)
    return tuple(key)
