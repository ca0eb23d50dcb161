"""Keys of one counterparty by scheme, and documents as it signs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from crypto.contract import SchemeName, SchemeParameters, StreamSigner, StreamVerifier
from crypto.generate import Kind, generate_key
from crypto.key_material import KeyMaterial
from crypto.schemes.registry import SCHEMES
from crypto.xmldsig.algorithms import EXCLUSIVE, Algorithms
from crypto.xmldsig.document import Coverage, XmlSignatures
from crypto.xmldsig.hardened import Bounds

SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
OLD = "http://www.w3.org/2000/09/xmldsig#"
BODY = '<Root xmlns:x="urn:x"><Head><a x:b="1">惠民 &amp; 惠农</a></Head><Body>\n<p/></Body></Root>\n'.encode()


@dataclass(frozen=True)
class Party:
    """One key, and how signatures with it look."""

    material: KeyMaterial
    algorithms: Algorithms
    form: Any = "raw"

    @property
    def parameters(self) -> SchemeParameters:
        return SchemeParameters(self.algorithms.scheme, form=self.form, sha1_until=date(2030, 1, 1))

    def signer(self) -> StreamSigner:
        made = self.material
        return SCHEMES[self.algorithms.scheme].signer(
            made.secret or b"", self.parameters, key_id="own", public=made.public
        )

    def verifier(self) -> StreamVerifier:
        known: Any = {"own": self.material.public or self.material.secret}
        return SCHEMES[self.algorithms.scheme].verifier(known, self.parameters)

    def signatures(
        self, coverage: Coverage | None = None, bounds: Bounds | None = None, **changes: Any
    ) -> XmlSignatures:
        algorithms = replace(self.algorithms, **changes)
        return XmlSignatures(algorithms, coverage or Coverage(), bounds or Bounds(100_000, 1_000))


def party(kind: Kind, scheme: SchemeName, signature: str, digest_uri: str = SHA256, **more: Any) -> Party:
    return Party(generate_key(kind), Algorithms(scheme, signature, digest_uri, **more), "raw")


@pytest.fixture(scope="session")
def parties() -> dict[str, Party]:
    """By name; made once."""
    rsa = party("rsa-2048", "rsa-pkcs1-sha256", MORE + "rsa-sha256")
    return {
        "rsa": rsa,
        "pss": Party(
            rsa.material,
            Algorithms("rsa-pss-sha256", "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", SHA256),
        ),
        "ecdsa": party("ecdsa-p256", "ecdsa-p256-sha256", MORE + "ecdsa-sha256"),
        "ecdsa384": party("ecdsa-p384", "ecdsa-p384-sha384", MORE + "ecdsa-sha384", MORE + "sha384"),
        "ed25519": party("ed25519", "ed25519", "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"),
        "hmac": party("hmac", "hmac-sha256", MORE + "hmac-sha256"),
        "sm2": party("sm2", "sm2-sm3", OLD + "sm2-sm3", OLD + "sm3"),
        "customs": party(
            "sm2",
            "sm2-sm3",
            "http://www.chinaport.gov.cn/2022/04/xmldsig#sm2-sm3",
            "http://www.chinaport.gov.cn/2022/04/xmldsig#sm3",
        ),
        "province": party("sm2", "sm2-sm3", "urn:province:sm2", "urn:province:sm3", digest="sm3"),
    }


@pytest.fixture(params=["rsa", "pss", "ecdsa", "ecdsa384", "ed25519", "hmac", "sm2", "customs", "province"])
def any_party(request: pytest.FixtureRequest, parties: dict[str, Party]) -> Party:
    return parties[request.param]


@pytest.fixture(scope="session")
def rsa(parties: dict[str, Party]) -> Party:
    return parties["rsa"]


@pytest.fixture
def body() -> bytes:
    return BODY


@pytest.fixture
def signed() -> Callable[..., bytes]:
    """A signed document of a party."""

    def make(party: Party, content: bytes = BODY, canonicalisation: str = EXCLUSIVE) -> bytes:
        return party.signatures(canonicalisation=canonicalisation).sign(content, party.signer())

    return make
