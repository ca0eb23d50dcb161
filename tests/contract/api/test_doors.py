"""Who is let in, and what anybody may read."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest_twisted
from openapi_spec_validator import validate

from gateway.api.problems import KINDS

ensure = pytest_twisted.ensureDeferred
JSON = {"Content-Type": "application/json"}


@ensure
async def test_nobody_without_a_name(served: Any, header: Any) -> None:
    """No signature, no certificate: 401, and a body of such a request is not kept."""
    for method, path, body in (
        ("GET", "/v1/batches", None),
        ("POST", "/v1/batches", orjson.dumps({"header": header()})),
        ("PUT", "/v1/batches/X/items", b"{}\n"),
        ("GET", "/v1/alerts", None),
    ):
        answer = await served.plain(method, path, body, JSON if body else {})
        assert (answer.status, answer.json["code"]) == (401, "NOT_AUTHENTICATED"), path
    assert served.vault_files() == []


@ensure
async def test_bad_signatures(served: Any) -> None:
    """An unknown key, another's key id, an old one, one for another address: all refused."""
    sign = served.signed
    now = served.clock.now_ms() // 1000
    cases = [
        sign("GET", "/v1/batches", {}, None, "stranger-key"),
        sign("GET", "/v1/batches", {}, None, "stranger-key", key_id="platform-key"),
        sign("GET", "/v1/batches", {}, None, "platform-key", created=now - 3600),
        sign("GET", "/v1/batches?limit=3", {}, None, "platform-key"),
        sign("DELETE", "/v1/batches", {}, None, "platform-key"),
        sign("GET", "/v1/batches", {}, None, "platform-key") | {"Signature": "sig1=:AAAA:"},
        {"Signature": "x", "Signature-Input": "y"},
    ]
    for headers in cases:
        answer = await served.plain("GET", "/v1/batches", None, headers)
        assert (answer.status, answer.json["code"]) == (401, "NOT_AUTHENTICATED")


@ensure
async def test_a_signature_works_once(served: Any, header: Any) -> None:
    """The same signed request again is a replay, whatever it asks for."""
    body = orjson.dumps({"header": header()})
    headers = served.signed("POST", "/v1/batches", JSON, hashlib.sha256(body).digest(), "platform-key")
    first = await served.plain("POST", "/v1/batches", body, headers)
    again = await served.plain("POST", "/v1/batches", body, headers)
    assert (first.status, again.status, again.json["code"]) == (201, 401, "SIGNATURE_REPLAYED")


@ensure
async def test_a_body_other_than_the_signed_one(served: Any, header: Any) -> None:
    """What is signed is the digest, and the digest is compared."""
    signed, sent = orjson.dumps({"header": header()}), orjson.dumps({"header": header(voucher_no="1")})
    headers = served.signed("POST", "/v1/batches", JSON, hashlib.sha256(signed).digest(), "platform-key")
    answer = await served.plain("POST", "/v1/batches", sent, headers)
    assert (answer.status, answer.json["code"]) == (400, "BAD_DIGEST")


@ensure
async def test_addresses_that_are_none(served: Any) -> None:
    """Unknown addresses and methods are problems too, in both languages."""
    unknown = await served.call("GET", "/v2/batches")
    control = await served.call("GET", "/v1/batches/a%00b")
    method = await served.call("DELETE", "/v1/batches/X")
    assert (unknown.status, unknown.json["code"]) == (404, "NOT_FOUND")
    assert (control.status, control.json["code"]) == (404, "NOT_FOUND")
    assert (method.status, method.json["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in method.headers.getRawHeaders("allow")[0]
    assert method.json["zh"] != method.json["en"]


@ensure
async def test_every_answer_is_guarded(served: Any) -> None:
    """No sniffing, no caching, no embedding, no server version."""
    for path in ("/healthz", "/v1/batches", "/nothing"):
        answer = await served.call("GET", path)
        assert answer.headers.getRawHeaders("x-content-type-options") == ["nosniff"]
        assert answer.headers.getRawHeaders("cache-control") == ["no-store"]
        assert answer.headers.getRawHeaders("server") == ["gateway"]
        assert "default-src 'none'" in answer.headers.getRawHeaders("content-security-policy")[0]


@ensure
async def test_the_specification_is_valid(served: Any) -> None:
    """OpenAPI 3.1, complete: every operation, every shape that is referred to."""
    answer = await served.plain("GET", "/openapi.json", None, {})
    validate(answer.json)
    served_paths = {(path, method) for path, item in answer.json["paths"].items() for method in item}
    assert ("/v1/batches/{batch_no}/items", "put") in served_paths
    assert len(served_paths) == 13
    assert answer.json == orjson.loads(orjson.dumps(served.api.specification))


@ensure
async def test_the_documentation_page(served: Any) -> None:
    """One page in Chinese and English, no script, nothing from elsewhere, every problem code explained."""
    page = await served.plain("GET", "/docs", None, {})
    text = page.content.decode()
    assert page.status == 200
    assert "提交批次" in text
    assert "Submit a batch" in text
    assert "<script" not in text
    assert "http://" not in text
    assert "https://" not in text
    assert all(f'id="{code}"' in text for code in KINDS)
    assert "default-src 'none'" in page.headers.getRawHeaders("content-security-policy")[0]
    style = await served.plain("GET", "/docs.css", None, {})
    assert style.headers.getRawHeaders("content-type") == ["text/css; charset=utf-8"]


@ensure
async def test_health(served: Any) -> None:
    """Alive while the store answers."""
    assert (await served.plain("GET", "/healthz", None, {})).json == {"status": "ok"}
