"""Calls that are signed: webhooks, SMS, and requests of clients to the API."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import pytest_twisted

from crypto.http_signatures import verify_request
from crypto.key_entry import KeyState, Purpose
from crypto.schemes.ed25519 import public_from_pem
from gateway.services.platform_calls import PlatformCalls
from gateway.services.sms_calls import SmsCalls
from gateway.transports.contract import Misconfigured, Reply
from gateway.wiring.caller_keys import KnownKeys

CLOCK = SimpleNamespace(now_ms=lambda: 1_790_000_000_000)
URL = "http://127.0.0.1:1/events"


class Http:
    """Keeps the headers of what is posted."""

    def __init__(self) -> None:
        self.headers: list[dict[str, str]] = []

    async def post(self, _url: str, _body: bytes, headers: dict[str, str], *_: Any) -> Any:
        self.headers.append(headers)
        return SimpleNamespace(reply=Reply(200, {}, 2), body=b"{}")


@pytest_twisted.ensureDeferred
async def test_a_webhook_is_signed_with_the_key_of_its_moment_and_names_it(safe) -> None:
    first = safe.add("webhook-sign", Purpose.SIGN, "ed25519")
    live, http = safe.followed(), Http()

    def key() -> Any:
        return live.now().active_key_id("webhook-sign"), live.now().ed25519_private("webhook-sign")

    calls = PlatformCalls(http, CLOCK, URL, key)  # type: ignore[arg-type]
    await calls.tell(b"{}", "1")
    second = safe.replace("webhook-sign", "ed25519")
    await calls.tell(b"{}", "2")
    for headers, entry in zip(http.headers, (first, second), strict=True):
        known = {entry.key_id: public_from_pem(entry.public)}
        lower = {name.lower(): value for name, value in headers.items()}
        assert verify_request("POST", URL, lower, known.get, CLOCK.now_ms() // 1000, 300).key_id == entry.key_id
    safe.move(second, KeyState.REVOKED)
    with pytest.raises(Misconfigured, match="REVOKED"):
        await calls.tell(b"{}", "3")
    assert len(http.headers) == 2


@pytest_twisted.ensureDeferred
async def test_sms_calls_are_signed_with_the_key_of_their_moment(safe) -> None:
    entry, http = safe.add("sms-hmac", Purpose.SIGN, "hmac"), Http()
    live, used = safe.followed(), list[bytes]()

    def key() -> bytes:
        used.append(live.now().hmac_key("sms-hmac"))
        return used[-1]

    calls = SmsCalls(http, CLOCK, "http://127.0.0.1:1", "gateway", key, 10, 5.0)  # type: ignore[arg-type]
    template: Any = SimpleNamespace(code="T", sign="S")
    await calls.call("L1", template, [])
    second = safe.replace("sms-hmac", "hmac")
    await calls.call("L2", template, [])
    assert used[0] != used[1] and len({one["X-Signature"] for one in http.headers}) == 2
    safe.move(entry, KeyState.REVOKED)
    safe.move(second, KeyState.REVOKED)
    with pytest.raises(Misconfigured, match="REVOKED"):
        await calls.call("L3", template, [])


def test_a_client_is_known_by_every_key_of_its_alias_that_counts(safe, generated) -> None:
    first = safe.theirs("client-city-verify", Purpose.VERIFY, generated("ed25519"))
    known = KnownKeys(safe.followed())
    second = safe.replace("client-city-verify", generated("ed25519"))
    assert [known.alias_of(one.key_id) for one in (first, second)] == ["client-city-verify"] * 2
    assert known.resolve(first.key_id) is not None
    safe.move(first, KeyState.RETIRED)
    assert known.resolve(first.key_id) is None
    assert known.resolve(second.key_id) is not None and known.resolve("nobody") is None
