"""The server under the API over TLS: who the client is, or is not."""

from __future__ import annotations

import ssl
from typing import Any

import pytest
import pytest_twisted
import trustme
from twisted.internet.threads import deferToThread

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def head(method: str, path: str, *fields: str, close: bool = True) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *fields, *(["Connection: close"] if close else []), "", ""]
    return "\r\n".join(lines).encode()


@pytest_twisted.ensureDeferred
async def test_a_client_certificate_is_seen_by_the_handler(mutual: Any) -> None:
    server, pki, _ = mutual
    status, answer = await server.talk(head("GET", "/small"), context=pki.context(pki.client_ca))
    assert status == 200
    assert b"CN=platform" in answer


@pytest_twisted.ensureDeferred
async def test_a_client_without_certificate_is_served_only_where_one_is_optional(
    mutual: Any,
) -> None:
    server, pki, kind = mutual
    if kind == "optional":
        status, answer = await server.talk(head("GET", "/small"), context=pki.context(None))
        assert (status, b'"peer": null' in answer) == (200, True)
    else:
        with pytest.raises(OSError):
            await server.talk(head("GET", "/small"), context=pki.context(None))


@pytest_twisted.ensureDeferred
async def test_a_client_certificate_from_elsewhere_is_refused(mutual: Any) -> None:
    server, pki, _ = mutual
    with pytest.raises(OSError):
        await server.talk(head("GET", "/small"), context=pki.context(trustme.CA()))


@pytest_twisted.ensureDeferred
async def test_http_2_is_never_negotiated(mutual: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from twisted.web import http

    server, pki, _ = mutual
    monkeypatch.setattr(http, "H2_ENABLED", True)

    def negotiate() -> str | None:
        with server.dial(pki.context(pki.client_ca)) as connection:
            assert isinstance(connection, ssl.SSLSocket)
            return connection.selected_alpn_protocol()

    assert await deferToThread(negotiate) == "http/1.1"


@pytest_twisted.ensureDeferred
async def test_a_body_too_large_is_answered_over_tls_too(mutual: Any) -> None:
    server, pki, _ = mutual
    context = pki.context(pki.client_ca)
    status, _ = await server.talk(head("PUT", "/small", "Content-Length: 300000"), b"x" * 300_000, context=context)
    assert status == 413
