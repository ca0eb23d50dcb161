"""What must hold for a bank's ``security`` (签名参数核对): the scheme, the exception, the forms, and how large a message is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.profile import BankProfile
from adapters.wrong import Wrong
from crypto.contract import LONGEST_ED25519_BYTES, OUTDATED_SCHEMES

_IN_TWO_FORMS: Final = frozenset({"sm2-sm3", "ecdsa-p256-sha256", "ecdsa-p384-sha384"})
_APPROVED: Final = "have a dated security.exception approved: allows: %s, until: YYYY-MM-DD, reason: ..."


def security_wrongs(profile: BankProfile) -> Iterator[Wrong]:
    """Everything that does not hold in ``security`` of ``profile``, or between it and the rest."""
    yield from _exception_wrongs(profile)
    security = profile.security
    if security.form == "raw" and security.scheme not in _IN_TWO_FORMS:
        yield Wrong(("security", "form"), f"a signature of scheme {security.scheme} has one form only", "remove it")
    if security.cipher != "sm4-cbc" and security.envelope != "json-sm4":
        what = f"does not go with envelope {security.envelope}, which encrypts nothing"
        yield Wrong(("security", "cipher"), what, "remove it")
    if security.scheme == "ed25519":
        for name in ("bytes_per_file", "result_bytes"):
            if getattr(profile.limits, name) > LONGEST_ED25519_BYTES:
                what = f"is more than the {LONGEST_ED25519_BYTES} octets that scheme ed25519 signs in one message"
                yield Wrong(("limits", name), what, "lower it, or agree with the bank on a scheme that streams")


def _exception_wrongs(profile: BankProfile) -> Iterator[Wrong]:
    """Nothing outdated and nothing unsigned without an exception, and no exception for nothing."""
    security = profile.security
    allowed = security.exception.allows if security.exception is not None else None
    outdated = security.scheme in OUTDATED_SCHEMES
    if outdated and allowed != "sha-1":
        what = f"scheme {security.scheme} rests on SHA-1 and is refused"
        yield Wrong(("security", "scheme"), what, "write rsa-pkcs1-sha256, or " + _APPROVED % "sha-1")
    if allowed == "sha-1" and not outdated:
        what = f"allows SHA-1, which scheme {security.scheme} does not use"
        yield Wrong(("security", "exception", "allows"), what, "remove the exception")
    if security.verification_key is None and allowed != "unsigned":
        what = "is missing: what a bank sends unsigned is refused"
        yield Wrong(
            ("security", "verification_key"), what, "name the alias of the bank's key, or " + _APPROVED % "unsigned"
        )
    if allowed == "unsigned" and security.envelope != "detached":
        what = f"allows unsigned messages, and envelope {security.envelope} holds a signature always"
        yield Wrong(("security", "exception", "allows"), what, "remove the exception")
