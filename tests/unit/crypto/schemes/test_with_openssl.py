"""The openssl command reads what we sign, and we read what it signs. SM2, RSA-SHA-256 and SM4-CBC: see their own files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.import_keys import import_private, import_public
from crypto.key_material import KeyMaterial

Run = Callable[..., subprocess.CompletedProcess[bytes]]
Check = Callable[..., bool]
MESSAGE = "<Document>代发 pain.001</Document>".encode()
CURVES = {"ecdsa-p256-sha256": ("P-256", "-sha256"), "ecdsa-p384-sha384": ("P-384", "-sha384")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "message").write_bytes(MESSAGE)
    return tmp_path


def own(openssl: Run, folder: Path, algorithm: str, *options: str) -> KeyMaterial:
    """A key that openssl made, and its public half beside it."""
    openssl("genpkey", *options, "-out", "key.pem")
    openssl("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
    material = import_private(algorithm, (folder / "key.pem").read_text())
    assert import_public(algorithm, (folder / "public.pem").read_text()).public == material.public
    assert material.secret is not None
    return material


@pytest.mark.parametrize("scheme", sorted(CURVES))
def test_ecdsa_both_ways(openssl: Run, folder: Path, sign, genuine: Check, scheme: str) -> None:
    curve, digest = CURVES[scheme]
    material = own(openssl, folder, "ecdsa", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}")
    for _ in range(4):  # about half of them have the larger s
        openssl("dgst", digest, "-sign", "key.pem", "-out", "theirs", "message")
        assert genuine(scheme, material.public, MESSAGE, (folder / "theirs").read_bytes())
    (folder / "ours").write_bytes(sign(scheme, material.secret, MESSAGE))
    openssl("dgst", digest, "-verify", "public.pem", "-signature", "ours", "message")
    (folder / "ours").write_bytes(sign(scheme, material.secret, MESSAGE + b"."))
    assert openssl("dgst", digest, "-verify", "public.pem", "-signature", "ours", "message", check=False).returncode


def test_an_ecdsa_certificate_carries_the_key(openssl: Run, folder: Path) -> None:
    material = own(openssl, folder, "ecdsa", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    openssl("req", "-new", "-x509", "-key", "key.pem", "-subj", "/CN=bank", "-days", "3", "-out", "bank.pem")
    assert import_public("ecdsa", (folder / "bank.pem").read_text()).public == material.public


def test_ed25519_both_ways(openssl: Run, folder: Path, sign, genuine: Check) -> None:
    material = own(openssl, folder, "ed25519", "-algorithm", "ED25519")
    openssl("pkeyutl", "-sign", "-rawin", "-inkey", "key.pem", "-in", "message", "-out", "theirs")
    theirs = (folder / "theirs").read_bytes()
    assert genuine("ed25519", material.public, MESSAGE, theirs)
    assert sign("ed25519", material.secret, MESSAGE) == theirs  # it is deterministic


def test_rsa_with_sha1_both_ways(openssl: Run, folder: Path, sign, genuine: Check) -> None:
    material = own(openssl, folder, "rsa", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    openssl("dgst", "-sha1", "-sign", "key.pem", "-out", "theirs", "message")
    theirs = (folder / "theirs").read_bytes()
    assert genuine("rsa-pkcs1-sha1", material.public, MESSAGE, theirs)
    assert sign("rsa-pkcs1-sha1", material.secret, MESSAGE) == theirs
    assert not genuine("rsa-pkcs1-sha256", material.public, MESSAGE, theirs)


@pytest.mark.parametrize(("scheme", "digest"), [("hmac-sha256", "-sha256"), ("hmac-sm3", "-sm3")])
@pytest.mark.parametrize("length", [16, 32, 64, 100])
def test_hmac_is_the_same_octets(openssl: Run, folder: Path, sign, scheme: str, digest: str, length: int) -> None:
    assert (folder / "message").exists()
    key = bytes(number % 251 + 1 for number in range(length))
    theirs = openssl("dgst", digest, "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}", "-binary", "message").stdout
    assert sign(scheme, key, MESSAGE) == theirs
