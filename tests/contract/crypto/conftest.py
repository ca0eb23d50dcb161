"""One key of every kind, made once: schemes are proven through the registry alone, as every caller meets them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache

import pytest

from crypto.contract import SchemeName, SchemeParameters, StreamSigner, StreamVerifier
from crypto.generate import Kind, generate_key
from crypto.key_material import KeyMaterial
from crypto.schemes.registry import SCHEMES

KINDS: dict[str, Kind] = {
    "sm2-sm3": "sm2",
    "rsa-pkcs1-sha256": "rsa-2048",
    "rsa-pss-sha256": "rsa-2048",
    "rsa-pkcs1-sha1": "rsa-2048",
    "ecdsa-p256-sha256": "ecdsa-p256",
    "ecdsa-p384-sha384": "ecdsa-p384",
    "ed25519": "ed25519",
    "hmac-sha256": "hmac",
    "hmac-sm3": "hmac",
}
TWO_FORMS = ("sm2-sm3", "ecdsa-p256-sha256", "ecdsa-p384-sha384")


@cache
def key(kind: Kind, number: int) -> KeyMaterial:
    return generate_key(kind)


@dataclass(frozen=True)
class Way:
    """One scheme in one of its forms, with two keys."""

    parameters: SchemeParameters

    @property
    def kind(self) -> Kind:
        return KINDS[self.parameters.scheme]

    def signer(self, number: int = 0) -> StreamSigner:
        own = key(self.kind, number)
        assert own.secret is not None
        scheme = SCHEMES[self.parameters.scheme]
        return scheme.signer(own.secret, self.parameters, key_id=f"k{number}", public=own.public)

    def verifier(self, *numbers: int) -> StreamVerifier:
        scheme, keys = SCHEMES[self.parameters.scheme], {f"k{number}": key(self.kind, number) for number in numbers}
        if scheme.symmetric:
            return scheme.verifier({name: one.secret or b"" for name, one in keys.items()}, self.parameters)
        return scheme.verifier({name: one.public for name, one in keys.items()}, self.parameters)

    def signed(self, *pieces: bytes, number: int = 0) -> bytes:
        signer = self.signer(number)
        for piece in pieces:
            signer.update(piece)
        return signer.signature()

    def verified(self, signature: bytes, *pieces: bytes, numbers: tuple[int, ...] = (0,)) -> str:
        verifier = self.verifier(*numbers)
        for piece in pieces:
            verifier.update(piece)
        return verifier.verify(signature)


def way_of(name: SchemeName, form: str = "der") -> Way:
    until = date(2026, 12, 31) if name == "rsa-pkcs1-sha1" else None
    return Way(SchemeParameters(name, form=form, sha1_until=until))  # type: ignore[arg-type]


WAYS = {name: way_of(name) for name in KINDS} | {f"{name} raw": way_of(name, "raw") for name in TWO_FORMS}  # type: ignore[arg-type]


@pytest.fixture(params=sorted(WAYS))
def way(request: pytest.FixtureRequest) -> Way:
    """Every scheme of the registry in every form."""
    return WAYS[request.param]


@pytest.fixture(params=sorted(set(KINDS) - {"ed25519"}))
def streaming_way(request: pytest.FixtureRequest) -> Way:
    """Every scheme that streams; the form of a signature is nothing to the stream."""
    return WAYS[request.param]


@pytest.fixture
def ed25519_way() -> Way:
    """The one scheme that holds its message."""
    return WAYS["ed25519"]


@pytest.fixture
def kinds() -> dict[str, Kind]:
    """Which kind of key a scheme takes."""
    return KINDS


@pytest.fixture
def new_key() -> Callable[[Kind, int], KeyMaterial]:
    """A key of a kind by its number, the same each time."""
    return key


@pytest.fixture
def other_ways(way: Way) -> list[Way]:
    """Every other scheme over the same keys, and the other form of this one."""
    return [other for other in WAYS.values() if other != way and other.kind == way.kind]
