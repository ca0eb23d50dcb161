"""The envelope of cryptographic messages (CMS/PKCS#7 封装): the message inside SignedData, and that, where agreed, enveloped.

In base64 (``security.encoding: base64``) or as the DER itself (``raw``). Source: RFC 5652; GB/T 35275 and GM/T 0010.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Final

from adapters.contract import MessageRefused
from adapters.envelopes.contract import EnvelopeKeys, Opened, Outer, documents_of
from adapters.profile import BankProfile, SignatureEncoding

_SCHEMES: Final = ("sm2-sm3", "rsa-pkcs1-sha256", "rsa-pss-sha256", "ecdsa-p256-sha256", "ecdsa-p384-sha384")
_AROUND: Final = 131_072
"""Octets of both structures around a message, certificates and all."""


class CmsEnvelope:
    """``adapters.envelopes.contract.Envelope``; holds nothing."""

    def seal(self, profile: BankProfile, outer: Outer, body: bytes, keys: EnvelopeKeys) -> tuple[bytes, str]:
        """The signed message; ValueError for one over ``limits.bytes_per_file``."""
        if len(body) > profile.limits.bytes_per_file:
            raise ValueError(f"bank {profile.bank}: a message of {len(body)} octets is over limits.bytes_per_file")
        message, key_id = documents_of(profile, keys).close(body, outer.created_at, outer.message_id)
        return b64encode(message) if _is_text(profile) else message, key_id

    def open(self, profile: BankProfile, content: bytes, keys: EnvelopeKeys) -> Opened:
        """The message, verified; raises SealBroken, SignatureInvalid, and MessageRefused for its size or its base64."""
        most = profile.limits.result_bytes + _AROUND
        if len(content) > most * (2 if _is_text(profile) else 1):
            raise MessageRefused(f"the message has room for more than the {profile.limits.result_bytes} octets allowed")
        body, key_id = documents_of(profile, keys).open(_from_base64(content) if _is_text(profile) else content)
        return Opened(body, key_id)


def _is_text(profile: BankProfile) -> bool:
    return profile.security.encoding is SignatureEncoding.BASE64


def _from_base64(text: bytes) -> bytes:
    """Base64, which may be broken into lines."""
    whole = text.translate(None, b"\r\n")
    try:
        message = b64decode(whole, validate=True)
    except binascii.Error:
        raise MessageRefused("the message is not base64") from None
    if b64encode(message) != whole:
        raise MessageRefused("the message is not canonical base64")
    return message


def profile_wrongs(profile: BankProfile) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What of a profile's ``security`` this envelope cannot work with, as (key, what, remedy)."""
    security = profile.security
    if security.cms is None:
        yield ("security", "cms"), "is missing: envelope cms needs it", "add syntax: rfc5652 or gmt0010"
        return
    if security.scheme not in _SCHEMES:
        yield (
            ("security", "scheme"),
            f"envelope cms does not sign with {security.scheme}",
            f"one of {', '.join(_SCHEMES)}",
        )
    if security.form != "der":
        yield ("security", "form"), "signatures in CMS are DER (RFC 5753 7.2, GB/T 35276)", "write der"
    if security.encoding not in (SignatureEncoding.BASE64, SignatureEncoding.RAW):
        yield ("security", "encoding"), "envelope cms is base64, or raw for DER itself", "write base64 or raw"
    if security.cms.syntax == "gmt0010" and security.scheme != "sm2-sm3":
        yield ("security", "cms", "syntax"), "the identifiers of GM/T 0010 go with scheme sm2-sm3", "write rfc5652"
    encryption = security.cms.encryption
    if encryption is not None and security.cms.syntax == "gmt0010" and encryption.cipher == "aes-256-gcm":
        key = ("security", "cms", "encryption", "cipher")
        yield key, "GM/T 0010 has no structure for a cipher with a tag", "write sm4-cbc"
