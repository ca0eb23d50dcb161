"""Signing and verifying in one line through the registry, for tests that look at one scheme."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from crypto.contract import SchemeParameters, SignatureInvalid
from crypto.schemes.registry import SCHEMES

Check = Callable[..., bool]


def parameters(scheme: str, form: str) -> SchemeParameters:
    return SchemeParameters(scheme, form=form, sha1_until=date.max)  # type: ignore[arg-type]


@pytest.fixture
def sign() -> Callable[..., bytes]:
    """``sign(scheme, secret, message, form)``; SM2 is looked at elsewhere."""

    def run(scheme: str, secret: bytes, message: bytes, form: str = "der") -> bytes:
        signer = SCHEMES[scheme].signer(secret, parameters(scheme, form), key_id="k")
        signer.update(message)
        return signer.signature()

    return run


@pytest.fixture
def genuine() -> Check:
    """``genuine(scheme, key, message, signature, form)``: True, or False where SignatureInvalid is raised."""

    def run(scheme: str, key: str | bytes, message: bytes, signature: bytes, form: str = "der") -> bool:
        verifier = SCHEMES[scheme].verifier({"k": key}, parameters(scheme, form))  # type: ignore[arg-type]
        verifier.update(message)
        try:
            return verifier.verify(signature) == "k"
        except SignatureInvalid:
            return False

    return run
