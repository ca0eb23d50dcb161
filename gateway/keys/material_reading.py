"""Key files as people hand them over (密钥文件读取): what is in it is found out, so that nobody must know its format.

PEM or DER, public or private, a certificate or a chain, PKCS#12, OpenSSH; symmetric keys as hexadecimal digits, shared
secrets as one line of text. Dates of a certificate become the key's dates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import pkcs12

from crypto.contract import KeyUnusable
from crypto.import_keys import import_secret, import_sm4
from crypto.key_entry import Purpose
from crypto.key_material import Algorithm, KeyMaterial, check
from crypto.key_reasons import KeyReason
from gateway.keys import certificate_files, key_pem

LARGEST_FILE: Final = 1_000_000
SYMMETRIC_KINDS: Final = {"aes-256": Algorithm.AES, "hmac": Algorithm.HMAC, "sm4": Algorithm.SM4}
KINDS: Final = (*SYMMETRIC_KINDS, "secret", "x509", "public-key")
"""What ``--kind`` may say where the file alone does not: the rest is found out."""


class PassphraseNeeded(Exception):
    """The file is encrypted; give its passphrase."""


@dataclass(frozen=True, slots=True)
class ReadKey:
    """Material, and the days between which a certificate says that it holds; None where nothing says so."""

    material: KeyMaterial
    not_before: date | None = None
    not_after: date | None = None


def read_key_file(path: Path, purpose: Purpose, kind: str | None, passphrase: str | None) -> ReadKey:
    """The key in a file; raises KeyUnusable, PassphraseNeeded."""
    try:
        with path.open("rb") as file:
            octets = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise KeyUnusable(f"{path}: {error.strerror}", KeyReason.UNREADABLE) from error
    if not octets.strip() or len(octets) > LARGEST_FILE:
        raise KeyUnusable(
            f"{path}: empty, or larger than {LARGEST_FILE} octets: this is no key file", KeyReason.MALFORMED
        )
    try:
        read = read_key(octets, purpose, kind, passphrase)
        check(read.material)
    except KeyUnusable as refused:
        raise KeyUnusable(f"{path}: {refused}", refused.reason) from refused
    return read


def read_key(octets: bytes, purpose: Purpose, kind: str | None, passphrase: str | None) -> ReadKey:
    """The key in some octets; raises KeyUnusable, PassphraseNeeded."""
    if kind is not None and kind not in KINDS:
        raise KeyUnusable(f"no kind {kind!r}: {', '.join(KINDS)}; leave --kind out for keys in PEM, DER, PKCS#12")
    if kind == "secret":
        return ReadKey(import_secret(_text(octets)))
    if kind in SYMMETRIC_KINDS:
        return ReadKey(_symmetric(SYMMETRIC_KINDS[kind], octets))
    if b"-----BEGIN " in octets:
        return _from_pem(_text(octets), purpose, kind, passphrase)
    if octets.startswith((b"ssh-", b"ecdsa-sha2-")):
        return ReadKey(key_pem.ssh_public(_text(octets)))
    if octets[:1] == b"\x30":
        return _from_der(octets, purpose, kind, passphrase)
    raise KeyUnusable(
        "neither PEM, DER, PKCS#12 nor OpenSSH; for a symmetric key or a password say --kind "
        f"{', '.join([*SYMMETRIC_KINDS, 'secret'])}",
        KeyReason.MALFORMED,
    )


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise KeyUnusable("not text in UTF-8") from error


def _symmetric(algorithm: Algorithm, octets: bytes) -> KeyMaterial:
    digits = "".join(_text(octets).split())
    if algorithm is Algorithm.SM4:
        return import_sm4(digits)
    try:
        return KeyMaterial(algorithm, secret=bytes.fromhex(digits))
    except ValueError as error:
        raise KeyUnusable(f"a key of algorithm {algorithm} is written as hexadecimal digits") from error


def _from_pem(text: str, purpose: Purpose, kind: str | None, passphrase: str | None) -> ReadKey:
    certificates = "-----BEGIN CERTIFICATE-----" in text
    private = "PRIVATE KEY-----" in text
    if private and ("ENCRYPTED" in text) and passphrase is None:
        raise PassphraseNeeded
    if certificates and private and purpose is Purpose.TRANSPORT:
        return _dated(text, certificate_files.identity(text, text, passphrase))
    if certificates and private and purpose is not Purpose.VERIFY:
        return _dated(text, key_pem.private(text, passphrase))
    if certificates:
        return _from_certificate(text, purpose, kind)
    if "-----BEGIN OPENSSH PRIVATE KEY-----" in text:
        return ReadKey(_asking(lambda: key_pem.ssh_private(text, purpose, passphrase), passphrase))
    if purpose is Purpose.TRANSPORT:  # a bare key that carries messages is one for SSH, however it is written
        return ReadKey(key_pem.as_ssh(text, passphrase, private=private))
    return ReadKey(key_pem.private(text, passphrase) if private else key_pem.public(text))


def _from_certificate(text: str, purpose: Purpose, kind: str | None) -> ReadKey:
    """Whom to trust is a certificate; what to verify a message by is the key in it, unless said otherwise.

    A chain without its private key may belong to a request of ours: TLS without a secret half.
    """
    if purpose is Purpose.TRANSPORT and kind is None and text.count("-----BEGIN CERTIFICATE-----") > 1:
        return _dated(text, certificate_files.chain(text))
    as_certificate = kind == "x509" or (kind is None and purpose is Purpose.TRANSPORT)
    return _dated(text, certificate_files.trusted(text) if as_certificate else key_pem.public(text))


def _dated(text: str, material: KeyMaterial) -> ReadKey:
    return ReadKey(material, *certificate_files.days(text))


def _from_der(octets: bytes, purpose: Purpose, kind: str | None, passphrase: str | None) -> ReadKey:
    if _is_pkcs12(octets, passphrase):
        text = certificate_files.opened_pkcs12(octets, passphrase or "")
        return _from_pem(text, purpose, kind, None)
    labels = ("CERTIFICATE", "PUBLIC KEY", "PRIVATE KEY", "RSA PRIVATE KEY")
    for label in ("ENCRYPTED PRIVATE KEY",) if _is_sealed(octets) else labels:
        try:
            return _from_pem(key_pem.wrapped(label, octets), purpose, kind, passphrase)
        except KeyUnusable:
            continue
    why = ", or not with this passphrase" if passphrase is not None else ""
    raise KeyUnusable(f"DER, but no key, certificate or PKCS#12 that we know{why}", KeyReason.MALFORMED)


def _is_sealed(octets: bytes) -> bool:
    """EncryptedPrivateKeyInfo begins with an algorithm of PKCS#5 or PKCS#12 (RFC 5958 3)."""
    return any(algorithm in octets[:24] for algorithm in (b"*\x86H\x86\xf7\r\x01\x05", b"*\x86H\x86\xf7\r\x01\x0c\x01"))


def _is_pkcs12(octets: bytes, passphrase: str | None) -> bool:
    """PFX is SEQUENCE{INTEGER 3, SEQUENCE{OBJECT IDENTIFIER ...}} (RFC 7292 4); nothing else here begins so."""
    head = octets[:16].find(b"\x02\x01\x03\x30")
    if head < 0:
        return False
    if passphrase is None:
        try:
            pkcs12.load_pkcs12(octets, None)
        except (ValueError, UnsupportedAlgorithm):
            raise PassphraseNeeded from None
    return True


def _asking(read: Callable[[], KeyMaterial], passphrase: str | None) -> KeyMaterial:
    """An OpenSSH file does not say in clear whether it is encrypted: it is tried without first."""
    try:
        return read()
    except key_pem.Encrypted:
        if passphrase is None:
            raise PassphraseNeeded from None
        raise KeyUnusable("wrong passphrase") from None
