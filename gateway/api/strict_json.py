"""Reading a JSON body without losing anything (严格 JSON): no repeated keys, no NaN, numbers as written.

Ordinary parsers keep the last of two equal keys and turn ``100.50`` into binary floating point. Here
a repeated key is refused, and a number that is no ordinary integer stays the text that it was, so that
the item check sees, and rejects, exactly what was sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from gateway.api.problems import Problem

_MOST_DIGITS: Final = 18


def parse(body: bytes) -> Any:
    """The document; raises Problem BAD_JSON saying where. Odd numbers come back as ``orjson.Fragment``."""
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_as_written,
            parse_int=_integer,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError as error:
        raise _refused(f"第 {error.start} 字节不是 UTF-8。", f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise _refused(f"JSON 语法错误({place})。", f"JSON cannot be read at {place}") from None
    except RecursionError:
        raise _refused("JSON 嵌套过深。", "the JSON is nested too deeply") from None


def lines(items: Iterable[Mapping[str, Any]]) -> bytes:
    """Items as NDJSON, keys sorted, so that the same items are always the same bytes; raises Problem."""
    try:
        return b"".join(orjson.dumps(item, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE) for item in items)
    except (orjson.JSONEncodeError, RecursionError):  # lone surrogates and the like
        raise _refused("明细含有无法编码的文本。", "an item holds text that cannot be encoded") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _refused("JSON 对象中有重复的键。", "an object repeats a key")
    return found


def _as_written(text: str) -> orjson.Fragment:
    return orjson.Fragment(text)


def _integer(text: str) -> Any:
    return int(text) if len(text) <= _MOST_DIGITS else orjson.Fragment(text)


def _no_constant(name: str) -> Any:
    raise _refused(f"不允许 {name}。", f"{name} is not JSON")


def _refused(zh: str, en: str) -> Problem:
    return Problem("BAD_JSON", zh=zh, en=en)
