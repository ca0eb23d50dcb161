"""What a profile's ``security`` must be: nothing outdated and nothing unsigned without a dated exception."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.profile import BankProfile, Security, SecurityException
from adapters.profile_reader import read_all
from adapters.security_checks import security_wrongs
from crypto.contract import LONGEST_ED25519_BYTES
from messages.layout.positions import ConfigurationRefused

RURAL, CITY = "banks/rural-fixed.yaml", "banks/city-iso.yaml"
SHA1 = SecurityException(allows="sha-1", until=date(2026, 12, 31), reason="approved by the bureau")
UNSIGNED = SHA1.model_copy(update={"allows": "unsigned"})


@pytest.fixture
def files(profiles: dict[str, BankProfile]) -> BankProfile:
    return profiles["rural-fixed"]


def found(profile: BankProfile, **security: Any) -> list[tuple[str, str]]:
    changed = profile.model_copy(update={"security": profile.security.model_copy(update=security)})
    return [(".".join(map(str, wrong.key)), wrong.what) for wrong in security_wrongs(changed)]


def test_every_scheme_may_be_named(files: BankProfile) -> None:
    small = files.limits.model_copy(
        update={"bytes_per_file": LONGEST_ED25519_BYTES, "result_bytes": LONGEST_ED25519_BYTES}
    )
    for scheme in ("sm2-sm3", "ecdsa-p256-sha256", "ecdsa-p384-sha384"):
        assert found(files, scheme=scheme, form="raw", encoding="HEX") == []
    for scheme in ("rsa-pkcs1-sha256", "rsa-pss-sha256", "ed25519", "hmac-sha256", "hmac-sm3"):
        assert found(files.model_copy(update={"limits": small}), scheme=scheme, form="der") == []


def test_sha_1_needs_an_exception_and_an_exception_needs_a_reason_to_be(files: BankProfile) -> None:
    assert found(files, scheme="rsa-pkcs1-sha1") == [
        ("security.scheme", "scheme rsa-pkcs1-sha1 rests on SHA-1 and is refused")
    ]
    assert found(files, scheme="rsa-pkcs1-sha1", exception=UNSIGNED) == [
        ("security.scheme", "scheme rsa-pkcs1-sha1 rests on SHA-1 and is refused")
    ]
    assert found(files, scheme="rsa-pkcs1-sha1", exception=SHA1) == []
    assert found(files, exception=SHA1) == [
        ("security.exception.allows", "allows SHA-1, which scheme sm2-sm3 does not use")
    ]


def test_a_bank_without_a_key_signs_nothing(files: BankProfile) -> None:
    assert found(files, verification_key=None) == [
        ("security.verification_key", "is missing: what a bank sends unsigned is refused")
    ]
    assert found(files, verification_key=None, exception=UNSIGNED) == []
    assert found(files, exception=UNSIGNED) == []
    assert found(files, exception=UNSIGNED, envelope="xml-element") == [
        ("security.exception.allows", "allows unsigned messages, and envelope xml-element holds a signature always")
    ]


def test_what_does_not_go_with_a_scheme(files: BankProfile) -> None:
    assert found(files, scheme="hmac-sm3", form="raw") == [
        ("security.form", "a signature of scheme hmac-sm3 has one form only")
    ]
    assert found(files, cipher="sm4-gcm") == [
        ("security.cipher", "does not go with envelope detached, which encrypts nothing")
    ]
    long = {"bytes_per_file": LONGEST_ED25519_BYTES + 1, "result_bytes": LONGEST_ED25519_BYTES + 1}
    limits = files.limits.model_copy(update=long)
    assert [key for key, _ in found(files.model_copy(update={"limits": limits}), scheme="ed25519")] == [
        "limits.bytes_per_file",
        "limits.result_bytes",
    ]


REFUSALS = [
    ("scheme: sm2-sm3", "scheme: md5", "security.scheme: Input should be 'sm2-sm3', 'rsa-pkcs1-sha256'"),
    (
        "scheme: sm2-sm3",
        "scheme: rsa-pkcs1-sha1",
        "security.scheme: scheme rsa-pkcs1-sha1 rests on SHA-1 and is refused; write rsa-pkcs1-sha256, or have a dated",
    ),
    ("form: der", "form: asn1", "security.form: Input should be 'der' or 'raw'"),
    ("encoding: base64", "encoding: Hex", "security.encoding: Input should be 'base64', 'hex', 'HEX' or 'raw'"),
    (
        "form: der",
        "exception: {allows: md5, until: 2026-12-31, reason: agreed on}",
        "security.exception.allows: Input should be 'sha-1' or 'unsigned'",
    ),
    (
        "form: der",
        "exception: {allows: unsigned, until: 1780000000, reason: agreed on}",
        "security.exception.until: is not a day YYYY-MM-DD; correct it",
    ),
    (
        "form: der",
        "exception: {allows: unsigned, until: 2026-02-30, reason: agreed on}",
        "security.exception.until: Input should be a valid date",
    ),
    ("form: der", "exception: {allows: unsigned, reason: agreed on}", "security.exception.until: is missing; add it"),
    (
        "form: der",
        "exception: {allows: unsigned, until: 2026-12-31, reason: ''}",
        "security.exception.reason: String should have at least 8 characters",
    ),
]


@pytest.mark.parametrize(("old", "new", "complaint"), REFUSALS)
def test_a_fault_is_placed_at_its_line(broken: Callable[..., Path], old: str, new: str, complaint: str) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        read_all(broken(RURAL, old, new))
    assert "rural-fixed.yaml:" in str(refused.value)
    assert complaint in str(refused.value)


def test_an_exception_is_read(broken: Callable[..., Path]) -> None:
    written = "form: raw\n  exception: {allows: unsigned, until: 2026-12-31, reason: agreed with the bureau}"
    security = read_all(broken(RURAL, "form: der", written))["rural-fixed"].security
    assert (security.form, security.tolerates("unsigned", date(2026, 12, 31))) == ("raw", True)
    assert not security.tolerates("unsigned", date(2027, 1, 1))
    assert not security.tolerates("sha-1", date(2026, 12, 31))


def test_the_former_name_of_the_form_is_still_read(broken: Callable[..., Path]) -> None:
    assert read_all(broken(RURAL, "form: der", "sm2_form: raw"))["rural-fixed"].security.form == "raw"
    assert Security(scheme="sm2-sm3", signing_key="a", form="raw").form == "raw"


def test_the_form_under_both_names_is_refused(broken: Callable[..., Path]) -> None:
    with pytest.raises(ConfigurationRefused):
        read_all(broken(RURAL, "form: der", "form: der\n  sm2_form: raw"))
