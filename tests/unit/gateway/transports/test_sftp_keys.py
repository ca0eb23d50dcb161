"""Pinned host keys and login keys."""

from __future__ import annotations

import asyncssh
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from gateway.transports.contract import Misconfigured
from gateway.transports.sftp_keys import fingerprint, preferred_algorithms, read_pins, read_private_key

KNOWN = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256")


def test_a_fingerprint_is_the_one_that_ssh_keygen_prints() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    assert fingerprint(key.public_data) == key.get_fingerprint()


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
def test_a_pin_is_a_line_of_known_hosts_without_its_host(kind: str) -> None:
    key = asyncssh.generate_private_key(kind)
    (pin,) = read_pins([key.export_public_key().decode() + " a comment"])
    assert (pin.kind, pin.blob) == (kind, key.public_data)
    assert pin.fingerprint == f"{kind} {key.get_fingerprint()}"


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 ???", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAA"])
def test_a_bad_pin_is_named_by_its_number(line: str) -> None:
    good = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    with pytest.raises(Misconfigured, match="host_keys entry 2"):
        read_pins([good, line])


def test_pinned_kinds_are_asked_for_first_and_the_others_stay() -> None:
    pins = read_pins([asyncssh.generate_private_key("ssh-rsa").export_public_key().decode()])
    assert preferred_algorithms(pins, KNOWN) == ("rsa-sha2-512", "rsa-sha2-256", "ssh-ed25519", "ecdsa-sha2-nistp256")


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.OpenSSH])
@pytest.mark.parametrize(
    ("key", "name"),
    [
        (ed25519.Ed25519PrivateKey.generate(), "ssh-ed25519"),
        (ec.generate_private_key(ec.SECP384R1()), "ecdsa-sha2-nistp384"),
        (rsa.generate_private_key(65537, 2048), "ssh-rsa"),
    ],
    ids=["ed25519", "ecdsa", "rsa"],
)
def test_login_keys_are_read_in_every_common_form(key: ed25519.Ed25519PrivateKey, name: str, form: object) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())  # type: ignore[arg-type]
    assert read_private_key(pem).get_name() == name


def _pem(key: ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey, password: bytes | None) -> bytes:
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"not a key",
        _pem(ed25519.Ed25519PrivateKey.generate(), b"secret"),
        _pem(dsa.generate_private_key(1024), None),  # noqa: S505
        b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
    ],
    ids=["empty", "text", "locked", "dsa", "broken"],
)
def test_a_key_that_cannot_serve_is_misconfigured_and_stays_secret(pem: bytes) -> None:
    with pytest.raises(Misconfigured, match="login key") as caught:
        read_private_key(pem)
    assert caught.value.__cause__ is None
