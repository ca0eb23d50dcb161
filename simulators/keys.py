"""Demo keys for both sides of every wire (演示密钥): the gateway's keystore, and key files for each simulator.

For demonstration and tests only: whoever can read the directory can play every part. File names are fixed; the
keys are new each time. Which banks there are, and what their keys are called, their profiles say.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from crypto.demo_pki import LOCAL_HOSTS, issue_ca, issue_leaf
from crypto.generate import Kind, generate_key
from crypto.key_entry import Purpose
from crypto.keystore import Keystore
from simulators.declaration import Declaration, read_declaration, shipped_config
from simulators.key_writer import KeyWriter, private_pem, secret_of
from simulators.keys_of_banks import GATEWAY_SFTP_HOST, bank_keys

KEYSTORE: Final = "gateway/keystore.json"
PASSPHRASE: Final = "gateway/passphrase"  # noqa: S105 - a file name
DEMO_CLIENT: Final = "platform"

_OWN_KEYS: Final[dict[str, tuple[Purpose, Kind]]] = {
    "segment-data": (Purpose.ENCRYPT, "aes-256"),
    "vault-data": (Purpose.ENCRYPT, "aes-256"),
    "blind-index": (Purpose.FIELD, "hmac"),
    "gateway-sm2-sign": (Purpose.SIGN, "sm2"),
    "audit-anchor": (Purpose.SIGN, "sm2"),
    "gateway-rsa-sign": (Purpose.SIGN, "rsa-2048"),
    GATEWAY_SFTP_HOST: (Purpose.TRANSPORT, "ed25519-ssh"),
}


class KeysExist(Exception):
    """The directory holds keys already; nothing was changed."""


def create_demo_keys(directory: Path, client: str = DEMO_CLIENT, config: Path | None = None) -> Path:
    """Make everything under ``directory``, which must not hold keys yet; answers the keystore's path.

    ``config`` has the bank profiles, by default the shipped ones. Raises KeysExist, ConfigurationRefused. The
    keystore's passphrase is written beside it, mode 0600.
    """
    keystore, passphrase = directory / KEYSTORE, directory / PASSPHRASE
    if keystore.exists():
        raise KeysExist(
            f"{directory} holds keys already: choose another directory, or add those of new banks with --add-banks"
        )
    declarations = list(_declarations(config))
    keystore.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    words = secrets.token_urlsafe(24)
    passphrase.touch(0o600)
    passphrase.write_text(words, "ascii")
    store = Keystore.create(keystore, words)
    writer, now = KeyWriter(directory, store), datetime.now(UTC)
    for alias, (purpose, kind) in _OWN_KEYS.items():
        writer.ours(alias, purpose, generate_key(kind))
    for declaration in declarations:
        bank_keys(writer, declaration, now)
    _sms(writer)
    _platform(writer, client, now)
    store.save()
    return keystore


def add_bank_keys(directory: Path, config: Path | None = None) -> Path:
    """Keys of the banks of ``config`` that have none yet, beside those there; raises OSError, KeyUnusable."""
    keystore = directory / KEYSTORE
    store = Keystore.open(keystore, (directory / PASSPHRASE).read_text("ascii"))
    writer, now = KeyWriter(directory, store), datetime.now(UTC)
    for declaration in _declarations(config):
        bank_keys(writer, declaration, now)
    store.save()
    return keystore


def _declarations(config: Path | None) -> Iterator[Declaration]:
    return map(read_declaration, sorted(((config or shipped_config()) / "banks").glob("*.yaml")))


def described(directory: Path, client: str) -> dict[str, str]:
    """What a gateway's settings need to know about the demo keys."""
    told = {
        "keystore": str(directory / KEYSTORE),
        "passphrase_file": str(directory / PASSPHRASE),
        "client": client,
        "client_key_id": (directory / "platform/client-sign.keyid").read_text("ascii"),
        "sms_client": "gateway",
    }
    for name, what in (("ssh-host-key.pub", "host_key"), ("ssh-user-key.pub", "user_key")):
        for path in sorted(directory.glob(f"*/{name}")):
            told[f"{path.parent.name.replace('-', '_')}_{what}"] = path.read_text("ascii").strip()
    return told


def _sms(writer: KeyWriter) -> None:
    shared = generate_key("hmac")
    writer.ours("sms-hmac", Purpose.SIGN, shared)
    writer.file("sms/hmac.key", secret_of(shared))


def _platform(writer: KeyWriter, client: str, now: datetime) -> None:
    signing, webhook = generate_key("ed25519"), generate_key("ed25519")
    writer.theirs(f"client-{client}-verify", Purpose.VERIFY, signing)
    writer.file("platform/client-sign.pem", private_pem(signing))
    writer.file("platform/client-sign.keyid", signing.fingerprint())
    writer.ours("webhook-sign", Purpose.SIGN, webhook)
    writer.file("platform/webhook-verify.pem", webhook.public)
    writer.file("platform/webhook-verify.keyid", webhook.fingerprint())
    authority = issue_ca("gateway API demo CA", now)
    server = issue_leaf(authority, "gateway", LOCAL_HOSTS, now, "server")
    writer.ours("api-tls-server", Purpose.TRANSPORT, server.identity())
    writer.theirs("api-client-ca", Purpose.TRANSPORT, authority.trusted())
    writer.identity("platform", "client", issue_leaf(authority, client, (), now, "client"))
    writer.file("platform/api-ca.pem", authority.certificate_pem)
