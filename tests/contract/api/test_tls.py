"""The door over TLS: a client certificate is a name, a signature is another, nothing is nobody."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from crypto.demo_pki import Issued, issue_ca, issue_leaf
from gateway.api.authentication import ClientRegister
from gateway.api.clients import RegisteredClient
from gateway.api.door import open_door

ensure = pytest_twisted.ensureDeferred


class Keys:
    """The two entries of a keystore that the door asks for."""

    def __init__(self, server: Issued, authority: Issued):
        self._server, self._authority = server, authority

    def tls_identity(self, alias: str) -> tuple[bytes, bytes]:
        assert alias == "api-tls-server"
        return self._server.certificate_pem, self._server.key_pem

    def trusted_certificates(self, alias: str) -> list[bytes]:
        assert alias == "api-client-ca"
        return [self._authority.certificate_pem]


@pytest.fixture
def pki(tmp_path: Path) -> SimpleNamespace:
    """One authority, one stranger, and certificates of both on disk."""
    now = datetime.now(UTC)
    authority, stranger = issue_ca("authority", now), issue_ca("stranger", now)
    server = issue_leaf(authority, "gateway", ["127.0.0.1"], now, "server")
    for name, issuer in (
        ("platform.example", authority),
        ("unknown.example", authority),
        ("platform.strange", stranger),
    ):
        leaf = issue_leaf(issuer, name.replace("strange", "example"), [], now, "client")
        (tmp_path / name).write_bytes(leaf.certificate_pem + leaf.key_pem)
    (tmp_path / "ca.pem").write_bytes(authority.certificate_pem)
    return SimpleNamespace(keys=Keys(server, authority), directory=tmp_path)


@pytest.fixture
def tls(served: Any, pki: SimpleNamespace) -> Iterator[int]:
    """A second door, with TLS, on the API whose clients have certificates too."""
    from twisted.internet import reactor

    register = ClientRegister([RegisteredClient("platform", ("platform.example",))], None)
    served.api.receptionist._authenticator = register
    ports: list[Any] = []

    class Noting:
        """Remembers the port that was opened."""

        def __getattr__(self, name: str) -> Any:
            return getattr(reactor, name)

        def listenSSL(self, *args: Any, **more: Any) -> Any:
            ports.append(reactor.listenSSL(*args, **more))  # type: ignore[attr-defined]
            return ports[-1]

    yield open_door(served.api, SimpleNamespace(host="127.0.0.1", port=0, tls=True), pki.keys, Noting())
    ports[0].stopListening()


def _get(port: int, directory: Path, certificate: str | None) -> int:
    context = ssl.create_default_context(cafile=str(directory / "ca.pem"))
    if certificate is not None:
        context.load_cert_chain(directory / certificate)
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    try:
        connection.request("GET", "/v1/batches")
        return connection.getresponse().status
    finally:
        connection.close()


@ensure
async def test_certificates_are_names(tls: int, pki: SimpleNamespace) -> None:
    """Registered: in. Of our authority but unregistered, or none at all: 401."""
    assert await deferToThread(_get, tls, pki.directory, "platform.example") == 200
    assert await deferToThread(_get, tls, pki.directory, "unknown.example") == 401
    assert await deferToThread(_get, tls, pki.directory, None) == 401


@ensure
async def test_a_certificate_from_elsewhere_ends_the_handshake(tls: int, pki: SimpleNamespace) -> None:
    """The right name under the wrong authority is nothing."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await deferToThread(_get, tls, pki.directory, "platform.strange")
