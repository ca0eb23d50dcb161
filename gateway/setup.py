"""First set-up on one machine: own keys, a passphrase file only its owner can read, and a settings file."""

from __future__ import annotations

import secrets
from pathlib import Path

from crypto.generate import Kind, generate_key
from crypto.key_entry import KeyState, Purpose
from crypto.keystore import Keystore

OWN_KEYS: dict[str, tuple[Purpose, Kind]] = {
    "segment-data": (Purpose.ENCRYPT, "aes-256"),
    "vault-data": (Purpose.ENCRYPT, "aes-256"),
    "blind-index": (Purpose.FIELD, "hmac"),
    "gateway-sm2-sign": (Purpose.SIGN, "sm2"),
    "gateway-rsa-sign": (Purpose.SIGN, "rsa-3072"),
    "audit-anchor": (Purpose.SIGN, "sm2"),
    "webhook-sign": (Purpose.SIGN, "ed25519"),
    "rural-fixed-sftp-user": (Purpose.TRANSPORT, "ed25519-ssh"),
}
SETTINGS = """\
# Settings of one node. Every key can also be set as GATEWAY_<KEY>, nested keys with two underscores.
node = "node-1"
gateway_code = "GW01"   # part of every derived identity: never change it once batches were taken
config = "{config}"
state = "{state}"
# store_url = "postgresql+psycopg://gateway@localhost/gateway"   # default: SQLite in `state`

[keystore]
path = "{keystore}"
passphrase_file = "{passphrase}"

[api]
host = "127.0.0.1"
port = 8080
tls = false              # on loopback only; elsewhere TLS is required
open_on_loopback = true  # a first try on this machine; false where anybody else can log in

# Who may change keys: two people at least, each with a key of their own (docs/keys.md).
# [operators.lin]
# roles = ["key-custodian"]   # or operator, auditor, privacy-officer
"""


class AlreadySetUp(Exception):
    """There is a set-up already; nothing was changed."""


def set_up(directory: Path, config: Path | None = None) -> dict[str, str]:
    """Make keys and settings under ``directory``; raises AlreadySetUp."""
    settings = directory / "gateway.toml"
    if settings.exists():
        raise AlreadySetUp(f"{settings} exists already: edit it, or choose another directory")
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    passphrase, keystore = directory / "passphrase", directory / "keystore.json"
    passphrase.touch(0o600, exist_ok=False)
    passphrase.write_text(secrets.token_urlsafe(32), encoding="ascii")
    store = Keystore.create(keystore, passphrase.read_text(encoding="ascii"))
    for alias, (purpose, kind) in OWN_KEYS.items():
        store.add(alias, purpose, generate_key(kind), state=KeyState.ACTIVE)
    store.save()
    shown = {
        "config": str(config or config_directory()),
        "state": str(directory / "data"),
        "keystore": str(keystore),
        "passphrase": str(passphrase),
    }
    settings.write_text(SETTINGS.format(**shown), encoding="utf-8")
    return {"settings": str(settings), "keystore": str(keystore)}


def config_directory() -> Path:
    """Where the shipped configuration is: beside the packages in a checkout, inside them once installed."""
    beside = Path(__file__).resolve().parent.parent / "config"
    return beside if beside.is_dir() else Path(__file__).resolve().parent / "data" / "config"
