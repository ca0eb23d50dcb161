"""SSH keys: our private key from the keystore's bytes, and the bank's pinned host keys (主机公钥固定)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.transports.contract import Misconfigured

# The name a key carries is not always the name of the signature algorithm that proves it.
_ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}

Key = TypeVar("Key")
Made = TypeVar("Made")
_LoginKey = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey


@dataclass(frozen=True, slots=True)
class PinnedKey:
    """One host key that the bank told us out of band."""

    kind: str  # "ssh-ed25519"
    blob: bytes  # the public key in SSH wire form

    @property
    def fingerprint(self) -> str:
        """The form OpenSSH prints: ``ssh-ed25519 SHA256:…``."""
        return f"{self.kind} {fingerprint(self.blob)}"


def fingerprint(blob: bytes) -> str:
    """SHA256 fingerprint of a public key in SSH wire form, as ``ssh-keygen -lf`` prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


class LoginRefused(Misconfigured):
    """The bank's server does not know the key that we showed; it may know another one of ours."""


def first_accepted(keys: Sequence[Key], attempt: Callable[[Key], Made], older: Callable[[Key], None]) -> Made:
    """What ``attempt`` makes of the first key that is not refused; ``older`` hears of one that is not the first.

    So that the bank may register our new key when it can: until then our retiring one still opens its door. Raises the
    refusal of the first key where all are refused, and whatever else ``attempt`` raises.
    """
    refusals: list[LoginRefused] = []
    for key in keys:
        try:
            made = attempt(key)
        except LoginRefused as refused:
            refusals.append(refused)
            continue
        if refusals:
            older(key)
        return made
    raise refusals[0]


def read_pins(lines: Sequence[str]) -> tuple[PinnedKey, ...]:
    """Pins from ``<type> <base64> [comment]`` lines; raises Misconfigured naming the line's number."""
    return tuple(_read_pin(number, line) for number, line in enumerate(lines, start=1))


def _read_pin(number: int, line: str) -> PinnedKey:
    words = line.split()
    try:
        kind, blob = words[0], base64.b64decode(words[1], validate=True)
    except (IndexError, binascii.Error):
        raise Misconfigured(
            f"host_keys entry {number} is not '<type> <base64>'; copy the line from ssh-keyscan"
        ) from None
    if blob[4 : 4 + len(kind)] != kind.encode():
        raise Misconfigured(f"host_keys entry {number} says {kind} but holds another type of key; copy the whole line")
    return PinnedKey(kind, blob)


def preferred_algorithms(pins: Sequence[PinnedKey], known: Sequence[str]) -> tuple[str, ...]:
    """``known`` host key algorithms with the pinned ones first.

    The others stay in the list so that a server which changed its kind of key gets far enough to show
    us which key it holds; it is refused before authentication either way.
    """
    wanted = [name for pin in pins for name in _ALGORITHMS.get(pin.kind, (pin.kind,)) if name in known]
    return tuple(dict.fromkeys([*wanted, *known]))


def read_private_key(pem: bytes) -> paramiko.PKey:
    """Our login key from unencrypted PEM (PKCS#8, PKCS#1, SEC1 or OpenSSH); raises Misconfigured."""
    try:
        loaded = _load(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Misconfigured("the SFTP login key cannot be read; it must be an unencrypted PEM private key") from None
    kinds: tuple[tuple[type[_LoginKey], type[paramiko.PKey]], ...] = (
        (Ed25519PrivateKey, paramiko.Ed25519Key),
        (EllipticCurvePrivateKey, paramiko.ECDSAKey),
        (RSAPrivateKey, paramiko.RSAKey),
    )
    for kind, key_class in kinds:
        if isinstance(loaded, kind):
            text = loaded.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
            return key_class.from_private_key(io.StringIO(text))
    raise Misconfigured("the SFTP login key is of a kind that SSH does not take; use Ed25519, ECDSA or RSA")


def _load(pem: bytes) -> object:
    if b"OPENSSH PRIVATE KEY" in pem:
        return serialization.load_ssh_private_key(pem, password=None)
    return serialization.load_pem_private_key(pem, password=None)
