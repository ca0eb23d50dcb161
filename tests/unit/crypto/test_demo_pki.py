"""Certificates that the standard library's TLS and openssl both accept, each in its role only."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crypto.generate import Issued, issue_ca, issue_leaf

NOW = datetime.now(UTC)
CA = issue_ca("Demo CA", NOW)
SERVER = issue_leaf(CA, "bank", ["localhost", "127.0.0.1"], NOW, "server")
CLIENT = issue_leaf(CA, "gateway", [], NOW, "client")


def context(purpose: int, identity: Issued, tmp_path: Path) -> ssl.SSLContext:
    file = tmp_path / "identity.pem"
    file.write_bytes(identity.certificate_pem + identity.key_pem)
    found = ssl.SSLContext(purpose)
    found.verify_mode = ssl.CERT_REQUIRED
    found.load_verify_locations(cadata=CA.certificate_pem.decode())
    found.load_cert_chain(file)
    return found


def handshake(server: Issued, client: Issued, host: str, tmp_path: Path) -> None:
    """Both ends in memory; raises ssl.SSLError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_context = context(ssl.PROTOCOL_TLS_SERVER, server, tmp_path)
    client_context = context(ssl.PROTOCOL_TLS_CLIENT, client, tmp_path)
    ends = [
        client_context.wrap_bio(to_client, to_server, server_hostname=host),
        server_context.wrap_bio(to_server, to_client, server_side=True),
    ]
    while ends:
        for end in list(ends):
            try:
                end.do_handshake()
                ends.remove(end)
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_mutual_tls(host: str, tmp_path: Path) -> None:
    handshake(SERVER, CLIENT, host, tmp_path)


def test_other_host_role_or_ca_is_refused(tmp_path: Path) -> None:
    stranger = issue_leaf(issue_ca("Demo CA", NOW), "gateway", [], NOW, "client")
    expired = issue_leaf(CA, "bank", ["localhost"], NOW - timedelta(days=10), "server", days=9)
    for server, client, host in (
        (SERVER, CLIENT, "example.org"),
        (CLIENT, CLIENT, "localhost"),
        (SERVER, SERVER, "localhost"),
        (SERVER, stranger, "localhost"),
        (expired, CLIENT, "localhost"),
    ):
        with pytest.raises(ssl.SSLError):
            handshake(server, client, host, tmp_path)


def test_openssl_verifies_the_chain_strictly(openssl, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(CA.certificate_pem)
    (tmp_path / "server.pem").write_bytes(SERVER.certificate_pem)
    openssl("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "ca.pem", "server.pem")
