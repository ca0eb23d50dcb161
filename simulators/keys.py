"""Demo keys for both sides of every wire (演示密钥): the gateway's keystore, and key files for each simulator.

For demonstration and tests only: whoever can read the directory can play every part. File names are fixed; the
keys are new each time.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_der_private_key

from crypto.demo_pki import LOCAL_HOSTS, Issued, issue_ca, issue_leaf
from crypto.generate import Kind, generate_key
from crypto.key_entry import KeyState, Owner, Purpose
from crypto.key_material import Algorithm, KeyMaterial
from crypto.keystore import Keystore
from crypto.schemes import sm2_keys

KEYSTORE: Final = "gateway/keystore.json"
PASSPHRASE: Final = "gateway/passphrase"  # noqa: S105 - a file name
DEMO_CLIENT: Final = "platform"

_OWN_KEYS: Final[dict[str, tuple[Purpose, Kind]]] = {
    "segment-data": (Purpose.ENCRYPT, "aes-256"),
    "vault-data": (Purpose.ENCRYPT, "aes-256"),
    "blind-index": (Purpose.FIELD, "hmac"),
}


class KeysExist(Exception):
    """The directory holds keys already; nothing was changed."""


class _Writer:
    """Puts each key where it belongs: into the keystore, or as a file of one simulator."""

    def __init__(self, directory: Path, store: Keystore):
        self._directory, self._store = directory, store

    def file(self, name: str, content: bytes | str) -> None:
        """One file of a simulator, readable by its owner only."""
        path = self._directory / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(0o600, exist_ok=False)
        path.write_bytes(content.encode("ascii") if isinstance(content, str) else content)

    def ours(self, alias: str, purpose: Purpose, material: KeyMaterial) -> None:
        """An active key of the gateway itself."""
        self._store.add(alias, purpose, material, state=KeyState.ACTIVE)

    def theirs(self, alias: str, purpose: Purpose, material: KeyMaterial) -> None:
        """An active public key of a counterparty."""
        public = KeyMaterial(material.algorithm, material.public)
        self._store.add(alias, purpose, public, owner=Owner.COUNTERPARTY, state=KeyState.ACTIVE)


def create_demo_keys(directory: Path, client: str = DEMO_CLIENT) -> Path:
    """Make everything under ``directory``, which must not hold keys yet; answers the keystore's path.

    Raises KeysExist. The keystore's passphrase is written beside it, mode 0600.
    """
    keystore, passphrase = directory / KEYSTORE, directory / PASSPHRASE
    if keystore.exists():
        raise KeysExist(f"{directory} holds keys already: choose another directory, or delete it yourself")
    keystore.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    words = secrets.token_urlsafe(24)
    passphrase.touch(0o600)
    passphrase.write_text(words, "ascii")
    store = Keystore.create(keystore, words)
    writer = _Writer(directory, store)
    for alias, (purpose, kind) in _OWN_KEYS.items():
        writer.ours(alias, purpose, generate_key(kind))
    _rural_fixed(writer)
    _city_iso(writer)
    _sms(writer)
    _platform(writer, client)
    store.save()
    return keystore


def described(directory: Path, client: str) -> dict[str, str]:
    """What a gateway's settings need to know about the demo keys."""
    return {
        "keystore": str(directory / KEYSTORE),
        "passphrase_file": str(directory / PASSPHRASE),
        "client": client,
        "client_key_id": (directory / "platform/client-sign.keyid").read_text("ascii"),
        "rural_fixed_host_key": (directory / "rural-fixed/ssh-host-key.pub").read_text("ascii").strip(),
        "sms_client": "gateway",
    }


def _rural_fixed(writer: _Writer) -> None:
    gateway, bank = generate_key("sm2"), generate_key("sm2")
    writer.ours("gateway-sm2-sign", Purpose.SIGN, gateway)
    writer.theirs("rural-fixed-sm2-verify", Purpose.VERIFY, bank)
    writer.file("rural-fixed/sm2-sign.pem", _sm2_pem(bank))
    writer.file("rural-fixed/gateway-sm2-verify.pem", gateway.public)
    login, host = generate_key("ed25519-ssh"), generate_key("ed25519-ssh")
    writer.ours("rural-fixed-sftp-user", Purpose.TRANSPORT, login)
    writer.file("rural-fixed/gateway-sftp.pub", login.public + "\n")
    writer.file("rural-fixed/ssh-host-key", _secret(host))
    writer.file("rural-fixed/ssh-host-key.pub", host.public + "\n")


def _city_iso(writer: _Writer) -> None:
    gateway, bank = generate_key("rsa-2048"), generate_key("rsa-2048")
    writer.ours("gateway-rsa-sign", Purpose.SIGN, gateway)
    writer.theirs("city-iso-rsa-verify", Purpose.VERIFY, bank)
    writer.file("city-iso/rsa-sign.pem", _pem_of_der(_secret(bank)))
    writer.file("city-iso/gateway-rsa-verify.pem", gateway.public)
    now = datetime.now(UTC)
    authority = issue_ca("city-iso demo CA", now)
    writer.ours("city-iso-tls-client", Purpose.TRANSPORT, _client(authority, "gateway", now).identity())
    writer.theirs("city-iso-ca", Purpose.TRANSPORT, authority.trusted())
    server = issue_leaf(authority, "city-iso", LOCAL_HOSTS, now, "server")
    writer.file("city-iso/tls-server.pem", server.certificate_pem)
    writer.file("city-iso/tls-server-key.pem", server.key_pem)
    writer.file("city-iso/client-ca.pem", authority.certificate_pem)


def _sms(writer: _Writer) -> None:
    shared = generate_key("hmac")
    writer.ours("sms-hmac", Purpose.SIGN, shared)
    writer.file("sms/hmac.key", _secret(shared))


def _platform(writer: _Writer, client: str) -> None:
    signing, webhook = generate_key("ed25519"), generate_key("ed25519")
    writer.theirs(f"client-{client}-verify", Purpose.VERIFY, signing)
    writer.file("platform/client-sign.pem", _pem_of_der(_secret(signing)))
    writer.file("platform/client-sign.keyid", signing.fingerprint())
    writer.ours("webhook-sign", Purpose.SIGN, webhook)
    writer.file("platform/webhook-verify.pem", webhook.public)
    writer.file("platform/webhook-verify.keyid", webhook.fingerprint())
    now = datetime.now(UTC)
    authority = issue_ca("gateway API demo CA", now)
    server = issue_leaf(authority, "gateway", LOCAL_HOSTS, now, "server")
    writer.ours("api-tls-server", Purpose.TRANSPORT, server.identity())
    writer.theirs("api-client-ca", Purpose.TRANSPORT, authority.trusted())
    caller = _client(authority, client, now)
    writer.file("platform/tls-client.pem", caller.certificate_pem)
    writer.file("platform/tls-client-key.pem", caller.key_pem)
    writer.file("platform/api-ca.pem", authority.certificate_pem)


def _client(authority: Issued, name: str, now: datetime) -> Issued:
    return issue_leaf(authority, name, (), now, "client")


def _secret(material: KeyMaterial) -> bytes:
    if material.secret is None:
        raise ValueError(f"a generated {material.algorithm} key has a private half")
    return material.secret


def _sm2_pem(material: KeyMaterial) -> str:
    if material.algorithm is not Algorithm.SM2:
        raise ValueError("not an SM2 key")
    return sm2_keys.private_to_pem(_secret(material), sm2_keys.public_from_pem(material.public))


def _pem_of_der(der: bytes) -> bytes:
    key = load_der_private_key(der, None)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
