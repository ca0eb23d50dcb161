"""The SMS provider and the platform's receiving end over real HTTP; the platform's caller against a small server."""

from __future__ import annotations

import hashlib
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from crypto import request_hmac
from crypto.http_signatures import sign_request, verify_request
from crypto.keystore import Keystore
from simulators.platform_client import ApiRefused, PlatformClient
from simulators.roster import roster


@pytest.fixture(scope="module")
def provider(start: Callable[..., Any]) -> Any:
    return start("sms")


def sms_call(provider: Any, keystore: Keystore, method: str, path: str, data: Any = None, **changed: str) -> Any:
    body = json.dumps(data).encode() if data is not None else b""
    key = keystore.hmac_key("sms-hmac")
    headers = request_hmac.sign("gateway", key, method, path, body, int(time.time()), uuid4().hex) | changed
    connection = http.client.HTTPConnection("127.0.0.1", provider.ready["port"], timeout=10)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def lot(lot_id: str, *mobiles: str) -> dict[str, Any]:
    messages = [
        {"id": f"{lot_id}-{n}", "mobile": mobile, "params": {"policy": "低保"}} for n, mobile in enumerate(mobiles)
    ]
    return {"lot_id": lot_id, "template": "SMS_1", "sign": "一卡通", "messages": messages}


def test_lots_receipts_and_double_sends(provider: Any, keystore: Keystore) -> None:
    provider.play(
        """
        rules:
          - {match: {account: "13900000001"}, action: {do: failed, code: CLOSED, text: 空号}}
          - {match: {account: "13900000002"}, action: {do: returned-late, seconds: 0, code: UNDELIV}}
          - {match: {account: "13900000003"}, action: {do: silent}}
        """
    )
    mobiles = [f"1390000000{n}" for n in range(4)]
    expected = {
        "lot_id": "L1",
        "accepted": ["L1-0", "L1-2", "L1-3"],
        "refused": [{"id": "L1-1", "code": "CLOSED", "text": "空号"}],
    }
    assert sms_call(provider, keystore, "POST", "/v1/lots", lot("L1", *mobiles)) == (200, expected)
    assert sms_call(provider, keystore, "GET", "/v1/lots/L1") == (200, expected)
    assert sms_call(provider, keystore, "GET", "/v1/lots/L9")[0] == 404
    receipts = sms_call(provider, keystore, "GET", "/v1/lots/L1/receipts")[1]["receipts"]
    assert {receipt["id"]: receipt["status"] for receipt in receipts} == {"L1-0": "DELIVRD", "L1-2": "UNDELIV"}
    assert provider.told("/control/ledger")["sent_twice"] == 0
    sms_call(provider, keystore, "POST", "/v1/lots", lot("L1", *mobiles))
    assert provider.told("/control/ledger")["sent_twice"] == 3


def test_lost_replies_authentication_and_limits(provider: Any, keystore: Keystore) -> None:
    provider.play("files: [{match: {message_id: LOST}, effects: [{do: lose-reply}]}]")
    with pytest.raises((http.client.HTTPException, OSError)):
        sms_call(provider, keystore, "POST", "/v1/lots", lot("LOST", "13900000005"))
    assert sms_call(provider, keystore, "GET", "/v1/lots/LOST")[1]["accepted"] == ["LOST-0"]
    many = lot("MANY", *["13900000005"] * 101)
    assert sms_call(provider, keystore, "POST", "/v1/lots", many)[0] == 400
    assert sms_call(provider, keystore, "POST", "/v1/lots", {"lot_id": "X"})[0] == 400
    assert sms_call(provider, keystore, "GET", "/v1/lots/LOST", **{"X-Signature": "0" * 64})[0] == 401
    status, answer = provider.call("POST", "/control/script", "default: {do: returned-late, seconds: 1, code: GONE}")
    assert (status, b"receipt" in answer) == (400, True)


def test_notifications_are_verified_counted_and_refused_as_scripted(
    start: Callable[..., Any], keystore: Keystore
) -> None:
    platform = start("platform", "files: [{match: {first: 2}, effects: [{do: refuse-file, code: '503'}]}]")
    url = f"http://127.0.0.1:{platform.ready['port']}/gateway-events"

    def tell(key: str, data: bytes, sent: bytes | None = None) -> int:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        key_id, private = keystore.active_key_id("webhook-sign"), keystore.ed25519_private("webhook-sign")
        headers |= sign_request("POST", url, headers, hashlib.sha256(data).digest(), key_id, private, int(time.time()))
        connection = http.client.HTTPConnection("127.0.0.1", platform.ready["port"], timeout=10)
        connection.request("POST", "/gateway-events", sent or data, headers)
        return connection.getresponse().status

    event = json.dumps({"kind": "batch-completed", "batch_no": "B1"}).encode()
    assert [tell("K1", event) for _ in range(4)] == [503, 503, 200, 200]
    assert tell("K2", event, event.replace(b"B1", b"B2")) == 401
    told = platform.told("/control/ledger")
    assert (told["calls"], told["events"], told["taken_again"], told["signature_refused"]) == (4, 1, 1, 1)
    kept = [json.loads(line) for line in platform.call("GET", "/control/events")[1].splitlines()]
    assert [entry["event"]["batch_no"] for entry in kept] == ["B1", "B1"]


class _Api(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server: Any = self.server
        url = f"http://127.0.0.1:{server.server_port}{self.path}"
        headers = dict(self.headers.items())
        verified = verify_request(self.command, url, headers, server.keys.get, int(time.time()), 60)
        assert verified.content_digest_sha256 in (None, hashlib.sha256(body).digest())
        server.calls.append((self.command, self.path, self.headers.get("Content-Type"), body))
        self.send_response(server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def api(keystore: Keystore) -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), _Api)
    server.keys, server.calls, server.status = keystore.ed25519_public("client-platform-verify"), [], 202
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def test_the_platform_submits_signed_batches(api: Any, keys: Path) -> None:
    client = PlatformClient(f"http://127.0.0.1:{api.server_port}", keys / "platform")
    first, second = roster(40, 1, batches=2)
    client.submit(first)
    client.submit(second)
    assert client.results("CX/1").status == 202
    number = first.header["batch_no"]
    assert [call[:3] for call in api.calls] == [
        ("POST", "/v1/batches", "application/json"),
        ("PUT", f"/v1/batches/{number}/items", "application/x-ndjson"),
        ("POST", "/v1/batches", "application/json"),
        ("PUT", f"/v1/batches/{second.header['batch_no']}/items", "text/csv; charset=gb18030"),
        ("GET", "/v1/batches/CX%2F1/results", None),
    ]
    assert json.loads(api.calls[0][3])["header"] == first.header
    assert api.calls[1][3] == first.content()
    api.status = 409
    with pytest.raises(ApiRefused, match="HTTP 409"):
        client.submit(first)
