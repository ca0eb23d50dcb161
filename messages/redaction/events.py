"""Log events without personal data or secrets (日志事件脱敏): every value that a line may hold, by a closed list.

What is not on the list appears by its kind alone: a frame of items, a request or a row never shows what it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from pathlib import PurePath
from typing import Any, Final

from messages.redaction.faults import told
from messages.redaction.texts import redacted, redacted_identifier

PERSONAL_KEYS: Final = frozenset(
    {
        *(
            "payee",
            "payee_name",
            "account_name",
            "holder",
            "id_number",
            "id_no",
            "account",
            "account_no",
            "card",
            "card_no",
        ),
        *("mobile", "phone", "address", "remark", "户名", "姓名", "账号", "证件号码", "手机号", "地址"),
    }
)
SECRET_KEYS: Final = frozenset(
    {
        *(
            "password",
            "passphrase",
            "secret",
            "token",
            "authorization",
            "signature",
            "cookie",
            "private_key",
            "material",
        ),
        *("口令", "密码"),
    }
)
IDENTIFIER_KEYS: Final = frozenset({"file", "path", "bank", "kind", "peer", "user", "number", "batch_no", "message"})
_DEPTH_MOST: Final = 4
_PARTS_MOST: Final = 50
_LARGEST_COUNT: Final = 10**14  # milliseconds since 1970 are below it, ID and card numbers are not


def safe_event(event: Mapping[Any, Any]) -> dict[str, Any]:
    """A log event as it may be written; keys stay, values are made safe one by one."""
    return {redacted_identifier(str(key)): safe(value, str(key)) for key, value in event.items()}


def safe(value: Any, key: str = "", depth: int = 0) -> Any:
    """One value: ``key`` says what it is about."""
    named = key.lower()
    if named in PERSONAL_KEYS or named in SECRET_KEYS:
        return None if value is None else "<hidden>"
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -_LARGEST_COUNT < value < _LARGEST_COUNT else "<number>"
    if isinstance(value, BaseException):
        return told(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _many(value, key, depth)
    text = _text(value)
    return f"<{type(value).__name__}>" if text is None else _worded(text, named)


def _text(value: Any) -> str | None:
    if isinstance(value, Enum):
        return _text(value.value)
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, PurePath | date | timedelta | IPv4Address | IPv6Address | int):
        return str(value)
    return None


def _worded(text: str, key: str) -> str:
    if key == "name":  # a message or a file, unless it is written as people are
        ascii_word = text.isascii() and text.isprintable() and " " not in text
        return redacted_identifier(text) if ascii_word else "<name>"
    if key == "timestamp" or key in IDENTIFIER_KEYS:
        return redacted_identifier(text)
    if key == "key":  # a work's or an alert's: names of ours with strokes between
        return redacted_identifier(text)
    return redacted(text)


def _many(value: Any, key: str, depth: int) -> Any:
    if depth >= _DEPTH_MOST:
        return f"<{type(value).__name__}>"
    if isinstance(value, Mapping):
        pairs = list(value.items())[:_PARTS_MOST]
        return {redacted_identifier(str(name)): safe(one, str(name), depth + 1) for name, one in pairs}
    return [safe(one, key, depth + 1) for one in list(value)[:_PARTS_MOST]]
