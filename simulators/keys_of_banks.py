"""Demo keys of one bank (银行演示密钥), both sides: what its profile names goes into the gateway's keystore.

The bank's own side lies in a directory called after it: ``sm2-sign.pem``, ``rsa-sign.pem`` ... by the algorithm of its scheme,
and the gateway's public key beside it, or for an HMAC ``hmac.key`` (hexadecimal); for TLS ``tls-server.pem``,
``tls-client.pem`` (banks that call themselves) and ``client-ca.pem``; ``sm4.key`` (hexadecimal);
``cms-decrypt.pem`` and ``gateway-cms-encrypt.pem``; ``amqp-password``; for SFTP host and user keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from crypto.contract import SchemeName
from crypto.demo_pki import LOCAL_HOSTS, Usage, issue_ca, issue_leaf
from crypto.generate import Kind, generate_key
from crypto.key_entry import Purpose
from crypto.schemes.registry import SCHEMES
from simulators.declaration import CmsEncryption, Declaration
from simulators.key_writer import KeyWriter, private_pem, secret_of

GATEWAY_SFTP_HOST: Final = "gateway-sftp-host"
_KINDS: Final[Mapping[SchemeName, Kind]] = {
    "sm2-sm3": "sm2",
    "rsa-pkcs1-sha256": "rsa-2048",
    "rsa-pss-sha256": "rsa-2048",
    "rsa-pkcs1-sha1": "rsa-2048",
    "ecdsa-p256-sha256": "ecdsa-p256",
    "ecdsa-p384-sha384": "ecdsa-p384",
    "ed25519": "ed25519",
    "hmac-sha256": "hmac",
    "hmac-sm3": "hmac",
}


def bank_keys(writer: KeyWriter, declaration: Declaration, now: datetime) -> None:
    """Every key that the profile names and that is not there yet; nothing where this bank has keys already."""
    if writer.knows(declaration.security.verification_key or declaration.security.signing_key):
        return
    _signing(writer, declaration)
    wire = declaration.transport
    if wire.client_certificate is not None and wire.trusted_ca is not None:
        both = wire.kind == "tcp" and wire.pushes  # the gateway calls and is called with one certificate
        _tls(writer, declaration.bank, wire.client_certificate, wire.trusted_ca, now, "both" if both else "client")
    if declaration.security.encryption_key is not None:
        shared = generate_key("sm4")
        writer.ours(declaration.security.encryption_key, Purpose.ENCRYPT, shared)
        writer.file(f"{declaration.bank}/sm4.key", secret_of(shared).hex() + "\n")
    if declaration.security.cms is not None and declaration.security.cms.encryption is not None:
        _cms_encryption(writer, declaration.bank, declaration.security.cms.encryption)
    if wire.password is not None:
        password = generate_key("secret")
        writer.ours(wire.password, Purpose.TRANSPORT, password)
        writer.file(f"{declaration.bank}/amqp-password", secret_of(password))
    if wire.kind == "sftp" and wire.user_key is not None:
        _sftp_server(writer, declaration.bank, wire.user_key)
    if wire.kind == "sftp-server":
        _sftp_client(writer, declaration.bank)


def _signing(writer: KeyWriter, declaration: Declaration) -> None:
    security, folder = declaration.security, declaration.bank
    kind, name = _KINDS[security.scheme], SCHEMES[security.scheme].algorithm
    own = generate_key(kind)
    if SCHEMES[security.scheme].symmetric:
        for alias, purpose in {security.verification_key: Purpose.VERIFY, security.signing_key: Purpose.SIGN}.items():
            if alias is not None:
                writer.ours(alias, purpose, own)
        writer.file(f"{folder}/hmac.key", secret_of(own).hex() + "\n")
        return
    gateway = writer.ours_once(security.signing_key, Purpose.SIGN, kind)
    if security.verification_key is not None:
        writer.theirs(security.verification_key, Purpose.VERIFY, own)
    writer.file(f"{folder}/{name}-sign.pem", private_pem(own))
    writer.file(f"{folder}/gateway-{name}-verify.pem", gateway)


def _cms_encryption(writer: KeyWriter, folder: str, terms: CmsEncryption) -> None:
    kind: Kind = "sm2" if terms.transport == "sm2" else "rsa-2048"
    own = generate_key(kind)
    writer.theirs(terms.bank_key, Purpose.ENCRYPT, own)
    writer.file(f"{folder}/cms-decrypt.pem", private_pem(own))
    writer.file(f"{folder}/gateway-cms-encrypt.pem", writer.ours_once(terms.own_key, Purpose.ENCRYPT, kind))


def _tls(writer: KeyWriter, folder: str, client: str, trusted: str, now: datetime, usage: Usage) -> None:
    authority = issue_ca(f"{folder} demo CA", now)
    hosts = LOCAL_HOSTS if usage == "both" else ()
    writer.ours(client, Purpose.TRANSPORT, issue_leaf(authority, "gateway", hosts, now, usage).identity())
    writer.theirs(trusted, Purpose.TRANSPORT, authority.trusted())
    writer.identity(folder, "server", issue_leaf(authority, folder, LOCAL_HOSTS, now, "server"))
    writer.identity(folder, "client", issue_leaf(authority, folder, (), now, "client"))
    writer.file(f"{folder}/client-ca.pem", authority.certificate_pem)


def _sftp_server(writer: KeyWriter, folder: str, user_key: str) -> None:
    writer.file(f"{folder}/gateway-sftp.pub", writer.ours_once(user_key, Purpose.TRANSPORT, "ed25519-ssh") + "\n")
    host = generate_key("ed25519-ssh")
    writer.file(f"{folder}/ssh-host-key", secret_of(host))
    writer.file(f"{folder}/ssh-host-key.pub", host.public + "\n")


def _sftp_client(writer: KeyWriter, folder: str) -> None:
    host = writer.ours_once(GATEWAY_SFTP_HOST, Purpose.TRANSPORT, "ed25519-ssh")
    writer.file(f"{folder}/gateway-host-key.pub", host + "\n")
    login = generate_key("ed25519-ssh")
    writer.file(f"{folder}/ssh-user-key", secret_of(login))
    writer.file(f"{folder}/ssh-user-key.pub", login.public + "\n")
