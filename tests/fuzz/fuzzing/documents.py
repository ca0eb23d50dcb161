"""The lines of the table for messages that carry their signature: CMS and XMLDSig (密码消息、XML 签名).

Each once as it is, and once with every inner signature taken as right, so that all behind it is reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, partial
from typing import Final

from crypto.cms.enveloping import EnvelopeAgreement, EnvelopeOpener, Recipient, envelop
from crypto.cms.key_transport import RsaRecipient, Sm2Recipient
from crypto.cms.parties import by_key, certificate_der, identifiers_of, parties_of
from crypto.cms.signing import CmsAgreement, CmsSigner, CmsVerifier, Signatory
from crypto.cms.strict_der import NotDer, require_der
from crypto.contract import KeyUnusable, SchemeParameters, SealBroken, SignatureInvalid, StreamVerifier
from crypto.demo_pki import issue_ca
from crypto.generate import generate_key
from crypto.key_material import KeyMaterial, rsa_private
from crypto.schemes.registry import SCHEMES
from crypto.xmldsig.algorithms import EXCLUSIVE, INCLUSIVE, Algorithms
from crypto.xmldsig.beside import XmlStreamSigner, XmlStreamVerifier
from crypto.xmldsig.document import Coverage, XmlSignatures
from crypto.xmldsig.hardened import Bounds
from fuzzing.marker import ACCOUNT, NAME
from fuzzing.target import Target

_AT: Final = datetime(2026, 11, 23, tzinfo=UTC)
_BODY: Final = f'<R xmlns="urn:d" xmlns:x="urn:x"><B ID="b"><n x:a="1">{NAME}</n><a>{ACCOUNT}</a></B></R>'.encode()
_OLD: Final = "http://www.w3.org/2000/09/xmldsig#"
_WAYS: Final = {"signed": False, "trusting": True}
_COVERAGES: Final = {
    "whole": (Coverage(), EXCLUSIVE),
    "named": (Coverage(id_attribute="ID"), INCLUSIVE),
    "part": (Coverage("{urn:d}B", "ID"), EXCLUSIVE),
}
_ENVELOPES: Final = {
    "cbc": EnvelopeAgreement("rsa-oaep-sha256", "aes-256-cbc"),
    "gcm": EnvelopeAgreement("rsa-pkcs1", "aes-256-gcm"),
    "gm": EnvelopeAgreement("sm2", "sm4-cbc", "gmt0010"),
}


def document_targets() -> Iterator[Target]:
    """Every line about structures around a message."""
    yield Target("der.strict", require_der, (NotDer,), lambda: [_signed("sm2-sm3"), *_enveloped("gcm")])
    yield Target("cms.certificate", identifiers_of, (KeyUnusable,), _certificates)
    for way, trusting in _WAYS.items():
        for scheme in ("rsa-pkcs1-sha256", "sm2-sm3"):
            opening = partial(_open, scheme, trusting)
            yield Target(f"cms.{scheme}.{way}", opening, (SignatureInvalid,), partial(_cms_seeds, scheme))
        for name in _COVERAGES:
            verifying = partial(_verify, name, trusting)
            yield Target(f"xmldsig.{name}.{way}", verifying, (SignatureInvalid,), partial(_xml_seeds, name))
        beside = partial(_verify_beside, trusting)
        yield Target(f"xmldsig.beside.{way}", beside, (SignatureInvalid,), lambda: [_beside()])
    for name in _ENVELOPES:
        unsealing = partial(_unseal, name)
        yield Target(f"cms.enveloped.{name}", unsealing, (SealBroken,), partial(_enveloped, name))


class _Yes:
    """Every signature is right."""

    def update(self, data: bytes) -> None:
        """Whatever it is."""

    def verify(self, signature: bytes) -> str:  # noqa: ARG002
        return "fuzz"


@cache
def _key(algorithm: str) -> KeyMaterial:
    return generate_key("sm2" if algorithm == "sm2" else "rsa-2048")


def _scheme_key(scheme: str) -> KeyMaterial:
    return _key("sm2" if scheme == "sm2-sm3" else "rsa")


def _parameters(scheme: str) -> SchemeParameters:
    return SchemeParameters("sm2-sm3" if scheme == "sm2-sm3" else "rsa-pkcs1-sha256")


def _verifier(scheme: str, trusting: bool) -> StreamVerifier:
    if trusting:
        return _Yes()
    return SCHEMES[_parameters(scheme).scheme].verifier({"fuzz": _scheme_key(scheme).public}, _parameters(scheme))


def _agreement(scheme: str) -> CmsAgreement:
    return CmsAgreement(_parameters(scheme).scheme, "gmt0010" if scheme == "sm2-sm3" else "rfc5652")


@cache
def _certificates() -> list[bytes]:
    return [issue_ca("fuzz", _AT).certificate_pem, _key("sm2").public.encode()]


def _making(scheme: str) -> CmsSigner:
    key, parameters = _scheme_key(scheme), _parameters(scheme)
    signer = SCHEMES[parameters.scheme].signer(key.secret or b"", parameters, key_id="fuzz", public=key.public)
    travelling = (certificate_der(_certificates()[0]),)
    return CmsSigner(signer, _agreement(scheme), Signatory(by_key(key.public), travelling), _AT)


@cache
def _signed(scheme: str) -> bytes:
    return _making(scheme).enclosing(_BODY)


def _cms_seeds(scheme: str) -> list[bytes]:
    return [_signed(scheme), _making(scheme).signature()]


def _open(scheme: str, trusting: bool, content: bytes) -> object:
    known = parties_of({"fuzz": _scheme_key(scheme).public}, ())
    return CmsVerifier(_verifier(scheme, trusting), _agreement(scheme), known).opened(content, 10_000)


@cache
def _envelope_parts(name: str) -> tuple[KeyMaterial, Callable[[bytes], bytes]]:
    agreement = _ENVELOPES[name]
    key = _key("sm2" if agreement.transport == "sm2" else "rsa")
    secret = key.secret or b""
    sm2 = agreement.transport == "sm2"
    own = (
        Sm2Recipient("fuzz", secret)
        if sm2
        else RsaRecipient("fuzz", rsa_private(secret, trusted=True), agreement.transport)
    )
    opener = EnvelopeOpener({"fuzz": own}, parties_of({"fuzz": key.public}, ()), agreement)
    return key, lambda content: opener.opened(content, 10_000)


@cache
def _enveloped(name: str) -> list[bytes]:
    public = _envelope_parts(name)[0].public
    return [envelop(plain, Recipient(by_key(public), public), _ENVELOPES[name]) for plain in (_BODY, b"")]


def _unseal(name: str, content: bytes) -> bytes:
    return _envelope_parts(name)[1](content)


def _algorithms(canonicalisation: str = EXCLUSIVE) -> Algorithms:
    return Algorithms("sm2-sm3", _OLD + "sm2-sm3", _OLD + "sm3", canonicalisation)


def _signatures(name: str) -> XmlSignatures:
    coverage, canonicalisation = _COVERAGES[name]
    return XmlSignatures(_algorithms(canonicalisation), coverage, Bounds(20_000, 1_000))


@cache
def _xml_seeds(name: str) -> list[bytes]:
    key, parameters = _key("sm2"), _parameters("sm2-sm3")
    signer = SCHEMES["sm2-sm3"].signer(key.secret or b"", parameters, key_id="fuzz", public=key.public)
    return [_signatures(name).sign(_BODY, signer, "_fuzz")]


def _verify(name: str, trusting: bool, content: bytes) -> object:
    return _signatures(name).verify(content, _verifier("sm2-sm3", trusting))


@cache
def _beside() -> bytes:
    key, parameters = _key("sm2"), _parameters("sm2-sm3")
    signer = SCHEMES["sm2-sm3"].signer(key.secret or b"", parameters, key_id="fuzz", public=key.public)
    making = XmlStreamSigner(signer, _algorithms(), "DR.txt")
    making.update(_BODY)
    return making.signature()


def _verify_beside(trusting: bool, content: bytes) -> str:
    verifier = XmlStreamVerifier(_verifier("sm2-sm3", trusting), _algorithms(), "DR.txt")
    verifier.update(_BODY)
    return verifier.verify(content)
