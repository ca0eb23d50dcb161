"""Telling one client what happened: a POST signed with Ed25519 (RFC 9421), as ``Webhooks`` asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeAlias

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crypto.contract import KeyUnusable
from crypto.http_signatures import sign_request
from gateway.clock import Clock
from gateway.transports.contract import Misconfigured
from gateway.transports.json_http import JsonHttp

TIMEOUT_SECONDS = 10.0
ANSWER_BYTES_MAX = 64 * 1024

SigningKey: TypeAlias = Callable[[], tuple[str, Ed25519PrivateKey]]
"""The key of this moment and its id, by which the platform knows which of ours to verify with; raises KeyUnusable."""


class PlatformCalls:
    """One client's webhook."""

    def __init__(self, http: JsonHttp, clock: Clock, url: str, key: SigningKey):
        self._http, self._clock, self._url, self._key = http, clock, url, key

    async def tell(self, body: bytes, key: str) -> int:
        """Post one message; ``key`` is its identity and lets the platform recognise a repetition.

        Raises TransportFault, and Misconfigured where there is no key to sign with.
        """
        try:
            key_id, signing = self._key()
        except KeyUnusable as missing:
            raise Misconfigured(str(missing)) from missing
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        digest = hashlib.sha256(body).digest()
        created = self._clock.now_ms() // 1000
        headers |= sign_request("POST", self._url, headers, digest, key_id, signing, created)
        answer = await self._http.post(self._url, body, headers, TIMEOUT_SECONDS, ANSWER_BYTES_MAX)
        return answer.reply.status
