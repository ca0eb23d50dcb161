"""What leaves: public halves in three forms, and requests that authorities accept. Never a secret."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from crypto import master_key
from crypto.contract import KeyUnusable
from crypto.generate import generate_key
from crypto.key_entry import KeyEntry, Purpose
from crypto.keystore import Keystore
from gateway.keys.certificate_request import certificate_request
from gateway.keys.exporting import FORMS, exported

KINDS = {"sm2": "sign", "rsa-3072": "sign", "ecdsa-p256": "sign", "ecdsa-p384": "sign", "ed25519": "sign"}
OTHERS = {"ed25519-ssh": "transport", "sm4": "encrypt", "hmac": "field"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keystore:
    with pytest.MonkeyPatch.context() as patch:
        for name, cost in (("memory_kib", 19 * 1024), ("iterations", 2), ("lanes", 1)):
            patch.setitem(master_key.NEW_COST, name, cost)
        made = Keystore.create(tmp_path_factory.mktemp("keys") / "keystore.json", "correct horse battery")
        for kind, purpose in (KINDS | OTHERS).items():
            made.add(kind, Purpose(purpose), generate_key(kind))
        made.save()
    return made


def entry(keys: Keystore, alias: str) -> KeyEntry:
    return keys.entries(alias)[0]


@pytest.mark.parametrize("kind", KINDS | OTHERS)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_public_or_refused(keys: Keystore, kind: str, form: str) -> None:
    one = entry(keys, kind)
    try:
        text = exported(one, form)
    except KeyUnusable as refused:
        assert kind in OTHERS or (kind, form) in {("sm2", "ssh"), ("sm2", "jwk")}, refused
        return
    assert text.endswith("\n") and "PRIVATE" not in text
    if form == "pem":
        assert "PUBLIC KEY" in text
    elif form == "ssh":
        serialization.load_ssh_public_key(text.encode())
    else:
        assert json.loads(text)["kid"] == one.key_id and '"d"' not in text


def test_a_form_that_nobody_knows_is_refused(keys: Keystore) -> None:
    with pytest.raises(KeyUnusable, match="pem, ssh, jwk"):
        exported(entry(keys, "sm2"), "pgp")


@pytest.mark.parametrize("kind", ["rsa-3072", "ecdsa-p256", "ecdsa-p384"])
def test_a_request_says_who_and_where_and_is_signed(keys: Keystore, kind: str) -> None:
    text = certificate_request(
        keys, entry(keys, kind), "CN=gateway.example, O=示范市财政局, C=cn", ["gw.example", "10.1.2.3"]
    )
    read = x509.load_pem_x509_csr(text.encode())
    assert read.is_signature_valid
    assert read.subject.rfc4514_string() == "CN=gateway.example,O=示范市财政局,C=cn"
    names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["gw.example"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["10.1.2.3"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("hosts", [[], ["gw.example"]])
def test_openssl_accepts_an_sm2_request(keys: Keystore, tmp_path: Path, hosts: list[str]) -> None:
    file = tmp_path / "request.pem"
    file.write_text(certificate_request(keys, entry(keys, "sm2"), "CN=GW01,C=CN", hosts))
    words = ["openssl", "req", "-in", file, "-noout", "-verify", "-vfyopt", "distid:1234567812345678"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert "verify OK" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("subject", "hosts"),
    [("gateway", []), ("CN=", []), ("CN=a,CN=b", []), ("X=1", []), ("CN=a", ["bad host\x00"]), ("C=CHINA", [])],
)
def test_a_subject_that_is_none_is_refused(keys: Keystore, subject: str, hosts: list[str]) -> None:
    with pytest.raises(KeyUnusable):
        certificate_request(keys, entry(keys, "ecdsa-p256"), subject, hosts)


def test_no_request_for_keys_that_have_no_certificates(keys: Keystore) -> None:
    for kind in ("ed25519", "sm4"):
        with pytest.raises(KeyUnusable, match="sm2, rsa and ecdsa"):
            certificate_request(keys, entry(keys, kind), "CN=a", [])


def test_a_certificate_finds_its_key(desk: Any) -> None:
    asked = ("--subject", "CN=gateway.example", "--host", "gateway.example")
    made = desk.run("keys", "certificate-request", "city-tls", *asked, operator="lin")
    assert made["alias"] == "city-tls.request"
    from datetime import UTC, datetime, timedelta

    from cryptography.hazmat.primitives import hashes

    from crypto.demo_pki import issue_ca

    now = datetime(2026, 11, 1, tzinfo=UTC)
    authority, request = issue_ca("authority", now), x509.load_pem_x509_csr(made["request"].encode())
    issuer = x509.load_pem_x509_certificate(authority.certificate_pem)
    builder = x509.CertificateBuilder(
        issuer.subject, request.subject, request.public_key(), 7, now, now + timedelta(90)
    )
    key = serialization.load_pem_private_key(authority.key_pem, None)
    issued = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    (desk.directory / "issued.pem").write_bytes(issued + authority.certificate_pem)
    (desk.directory / "leaf.pem").write_bytes(issued)
    taken = desk.run("keys", "import", "city-tls", "leaf.pem", "--purpose", "transport", operator="lin")["key"]
    assert (taken["algorithm"], taken["private"], taken["not_after"]) == ("tls", True, "2027-01-30")
    chain = desk.run("keys", "import", "city-tls", "issued.pem", "--purpose", "transport", operator="lin")["key"]
    assert chain["public"].count("BEGIN CERTIFICATE") == 2
    refused = desk.text("keys", "import", "other-tls", "issued.pem", "--purpose", "transport", operator="lin", code=1)
    assert "import each by itself" in refused
