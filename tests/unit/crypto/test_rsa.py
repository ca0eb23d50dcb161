"""RSA with SHA-256 against the openssl command, both paddings, both ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from crypto.contract import KeyUnusable, SignatureInvalid
from crypto.import_keys import import_private, import_public
from crypto.key_material import rsa_private, rsa_public
from crypto.schemes.rsa import RsaSigner, RsaVerifier

MESSAGE = b"<Document>pain.001</Document>"
SCHEMES = ["rsa-pkcs1-sha256", "rsa-pss-sha256"]
OPTIONS = {
    "rsa-pkcs1-sha256": (),
    "rsa-pss-sha256": ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"),
}


@pytest.fixture(scope="module")
def keys():
    from crypto.generate import generate_key

    return [generate_key("rsa-2048"), generate_key("rsa-2048")]


def signed(material, scheme: str, message: bytes = MESSAGE) -> bytes:
    signer = RsaSigner("k", rsa_private(material.secret, trusted=True), scheme)
    signer.update(message[:5])
    signer.update(message[5:])
    return signer.signature()


def verifier(materials, scheme: str) -> RsaVerifier:
    found = RsaVerifier({f"k{n}": rsa_public(material.public) for n, material in enumerate(materials)}, scheme)
    found.update(MESSAGE)
    return found


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_key_that_signed_is_named(keys, scheme: str) -> None:
    assert verifier(keys, scheme).verify(signed(keys[1], scheme)) == "k1"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_refusals(keys, scheme: str) -> None:
    good = signed(keys[0], scheme)
    other = SCHEMES[1 - SCHEMES.index(scheme)]
    flipped = good[:-1] + bytes([good[-1] ^ 1])
    for bad in (
        b"",
        good[:-1],
        good + b"\x00",
        flipped,
        signed(keys[0], scheme, b"x" + MESSAGE),
        signed(keys[0], other),
    ):
        with pytest.raises(SignatureInvalid):
            verifier(keys, scheme).verify(bad)
    with pytest.raises(SignatureInvalid):
        verifier(keys[1:], scheme).verify(good)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_with_openssl_both_ways(keys, scheme: str, openssl, tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(MESSAGE)
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "key.pem")
    material = import_private("rsa", (tmp_path / "key.pem").read_text())
    (tmp_path / "public.pem").write_text(material.public)
    openssl("dgst", "-sha256", "-sign", "key.pem", *OPTIONS[scheme], "-out", "theirs", "message")
    assert verifier([material], scheme).verify((tmp_path / "theirs").read_bytes()) == "k0"
    (tmp_path / "ours").write_bytes(signed(material, scheme))
    openssl("dgst", "-sha256", "-verify", "public.pem", *OPTIONS[scheme], "-signature", "ours", "message")


def test_short_keys_and_other_keys_are_refused(openssl, tmp_path: Path) -> None:
    openssl("genrsa", "-out", "key.pem", "1024")
    openssl("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
    with pytest.raises(KeyUnusable, match="2048"):
        import_public("rsa", (tmp_path / "public.pem").read_text())
    openssl("genpkey", "-algorithm", "SM2", "-out", "sm2.pem")
    openssl("pkey", "-in", "sm2.pem", "-pubout", "-out", "sm2pub.pem")
    with pytest.raises(KeyUnusable):
        import_public("rsa", (tmp_path / "sm2pub.pem").read_text())
    with pytest.raises(KeyUnusable):
        import_private("rsa", (tmp_path / "sm2.pem").read_text())


def test_encrypted_key_and_certificate_are_imported(openssl, tmp_path: Path) -> None:
    openssl("genpkey", "-algorithm", "RSA", "-aes256", "-pass", "pass:secret words", "-out", "key.pem")
    encrypted = (tmp_path / "key.pem").read_text()
    material = import_private("rsa", encrypted, "secret words")
    with pytest.raises(KeyUnusable, match="passphrase"):
        import_private("rsa", encrypted, "other words")
    openssl(
        *("req", "-new", "-x509", "-key", "key.pem", "-passin", "pass:secret words"),
        *("-subj", "/CN=bank", "-days", "3", "-out", "bank.pem"),
    )
    assert import_public("rsa", (tmp_path / "bank.pem").read_text()).public == material.public
