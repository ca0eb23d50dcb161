"""Key files of every kind that people hand over; hostile ones end in one refusal."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.contract import KeyUnusable
from crypto.demo_pki import issue_ca, issue_leaf
from crypto.generate import generate_key
from crypto.key_entry import Purpose
from crypto.key_material import Algorithm, check
from gateway.keys.material_reading import PassphraseNeeded, ReadKey, read_key, read_key_file

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
PKCS8, SPKI = serialization.PrivateFormat.PKCS8, serialization.PublicFormat.SubjectPublicKeyInfo
PLAIN, SEALED = serialization.NoEncryption(), serialization.BestAvailableEncryption(b"open sesame")
RSA = rsa.generate_private_key(public_exponent=65537, key_size=3072)
CA = issue_ca("test authority", NOW)
LEAF = issue_leaf(CA, "gateway.example", ["gateway.example"], NOW, "client", days=100)


def read(octets: bytes, purpose: Purpose, kind: str | None = None, passphrase: str | None = None) -> ReadKey:
    return read_key(octets, purpose, kind, passphrase)


@pytest.mark.parametrize("encoding", [PEM, DER], ids=["PEM", "DER"])
@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSA, Algorithm.RSA),
        (ed25519.Ed25519PrivateKey.generate(), Algorithm.ED25519),
        (ec.generate_private_key(ec.SECP256R1()), Algorithm.ECDSA),
        (ec.generate_private_key(ec.SECP384R1()), Algorithm.ECDSA),
    ],
    ids=["rsa", "ed25519", "p256", "p384"],
)
def test_bare_keys_are_known_by_what_is_in_them(key: object, algorithm: Algorithm, encoding: object) -> None:
    public = read(key.public_key().public_bytes(encoding, SPKI), Purpose.VERIFY).material
    private = read(key.private_bytes(encoding, PKCS8, PLAIN), Purpose.SIGN).material
    assert (public.algorithm, public.secret, private.algorithm) == (algorithm, None, algorithm)
    assert private.public == public.public and private.secret is not None
    sealed = key.private_bytes(encoding, PKCS8, SEALED)
    assert read(sealed, Purpose.SIGN, passphrase="open sesame").material.fingerprint() == public.fingerprint()
    with pytest.raises(KeyUnusable, match="passphrase"):
        read(sealed, Purpose.SIGN, passphrase="open barley")
    with pytest.raises(PassphraseNeeded):
        read(sealed, Purpose.SIGN)


def test_sm2_keys_are_told_apart_by_their_curve() -> None:
    made = generate_key("sm2")
    assert read(made.public.encode(), Purpose.VERIFY).material == made.public_only()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_sm2_files_of_openssl(tmp_path: Path) -> None:
    key, sealed = tmp_path / "sm2.key", tmp_path / "sealed.key"
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", key], check=True
    )
    subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-in", key, "-out", sealed, "-passout", "pass:open sesame"], check=True
    )
    assert read_key_file(key, Purpose.SIGN, None, None).material.algorithm is Algorithm.SM2
    with pytest.raises(PassphraseNeeded):
        read_key_file(sealed, Purpose.SIGN, None, None)
    with pytest.raises(KeyUnusable, match=r"passphrase|nocrypt"):
        read_key_file(sealed, Purpose.SIGN, None, "open sesame")


def test_a_certificate_is_trusted_or_carries_a_key_and_brings_its_dates() -> None:
    trusted = read(CA.certificate_pem, Purpose.TRANSPORT)
    assert (trusted.material.algorithm, trusted.not_before) == (Algorithm.X509, date(2026, 3, 1))
    der = x509.load_pem_x509_certificate(LEAF.certificate_pem).public_bytes(DER)
    carried = read(der, Purpose.VERIFY)
    assert (carried.material.algorithm, carried.not_after) == (Algorithm.ECDSA, date(2026, 6, 9))
    assert read(der, Purpose.VERIFY, "x509").material.algorithm is Algorithm.X509
    with pytest.raises(KeyUnusable, match="2 certificates"):
        read(CA.certificate_pem + LEAF.certificate_pem, Purpose.TRANSPORT, "x509")
    chain = read(LEAF.certificate_pem + CA.certificate_pem, Purpose.TRANSPORT).material
    assert (chain.algorithm, chain.secret) == (Algorithm.TLS, None)


def test_a_chain_with_its_key_is_an_identity() -> None:
    whole = read(LEAF.certificate_pem + CA.certificate_pem + LEAF.key_pem, Purpose.TRANSPORT)
    assert whole.material.algorithm is Algorithm.TLS
    assert whole.material.public.count("BEGIN CERTIFICATE") == 2
    assert whole.not_after == date(2026, 6, 9)


def test_pkcs12_with_and_without_passphrase() -> None:
    key = serialization.load_pem_private_key(LEAF.key_pem, None)
    certificate, authority = (x509.load_pem_x509_certificate(one.certificate_pem) for one in (LEAF, CA))
    for seal, passphrase in ((SEALED, "open sesame"), (PLAIN, None)):
        octets = pkcs12.serialize_key_and_certificates(b"name", key, certificate, [authority], seal)
        assert read(octets, Purpose.TRANSPORT, passphrase=passphrase).material.algorithm is Algorithm.TLS
    sealed = pkcs12.serialize_key_and_certificates(b"name", key, certificate, None, SEALED)
    with pytest.raises(PassphraseNeeded):
        read(sealed, Purpose.TRANSPORT)
    with pytest.raises(KeyUnusable, match="passphrase"):
        read(sealed, Purpose.TRANSPORT, passphrase="open barley")
    assert read(sealed, Purpose.SIGN, passphrase="open sesame").material.algorithm is Algorithm.ECDSA


def test_openssh_lines_and_files() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    public = read(line + b" bank@host\n", Purpose.TRANSPORT).material
    assert (public.algorithm, public.public) == (Algorithm.SSH, line.decode())
    assert read(key.public_key().public_bytes(PEM, SPKI), Purpose.TRANSPORT).material == public
    form = serialization.PrivateFormat.OpenSSH
    assert read(key.private_bytes(PEM, form, PLAIN), Purpose.TRANSPORT).material.public == public.public
    sealed = key.private_bytes(PEM, form, SEALED)
    with pytest.raises(PassphraseNeeded):
        read(sealed, Purpose.TRANSPORT)
    assert read(sealed, Purpose.TRANSPORT, passphrase="open sesame").material.public == public.public
    with pytest.raises(KeyUnusable, match="wrong passphrase"):
        read(sealed, Purpose.TRANSPORT, passphrase="open barley")
    with pytest.raises(KeyUnusable, match="transport only"):
        read(key.private_bytes(PEM, form, PLAIN), Purpose.SIGN)


def test_symmetric_keys_are_digits_and_secrets_are_words() -> None:
    assert read(b"00112233445566778899AABBCCDDEEFF\n", Purpose.ENCRYPT, "sm4").material.secret == bytes.fromhex(
        "00112233445566778899aabbccddeeff"
    )
    assert len(read(b"ab" * 32, Purpose.ENCRYPT, "aes-256").material.secret or b"") == 32
    assert read(b"pass word\n", Purpose.TRANSPORT, "secret").material.secret == b"pass word"
    for octets, kind in ((b"0011", "sm4"), (b"xyz", "hmac"), (b"00", "nonsense"), (b"\xff\xfe", "secret")):
        with pytest.raises(KeyUnusable):
            read(octets, Purpose.ENCRYPT, kind)


def test_files_that_hold_no_key_say_so(tmp_path: Path) -> None:
    for name, octets in (("empty", b""), ("blank", b" \n"), ("large", b"x" * 1_000_001), ("words", b"hello")):
        (tmp_path / name).write_bytes(octets)
        with pytest.raises(KeyUnusable, match=name):
            read_key_file(tmp_path / name, Purpose.VERIFY, None, None)
    with pytest.raises(KeyUnusable, match="directory"):
        read_key_file(tmp_path, Purpose.VERIFY, None, None)


def test_whatever_the_octets_are_there_is_a_key_or_a_reason() -> None:
    seeds = [LEAF.certificate_pem, LEAF.key_pem, generate_key("sm2").public.encode(), b"ssh-ed25519 AAAA"]
    seeds += [
        x509.load_pem_x509_certificate(LEAF.certificate_pem).public_bytes(DER),
        RSA.private_bytes(DER, PKCS8, PLAIN),
    ]

    @settings(max_examples=150)
    @given(
        st.sampled_from(seeds),
        st.integers(0, 3000),
        st.binary(max_size=6),
        st.sampled_from(list(Purpose)),
        st.booleans(),
    )
    def spoilt(seed: bytes, place: int, patch: bytes, purpose: Purpose, cut: bool) -> None:
        octets = seed[: place % len(seed)] + patch + (b"" if cut else seed[place % len(seed) + len(patch) :])
        with contextlib.suppress(KeyUnusable, PassphraseNeeded):
            check(read(octets, purpose).material)

    spoilt()
