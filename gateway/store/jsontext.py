"""JSON columns (header, problems, subject, tallies): exact integers, text as it came."""

from __future__ import annotations

from typing import Any, Final

import orjson


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()


JSON_OPTIONS: Final[dict[str, Any]] = {"json_serializer": _text, "json_deserializer": orjson.loads}
"""Engine options."""
