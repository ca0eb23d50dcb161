"""Which codec and which seal a bank has (编解码、签名封装的选择): two small tables, by what its profile says.

A family's module is imported when a bank of that family is played, and not before.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from crypto.contract import SchemeParameters
from crypto.import_keys import import_private
from crypto.schemes.registry import SCHEMES
from simulators.bank_contract import Codec, Seal
from simulators.declaration import BankData, CmsEncryption, Signing
from simulators.signatures import RsaSeal, SchemeSeal, Sm2Seal
from simulators.signatures import Seal as Signatures

if TYPE_CHECKING:
    from simulators.seals_cms import Enveloping


class NotPlayed(ValueError):
    """No codec or seal is there for what the profile says."""


def codec_of(data: BankData) -> Codec:
    """The codec of the bank's dialect; raises NotPlayed."""
    dialect = data.declaration.dialect
    if dialect not in _CODECS:
        raise NotPlayed(f"dialect {dialect!r} is not played; known are {', '.join(_CODECS)}")
    return _CODECS[dialect](data)


def seal_of(data: BankData, folder: Path) -> Seal:
    """The seal of the bank's envelope over its key files in ``folder``; raises NotPlayed, OSError, KeyUnusable."""
    envelope = data.declaration.security.envelope
    if envelope not in _SEALS:
        raise NotPlayed(f"envelope {envelope!r} is not played; known are {', '.join(_SEALS)}")
    return _SEALS[envelope](data, folder)


def signatures_of(signing: Signing, folder: Path) -> Signatures:
    """The bank's own key and the gateway's public one, with the parameters that the profile gives."""
    if signing.scheme == "sm2-sm3":
        own, gateway = folder / "sm2-sign.pem", folder / "gateway-sm2-verify.pem"
        return Sm2Seal.load(own, gateway, signing.sm2_user_id, signing.form, signing.encoding)
    if signing.scheme in ("rsa-pkcs1-sha256", "rsa-pss-sha256", "rsa-pkcs1-sha1"):
        own, gateway = folder / "rsa-sign.pem", folder / "gateway-rsa-verify.pem"
        return RsaSeal.load(own, gateway, signing.scheme, signing.encoding)
    parameters = SchemeParameters(signing.scheme, form=signing.form)
    if SCHEMES[signing.scheme].symmetric:
        return SchemeSeal.shared(folder / "hmac.key", parameters, signing.encoding)
    name = SCHEMES[signing.scheme].algorithm
    own, gateway = folder / f"{name}-sign.pem", folder / f"gateway-{name}-verify.pem"
    return SchemeSeal.load(own, gateway, parameters, signing.encoding)


def _layout(data: BankData) -> Codec:
    from simulators.codecs.layout import layout_codec

    return layout_codec(data)


def _iso20022(data: BankData) -> Codec:  # noqa: ARG001 - a standard has no data of its own
    from simulators.codecs.iso20022 import Iso20022Codec

    return Iso20022Codec()


def _signed_json(data: BankData) -> Codec:
    from simulators.codecs.signed_json import SignedJsonCodec

    return SignedJsonCodec(_user_code(data))


def _cnaps2(data: BankData) -> Codec:  # noqa: ARG001 - a standard has no data of its own
    from simulators.codecs.cnaps2 import Cnaps2Codec

    return Cnaps2Codec()


def _treasury_voucher(data: BankData) -> Codec:
    from simulators.codecs.treasury_voucher import TreasuryVoucherCodec

    if data.declaration.voucher is None:
        raise NotPlayed(f"bank {data.declaration.bank}: its profile must give voucher.adm_div_code")
    return TreasuryVoucherCodec(data.declaration.voucher.adm_div_code)


def _detached(data: BankData, folder: Path) -> Seal:
    from simulators.seals_detached import DetachedSeal

    return DetachedSeal(signatures_of(data.declaration.security, folder))


def _json_sm4(data: BankData, folder: Path) -> Seal:
    from simulators.seals_json import JsonSm4Seal

    own, gateway = folder / "sm2-sign.pem", folder / "gateway-sm2-verify.pem"
    return JsonSm4Seal.load(own, gateway, folder / "sm4.key", _user_code(data), data.declaration.security.cipher)


def _cnaps2_block(data: BankData, folder: Path) -> Seal:
    from simulators.seals_cnaps2 import Cnaps2Seal

    signing = data.declaration.security.model_copy(update={"encoding": "base64"})
    return Cnaps2Seal(signatures_of(signing, folder), data.declaration.bank_codes[0], _user_code(data))


def _xml_element(data: BankData, folder: Path) -> Seal:
    from simulators.seals_xml import XmlElementSeal

    element = data.declaration.security.signature_element
    if element is None:
        raise NotPlayed(f"bank {data.declaration.bank}: its profile must give security.signature_element")
    return XmlElementSeal(signatures_of(data.declaration.security, folder), element)


def _form(data: BankData, folder: Path) -> Seal:
    from simulators.seals_xml import FormSeal

    return FormSeal(signatures_of(data.declaration.security, folder), _user_code(data))


def _xmldsig(data: BankData, folder: Path) -> Seal:
    from simulators.seals_xmldsig import XmlDsigSeal

    terms = data.declaration.security.xml
    if terms is None or terms.id_attribute is not None:
        raise NotPlayed(f"bank {data.declaration.bank}: played are XML signatures over whole documents (security.xml)")
    return XmlDsigSeal(signatures_of(data.declaration.security, folder), terms, data.declaration.encoding)


def _cms(data: BankData, folder: Path) -> Seal:
    from simulators.seals_cms import SCHEMES as PLAYED
    from simulators.seals_cms import CmsSeal

    security = data.declaration.security
    terms = security.cms
    if terms is None or terms.certificates is not None or security.scheme not in PLAYED:
        what = f"CMS by {', '.join(sorted(PLAYED))} with keys named by their identifier"
        raise NotPlayed(f"bank {data.declaration.bank}: played is {what}")
    signatures = signatures_of(security.model_copy(update={"encoding": "base64"}), folder)
    name = SCHEMES[security.scheme].algorithm
    own = import_private(name, (folder / f"{name}-sign.pem").read_text("ascii")).public
    gateway = (folder / f"gateway-{name}-verify.pem").read_text("ascii")
    enveloping = None if terms.encryption is None else _enveloping(terms.syntax, terms.encryption, folder)
    text = security.encoding == "base64"
    return CmsSeal(signatures, own, gateway, security.scheme, terms.syntax, text, enveloping)


def _enveloping(syntax: Literal["rfc5652", "gmt0010"], terms: CmsEncryption, folder: Path) -> Enveloping:
    from crypto.cms.enveloping import EnvelopeAgreement
    from crypto.cms.key_transport import algorithm_of, recipient_key
    from simulators.seals_cms import Enveloping

    own = import_private(algorithm_of(terms.transport), (folder / "cms-decrypt.pem").read_text("ascii"))
    gateway = (folder / "gateway-cms-encrypt.pem").read_text("ascii")
    agreement = EnvelopeAgreement(terms.transport, terms.cipher, syntax)
    return Enveloping(recipient_key(terms.transport, "simulator", own.secret or b""), own.public, gateway, agreement)


def _user_code(data: BankData) -> str:
    code = data.declaration.security.user_code
    if code is None:
        raise NotPlayed(f"bank {data.declaration.bank}: its profile must give security.user_code")
    return code


_CODECS: Final[dict[str, Callable[[BankData], Codec]]] = {
    "fixed-width": _layout,
    "delimited": _layout,
    "record-xml": _layout,
    "iso20022": _iso20022,
    "signed-json": _signed_json,
    "cnaps2": _cnaps2,
    "treasury-voucher": _treasury_voucher,
}
_SEALS: Final[dict[str, Callable[[BankData, Path], Seal]]] = {
    "detached": _detached,
    "xml-element": _xml_element,
    "form": _form,
    "json-sm4": _json_sm4,
    "cnaps2-block": _cnaps2_block,
    "xmldsig": _xmldsig,
    "cms": _cms,
}
