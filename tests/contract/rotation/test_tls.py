"""Certificates exchanged while a port listens and lines are open: new connections go by the new ones, old ones go on."""

from __future__ import annotations

import hashlib
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_twisted
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.threads import deferToThread

from crypto.demo_pki import Issued
from crypto.key_entry import KeyState, Purpose
from gateway.transports.contract import Misconfigured
from gateway.transports.http_tls import Endpoints, read_identity, read_trust
from gateway.transports.site_tls import RenewedTls, ServerKeys
from gateway.wiring.caller_keys import DoorKeys
from gateway.wiring.peer_checks import PeerChecks

SERVER, AUTHORITY = "api-tls-server", "api-client-ca"


class Echo(Protocol):
    """Says back what it hears."""

    def dataReceived(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.write(data)


class Port:
    """A TLS port over a followed keystore, and clients of it in other threads."""

    def __init__(self, safe: Any, pki: Any, directory: Path):
        self.safe, self.authority, self.directory = safe, pki(), directory
        self.entry = safe.add(SERVER, Purpose.TRANSPORT, self.authority.leaf().identity())
        self.trusted = safe.theirs(AUTHORITY, Purpose.TRANSPORT, self.authority.ca.trusted())
        self.keys = DoorKeys(safe.followed())
        self.checks = PeerChecks(SimpleNamespace(crl_directory=directory / "crl", stale_crl="alert"))
        self.checked = False
        self._port: Any = None

    def drawn(self) -> ServerKeys:
        certificate, key = self.keys.tls_identity(SERVER)
        refusal = self.checks.refusal(AUTHORITY) if self.checked else None
        return ServerKeys(certificate + key, b"".join(self.keys.trusted_certificates(AUTHORITY)), refusal)

    def open(self, reactor: Any) -> None:
        self._port = reactor.listenSSL(0, Factory.forProtocol(Echo), RenewedTls(self.drawn), interface="127.0.0.1")

    def close(self) -> Any:
        return self._port.stopListening()

    @property
    def number(self) -> int:
        return int(self._port.getHost().port)

    def connect(self, client: Issued) -> ssl.SSLSocket:
        """Blocking: a client that does not look whom it meets."""
        pem = self.directory / f"{hashlib.sha256(client.certificate_pem).hexdigest()}.pem"
        pem.write_bytes(client.certificate_pem + client.key_pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(pem)
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.number), 5), server_hostname="localhost")

    def talk(self, line: ssl.SSLSocket) -> str:
        """Blocking: something said and heard back; whose certificate the other side has."""
        line.sendall(b"hello")
        assert line.recv(5) == b"hello"
        shown = line.getpeercert(binary_form=True)
        assert shown is not None
        return hashlib.sha256(shown).hexdigest()

    def visit(self, client: Issued) -> str:
        with self.connect(client) as line:
            return self.talk(line)


def digest(issued: Issued) -> str:
    der = x509.load_pem_x509_certificate(issued.certificate_pem).public_bytes(Encoding.DER)
    return hashlib.sha256(der).hexdigest()


@pytest.fixture
def port(safe: Any, pki: Any, tmp_path: Path) -> Iterator[Port]:
    """Open, with one authority."""
    from twisted.internet import reactor

    (tmp_path / "crl").mkdir()
    made = Port(safe, pki, tmp_path)
    made.open(reactor)
    yield made
    pytest_twisted.blockon(made.close())


@pytest_twisted.ensureDeferred
async def test_new_connections_see_the_new_certificate_and_old_ones_go_on(port) -> None:
    client, new = port.authority.leaf("client"), port.authority.leaf()
    held = await deferToThread(port.connect, client)
    before = await deferToThread(port.talk, held)
    port.safe.replace(SERVER, new.identity())
    assert await deferToThread(port.visit, client) == digest(new) != before
    assert await deferToThread(port.talk, held) == before
    held.close()


@pytest_twisted.ensureDeferred
async def test_with_a_revoked_certificate_nobody_is_met_until_there_is_another(port) -> None:
    client, new = port.authority.leaf("client"), port.authority.leaf()
    port.safe.move(port.entry, KeyState.REVOKED)
    with pytest.raises(OSError):
        await deferToThread(port.visit, client)
    port.safe.add(SERVER, Purpose.TRANSPORT, new.identity())
    assert await deferToThread(port.visit, client) == digest(new)


@pytest_twisted.ensureDeferred
async def test_clients_of_two_authorities_come_in_while_one_takes_over(port, pki) -> None:
    other = pki("other")
    old, new = port.authority.leaf("client"), other.leaf("client")
    with pytest.raises(OSError):
        await deferToThread(port.visit, new)
    port.safe.replace(AUTHORITY, other.ca.trusted())
    assert await deferToThread(port.visit, new) == await deferToThread(port.visit, old)
    port.safe.move(port.trusted, KeyState.RETIRED)
    with pytest.raises(OSError):
        await deferToThread(port.visit, old)
    assert await deferToThread(port.visit, new)


def listed(authority: Issued, *revoked: Issued, days: int = 1) -> bytes:
    """The authority's revocation list."""
    now = datetime.now(UTC)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_pem_x509_certificate(authority.certificate_pem).subject)
        .last_update(now - timedelta(days=3))
        .next_update(now + timedelta(days=days))
    )
    for one in revoked:
        number = x509.load_pem_x509_certificate(one.certificate_pem).serial_number
        entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(now).build()
        builder = builder.add_revoked_certificate(entry)
    key: Any = load_pem_private_key(authority.key_pem, None)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest_twisted.ensureDeferred
async def test_a_client_whose_certificate_its_issuer_has_revoked_is_not_met(port) -> None:
    port.checked, revoked, good = True, port.authority.leaf("gone"), port.authority.leaf("here")
    assert await deferToThread(port.visit, revoked)
    (port.directory / "crl" / f"{AUTHORITY}.crl").write_bytes(listed(port.authority.ca, revoked))
    with pytest.raises(OSError):
        await deferToThread(port.visit, revoked)
    assert await deferToThread(port.visit, good) and not port.checks.overdue


@pytest_twisted.ensureDeferred
async def test_an_overdue_list_is_told_and_still_refuses_what_it_names(port) -> None:
    port.checked, revoked, good = True, port.authority.leaf("gone"), port.authority.leaf("here")
    (port.directory / "crl" / f"{AUTHORITY}.crl").write_bytes(listed(port.authority.ca, revoked, days=-1))
    assert await deferToThread(port.visit, good)
    assert "was to be renewed" in port.checks.overdue[AUTHORITY]
    with pytest.raises(OSError):
        await deferToThread(port.visit, revoked)


@pytest_twisted.ensureDeferred
async def test_a_bank_whose_certificate_its_issuer_has_revoked_hears_nothing_from_us(port) -> None:
    from twisted.internet import reactor

    client = port.authority.leaf("client")
    trust = read_trust(port.authority.ca.certificate_pem)
    identity = read_identity(client.certificate_pem + client.key_pem)
    address = SimpleNamespace(host=b"127.0.0.1", port=port.number, scheme=b"https")
    way = partial(Endpoints, reactor, trust, identity, 5.0)
    line = (
        await way(refusal=port.checks.refusal(AUTHORITY)).endpointForURI(address).connect(Factory.forProtocol(Protocol))
    )
    line.transport.loseConnection()
    server = Issued(port.keys.tls_identity(SERVER)[0], b"")
    (port.directory / "crl" / f"{AUTHORITY}.crl").write_bytes(listed(port.authority.ca, server))
    with pytest.raises(Misconfigured, match="revoked by its issuer"):
        await way(refusal=port.checks.refusal(AUTHORITY)).endpointForURI(address).connect(Factory.forProtocol(Protocol))
