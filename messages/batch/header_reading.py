"""Reading a batch header from JSON, its canonical form, and its digest (批次头读取、规范形式与摘要)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import orjson
from pydantic import ValidationError

from messages.batch.header import BatchHeader
from messages.batch.header_problems import HeaderProblem, problem, problems_of

HEADER_OCTETS: Final = 65_536


class HeaderRefused(Exception):
    """A header that cannot be taken; ``problems`` say field by field what is wrong and what to do."""

    def __init__(self, problems: list[HeaderProblem]):
        self.problems = problems
        super().__init__("; ".join(f"{p['field']}: {p['en']}" for p in problems[:5]))


def read_header(content: bytes) -> BatchHeader:
    """A header from its JSON text in UTF-8; raises HeaderRefused. Repeated names are refused, not chosen from."""
    if len(content) > HEADER_OCTETS:
        raise HeaderRefused([problem("header", "TOO_LONG")])
    try:
        repeated = _repeated_name(content)
    except (ValueError, RecursionError):
        raise HeaderRefused([problem("header", "NOT_JSON")]) from None
    if repeated:
        raise HeaderRefused([problem("header", "DUPLICATE_FIELD")])
    try:
        return BatchHeader.model_validate_json(content)
    except ValidationError as error:
        # without the cause: its text repeats what the fields contain
        raise HeaderRefused(problems_of(error)) from None


def header_from(data: Mapping[str, Any]) -> BatchHeader:
    """A header from JSON-ready data, such as a stored header; raises HeaderRefused."""
    try:
        content = orjson.dumps(data)
    except TypeError:  # an integer beyond 64 bits, or a value that JSON has no form for
        raise HeaderRefused([problem("header", "NOT_JSON")]) from None
    return read_header(content)


def header_data(header: BatchHeader) -> dict[str, Any]:
    """The header as JSON-ready data, without the fields that are not given."""
    return header.model_dump(mode="json", exclude_none=True)


def canonical_json(header: BatchHeader) -> bytes:
    """The one text of a header: UTF-8, names sorted, no white space, defaults written, absent fields left out."""
    return orjson.dumps(header_data(header), option=orjson.OPT_SORT_KEYS)


def header_digest(header: BatchHeader) -> str:
    """SHA-256 of the canonical JSON, in hex: equal for headers that say the same, however they were written."""
    return hashlib.sha256(canonical_json(header)).hexdigest()


def _repeated_name(content: bytes) -> bool:
    orjson.loads(content)  # strict about UTF-8, NaN and lone surrogates, which json is not
    found = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({name for name, _ in pairs}) != len(pairs)

    json.loads(content, object_pairs_hook=look)
    return found
