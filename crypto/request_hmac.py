"""Request authentication of the SMS provider (短信服务商鉴权).

The tag is HMAC-SHA256 over method, path, timestamp, nonce and the SHA-256 of the body in hex, joined by line feeds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from crypto.contract import SignatureInvalid
from crypto.schemes import hmac_sha256

MAX_SKEW_SECONDS = 300
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NONCE = re.compile(r"[A-Za-z0-9._~+/=-]{8,128}")
_TIME = re.compile(r"[1-9][0-9]{0,11}")
_TAG = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class VerifiedCall:
    """Who called; ``nonce`` is for a ReplayGuard, and the window is twice the skew."""

    client: str
    timestamp: int  # epoch seconds
    nonce: str


def sign(client: str, key: bytes, method: str, path: str, body: bytes, timestamp: int, nonce: str) -> dict[str, str]:
    """The four headers to add; ``path`` as sent, with its query; ValueError if a part could be misread."""
    if not (_NAME.fullmatch(client) and _NONCE.fullmatch(nonce) and _TIME.fullmatch(str(timestamp))):
        raise ValueError("client, timestamp or nonce is malformed")
    tag = hmac_sha256.tag(key, _message(method, path, str(timestamp), nonce, body))
    return {"X-Client": client, "X-Timestamp": str(timestamp), "X-Nonce": nonce, "X-Signature": tag.hex()}


def verify(
    key_of: Callable[[str], bytes | None],
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    now: int,
    max_skew_seconds: int = MAX_SKEW_SECONDS,
) -> VerifiedCall:
    """Who called; ``headers`` in any case, ``key_of`` answers None for an unknown client. Raises SignatureInvalid."""
    given = {name.lower(): value for name, value in headers.items()}
    client = _header(given, "x-client", _NAME)
    timestamp = _header(given, "x-timestamp", _TIME)
    nonce = _header(given, "x-nonce", _NONCE)
    tag = _header(given, "x-signature", _TAG)
    key = key_of(client)
    if key is None:
        raise SignatureInvalid("X-Client: unknown")
    try:
        message = _message(method, path, timestamp, nonce, body)
    except ValueError as error:
        raise SignatureInvalid(str(error)) from error
    hmac_sha256.check(key, message, bytes.fromhex(tag))
    if abs(int(timestamp) - now) > max_skew_seconds:
        raise SignatureInvalid(f"X-Timestamp: more than {max_skew_seconds} s away from our clock")
    return VerifiedCall(client, int(timestamp), nonce)


def _header(given: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = given.get(name, "")
    if not pattern.fullmatch(value):
        raise SignatureInvalid(f"{name.title()}: missing or malformed")
    return value


def _message(method: str, path: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    parts = (method, path, timestamp, nonce, hashlib.sha256(body).hexdigest())
    if any("\n" in part for part in parts) or not path.startswith("/"):
        raise ValueError("method or path is malformed")
    return "\n".join(parts).encode()
