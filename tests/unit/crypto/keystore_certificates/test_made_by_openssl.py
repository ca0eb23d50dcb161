"""Certificates and revocation lists that the openssl command makes: SM2 with SM3, RSA, RSA-PSS, ECDSA, and SHA-1."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crypto.certificates import Certificate, read_certificates, validate
from crypto.contract import KeyUnusable
from crypto.key_material import Algorithm, KeyMaterial
from crypto.key_reasons import KeyReason
from crypto.keystore import Keystore
from crypto.revocation_lists import RevocationLists, read_lists

OpenSsl = Callable[..., subprocess.CompletedProcess[bytes]]
DEFAULT_ID = "distid:1234567812345678"
KEYS = {
    "sm2": (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"], ["-sm3", "-sigopt", DEFAULT_ID]),
    "rsa": (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["-sha256"]),
    "pss": (
        ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        ["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"],
    ),
    "p384": (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], ["-sha384"]),
}
CONFIG = """
[ca]
default_ca = one
[one]
database = index.txt
crlnumber = crlnumber
default_md = {digest}
default_crl_days = 7
[authority]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
"""


class Authority:
    """A root and a leaf of one kind, in files."""

    def __init__(self, run: OpenSsl, folder: Path, kind: str, signing: list[str] | None = None):
        self.run, self.folder = run, folder
        self.key_options, self.signing = KEYS[kind][0], signing or KEYS[kind][1]
        (folder / "o.cnf").write_text(CONFIG.format(digest=self.signing[0].removeprefix("-")))
        self.request("root", "/CN=测试根/O=Bank")
        self.run(
            "x509", "-req", "-in", "root.csr", "-signkey", "root.key", *self.made("root", "authority"), *self.ids()
        )
        self.request("leaf", "/CN=bank")
        issuer = ["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial"]
        self.run("x509", "-req", "-in", "leaf.csr", *issuer, *self.made("leaf", "leaf"), *self.ids())

    def ids(self) -> list[str]:
        return ["-vfyopt", DEFAULT_ID] if DEFAULT_ID in self.signing else []

    def request(self, name: str, subject: str) -> None:
        self.run("genpkey", *self.key_options, "-out", f"{name}.key")
        options = ["-new", "-utf8", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr"]
        self.run("req", *options, *self.signing)

    def made(self, name: str, section: str) -> list[str]:
        return ["-out", f"{name}.pem", "-days", "30", "-extfile", "o.cnf", "-extensions", section, *self.signing]

    def crl(self, *revoked: str) -> bytes:
        (self.folder / "index.txt").write_text("")
        (self.folder / "crlnumber").write_text("01\n")
        signer = ["-config", "o.cnf", "-cert", "root.pem", "-keyfile", "root.key", *self.signing[1:]]
        for name in revoked:
            self.run("ca", "-revoke", f"{name}.pem", *signer)
        self.run("ca", "-gencrl", "-out", "root.crl", *signer)
        return (self.folder / "root.crl").read_bytes()

    def certificate(self, name: str) -> Certificate:
        return read_certificates((self.folder / f"{name}.pem").read_bytes())[0]


@pytest.fixture
def soon() -> datetime:
    """The command dates its certificates from now on."""
    return datetime.now(UTC) + timedelta(minutes=1)


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_chain_and_revocation(openssl: OpenSsl, tmp_path: Path, soon: datetime, kind: str) -> None:
    authority = Authority(openssl, tmp_path, kind)
    root, leaf = authority.certificate("root"), authority.certificate("leaf")
    assert "测试根" in root.subject
    lists = RevocationLists(tmp_path)
    (tmp_path / "bank-ca.crl").write_bytes(authority.crl())
    check = lists.check("bank-ca", soon, warn=pytest.fail)
    assert validate([leaf], [root], soon, revocation=check) == [leaf, root]
    lists.take_in("bank-ca", authority.crl("leaf"), [root], soon)
    with pytest.raises(KeyUnusable, match="was revoked by its issuer") as refused:
        validate([leaf], [root], soon, revocation=lists.check("bank-ca", soon, warn=pytest.fail))
    assert refused.value.reason is KeyReason.CERTIFICATE_REVOKED
    der = bytearray(leaf.parsed.public_bytes(Encoding.DER))
    der[-1] ^= 1
    flipped = Certificate(x509.load_der_x509_certificate(bytes(der)))
    lookalike = Authority(openssl, tmp_path, kind).certificate("leaf")
    for forged in (flipped, lookalike):
        with pytest.raises(KeyUnusable, match="is not signed by the key of its issuer") as refused:
            validate([forged], [root], soon)
        assert refused.value.reason is KeyReason.CERTIFICATE_CHAIN


def test_an_sm2_root_is_kept_and_watched(openssl: OpenSsl, tmp_path: Path, keystore: Keystore) -> None:
    root = Authority(openssl, tmp_path, "sm2").certificate("root")
    keystore.add("bank-ca", "verify", KeyMaterial(Algorithm.X509, root.pem), state="ACTIVE")
    keystore.save()
    assert keystore.certificates("bank-ca") == [root]
    ends = root.not_after.date()
    (expiry,) = keystore.expiring(ends - timedelta(days=20))
    assert (expiry.alias, expiry.what, expiry.level) == ("bank-ca", "certificate", 30)
    assert expiry.subject == root.subject


def test_sha1_no_longer_holds(openssl: OpenSsl, tmp_path: Path, soon: datetime) -> None:
    authority = Authority(openssl, tmp_path, "rsa", ["-sha1"])
    with pytest.raises(KeyUnusable, match="signed with sha1") as refused:
        validate([authority.certificate("leaf")], [authority.certificate("root")], soon)
    assert refused.value.reason is KeyReason.WEAK
    (one,) = read_lists(authority.crl())
    with pytest.raises(KeyUnusable, match="sha1"):
        one.require_from(authority.certificate("root"))
