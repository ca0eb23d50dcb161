"""The SMS provider's HTTP interface (短信通道): lots out, answers and receipts back, each call signed by HMAC."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from crypto import request_hmac
from crypto.contract import KeyUnusable
from gateway.clock import Clock
from gateway.core.notices import Template
from gateway.transports.contract import Misconfigured, TransportFault
from gateway.transports.json_http import Answer, JsonHttp

ANSWER_BYTES_MAX = 1_000_000


class SmsCalls:
    """One provider; implements ``gateway.services.notifying.SmsProvider``."""

    def __init__(
        self,
        http: JsonHttp,
        clock: Clock,
        base_url: str,
        client: str,
        key: Callable[[], bytes],
        lot_size: int,
        timeout_seconds: float,
    ):
        """``key`` gives the shared key of this moment; raises KeyUnusable."""
        self.lot_size = lot_size
        self._http, self._clock, self._base = http, clock, base_url.rstrip("/")
        self._client, self._key, self._timeout = client, key, timeout_seconds
        self._calls = 0

    async def call(self, lot_id: str, template: Template, batch: list[dict[str, Any]]) -> dict[str, str | None]:
        """Send one lot; raises TransportFault."""
        lot = {"lot_id": lot_id, "template": template.code, "sign": template.sign, "messages": batch}
        body = orjson.dumps(lot)
        url = f"{self._base}/v1/lots"
        headers = {"Content-Type": "application/json", **self._signed("POST", url, body)}
        answer = await self._http.post(url, body, headers, self._timeout, ANSWER_BYTES_MAX)
        return _answers(_json(answer, maybe_sent=answer.reply.status >= 500))

    async def find(self, lot_id: str) -> dict[str, str | None] | None:
        """The answer to an earlier call, or None when the provider never saw the lot; raises TransportFault."""
        answer = await self._get(f"{self._base}/v1/lots/{quote(lot_id)}")
        return None if answer.reply.status == 404 else _answers(_json(answer))

    async def receipts(self, lot_id: str) -> dict[str, str]:
        """Delivery states known so far; raises TransportFault."""
        answer = await self._get(f"{self._base}/v1/lots/{quote(lot_id)}/receipts")
        found = {} if answer.reply.status == 404 else _json(answer)
        return {str(entry["id"]): str(entry["status"]) for entry in found.get("receipts", [])}

    async def _get(self, url: str) -> Answer:
        return await self._http.get(url, self._signed("GET", url, b""), self._timeout, ANSWER_BYTES_MAX)

    def _signed(self, method: str, url: str, body: bytes) -> dict[str, str]:
        """Headers of one call; the nonce is derived from the call's place in this process's life."""
        try:
            key = self._key()
        except KeyUnusable as missing:
            raise Misconfigured(str(missing)) from missing
        self._calls += 1
        now = self._clock.now_ms()
        nonce = hashlib.sha256(f"{now}/{self._calls}/{url}".encode()).hexdigest()[:32]
        return request_hmac.sign(self._client, key, method, urlsplit(url).path, body, now // 1000, nonce)


def _json(answer: Answer, *, maybe_sent: bool = False) -> dict[str, Any]:
    if answer.reply.status != 200:
        raise TransportFault(f"the SMS provider answered HTTP {answer.reply.status}", maybe_sent=maybe_sent)
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise TransportFault("the SMS provider's answer is not JSON", maybe_sent=True) from None
    if not isinstance(found, dict):
        raise TransportFault("the SMS provider's answer is not an object", maybe_sent=True)
    return found


def _answers(found: dict[str, Any]) -> dict[str, str | None]:
    taken: dict[str, str | None] = {str(name): None for name in found.get("accepted", [])}
    refused = {str(entry["id"]): str(entry.get("code", "")) for entry in found.get("refused", [])}
    return {**taken, **refused}
