"""A certificate is believed through a sound chain to a root of ours, and refused with the reason otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from crypto.certificates import LONGEST_CHAIN, read_certificates, validate
from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason

DAY = timedelta(days=1)


def usage(*granted: str) -> tuple[x509.KeyUsage, bool]:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: name in granted for name in names}), True


def refused(*arguments: Any, match: str, **options: Any) -> KeyReason:
    with pytest.raises(KeyUnusable, match=match) as refusal:
        validate(*arguments, **options)
    return refusal.value.reason


def test_through_intermediates_in_any_order(issue: Any, root: Any, now: datetime) -> None:
    middle = issue("Middle", root, ca=True, length=0)
    stray = issue("Stray")
    leaf = issue("bank", middle)
    given = [leaf.certificate, stray.certificate, root.certificate, middle.certificate]
    path = validate(given, [stray.certificate, root.certificate], now)
    assert [one.subject for one in path] == ["CN=bank", "CN=Middle", "CN=Root"]
    assert path[0].serial == leaf.certificate.parsed.serial_number
    assert read_certificates("".join(one.pem for one in path)) == path


def test_a_pinned_certificate_is_its_own_chain(issue: Any, now: datetime) -> None:
    alone = issue("bank", ca=None)
    assert validate([alone.certificate], [alone.certificate], now) == [alone.certificate]
    assert refused([alone.certificate], [issue("bank", ca=None).certificate], now, match="no authority")


@pytest.mark.parametrize("key", ["rsa", "p384", "ed25519"])
def test_every_kind_of_key(issue: Any, now: datetime, key: str) -> None:
    made = {
        "rsa": lambda: rsa.generate_private_key(65537, 2048),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }[key]()
    digest = None if key == "ed25519" else hashes.SHA256()
    root = issue("Root", key=made, digest=digest)
    leaf = issue("bank", root, digest=digest)
    assert len(validate([leaf.certificate], [root.certificate], now)) == 2


def test_another_chain(issue: Any, root: Any, now: datetime) -> None:
    leaf = issue("bank", issue("Elsewhere"))
    assert (
        refused([leaf.certificate], [root.certificate], now, match="issuer CN=Elsewhere") is KeyReason.CERTIFICATE_CHAIN
    )
    lookalike = issue("Root")
    forged = issue("bank", lookalike)
    assert refused([forged.certificate], [root.certificate], now, match="not signed by") is KeyReason.CERTIFICATE_CHAIN
    assert refused([forged.certificate, lookalike.certificate], [root.certificate], now, match="not signed by")
    assert refused([], [root.certificate], now, match="no certificate")
    assert refused([leaf.certificate], [], now, match="another chain") is KeyReason.CERTIFICATE_CHAIN


def test_dates_of_every_one_in_the_chain(issue: Any, now: datetime) -> None:
    cases = [({}, {"end": now - DAY}), ({"end": now - DAY}, {}), ({}, {"start": now + DAY}), ({"start": now + DAY}, {})]
    for of_root, of_leaf in cases:
        root = issue("Root", **of_root)
        leaf = issue("bank", root, **of_leaf)
        reason = refused([leaf.certificate], [root.certificate], now, match="not at 2026-05-01 12:00 UTC")
        assert reason is KeyReason.CERTIFICATE_DATES
    root = issue("Root", end=now)
    assert validate([issue("bank", root, end=now).certificate], [root.certificate], now)


def test_who_may_issue(issue: Any, now: datetime) -> None:
    root = issue("Root", length=0)
    cases = [
        (issue("Middle", root, ca=False), "no authority"),
        (issue("Middle", root, ca=None), "no authority"),
        (issue("Middle", root, ca=True), "allows 0 authorities below"),
        (issue("Middle", root, ca=True, extensions=[usage("digital_signature")]), "may not sign cert"),
    ]
    for middle, match in cases:
        leaf = issue("bank", middle)
        reason = refused([leaf.certificate, middle.certificate], [root.certificate], now, match=match)
        assert reason is KeyReason.CERTIFICATE_USE


def test_use(issue: Any, root: Any, now: datetime) -> None:
    signing = issue("bank", root, extensions=[usage("digital_signature")]).certificate
    sealing = issue("bank", root, extensions=[usage("key_encipherment")]).certificate
    server = issue(
        "bank", root, extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)]
    ).certificate
    anything = issue("bank", root).certificate
    allowed = {
        "sign": [signing, server, anything],
        "encrypt": [sealing, server, anything],
        "tls-server": [signing, sealing, server, anything],
        "tls-client": [signing, sealing, anything],
    }
    for use, certificates in allowed.items():
        for one in (signing, sealing, server, anything):
            if one in certificates:
                validate([one], [root.certificate], now, use=use)  # type: ignore[arg-type]
            else:
                reason = refused([one], [root.certificate], now, use=use, match="may not be used")
                assert reason is KeyReason.CERTIFICATE_USE


def test_a_demand_that_we_do_not_know(issue: Any, root: Any, now: datetime) -> None:
    constraints = x509.NameConstraints([x509.DNSName("bank.example")], None)
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    for extension in (constraints, unknown):
        leaf = issue("bank", root, extensions=[(extension, True)])
        assert refused([leaf.certificate], [root.certificate], now, match="critical") is KeyReason.CERTIFICATE_USE
    validate([issue("bank", root, extensions=[(unknown, False)]).certificate], [root.certificate], now)


def test_a_weak_key(issue: Any, now: datetime) -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505
    root = issue("Root", key=rsa.generate_private_key(65537, 2048))
    assert refused([issue("bank", root, key=weak).certificate], [root.certificate], now, match="1024") is KeyReason.WEAK


def test_names(issue: Any, root: Any, now: datetime) -> None:
    names = [x509.DNSName("gw.bank.example"), x509.DNSName("*.pay.example"), x509.IPAddress(ip_address("10.0.0.1"))]
    leaf = issue("common", root, extensions=[(x509.SubjectAlternativeName(names), False)]).certificate
    plain = issue("common", root).certificate
    for name in ("gw.bank.example", "GW.Bank.Example", "a.pay.example", "10.0.0.1"):
        validate([leaf], [root.certificate], now, name=name)
    validate([plain], [root.certificate], now, name="common")
    for one, name in (
        *(
            (leaf, name)
            for name in ("common", "bank.example", "a.b.pay.example", ".pay.example", "10.0.0.2", "pay.example")
        ),
        (plain, "Common"),
        (plain, ""),
    ):
        reason = refused([one], [root.certificate], now, name=name, match="is for")
        assert reason is KeyReason.CERTIFICATE_NAME


def test_a_loop_a_long_chain_and_a_thicket(issue: Any, root: Any, now: datetime) -> None:
    first = issue("A", issue("B"), ca=True)
    second = issue("B", first, ca=True)
    looped = [issue("bank", second).certificate, first.certificate, second.certificate]
    assert refused(looped, [root.certificate], now, match="not signed by|another chain")
    chain = [root]
    for number in range(LONGEST_CHAIN):
        chain.append(issue(f"L{number}", chain[-1], ca=True))
    assert refused([one.certificate for one in reversed(chain[1:])], [root.certificate], now, match="another chain")
    thicket = [issue("Same", ca=True).certificate for _ in range(40)]
    leaf = issue("bank", issue("Same"))
    assert (
        refused([leaf.certificate, *thicket], [root.certificate], now, match="branches") is KeyReason.CERTIFICATE_CHAIN
    )


def test_what_is_no_certificate(root: Any) -> None:
    pem = root.pem
    for text in ("", "x", pem[: len(pem) // 2], pem.replace("A", "!", 1), pem[:40] + pem[60:], "x" * 2_000_000):
        with pytest.raises(KeyUnusable) as refusal:
            read_certificates(text)
        assert refusal.value.reason is KeyReason.MALFORMED
