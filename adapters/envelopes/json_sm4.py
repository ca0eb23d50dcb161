"""The envelope of signed JSON (签名加密 JSON 封装): SM2 signature inside, SM4-CBC around it, in a posted form.

    UID=<user>&ALG=SM&FUNCODE=<function>&DATA=<base64(SM4-CBC(JSON))>, percent-encoded

The JSON's last member is ``"signature":{"sigtim":"YYYYMMDDHHMMSS","sigdat":"<base64 of r||s>"}``. Signed are the octets
of the whole JSON as sent, with ``PLACEHOLDER`` where the signature stands. User code and zeros make 16 characters that
are both the SM2 user id and the SM4 initial vector. Source: facts B.2, 招行 (cloud).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import timedelta, timezone
from typing import Final

from adapters.contract import MessageRefused
from adapters.envelopes.contract import EnvelopeKeys, Opened, Outer
from adapters.profile import BankProfile, SignatureEncoding
from crypto.contract import SignatureInvalid

PLACEHOLDER: Final = b"__signature_sigdat__"
ALGORITHM: Final = b"SM"
USER_CODE_CHARACTERS: Final = 10
_VECTOR_CHARACTERS: Final = 16
_CHINA: Final = timezone(timedelta(hours=8))
_FIELDS: Final = (b"UID", b"ALG", b"FUNCODE", b"DATA")
_ESCAPES: Final = ((b"+", b"%2B"), (b"/", b"%2F"), (b"=", b"%3D"))
_SIGNATURE: Final = b',"signature":{"sigtim":"%s","sigdat":"%s"}}'
_SIGNED_END: Final = re.compile(
    rb',"signature":\{"sigtim":"([0-9]{14})","sigdat":"([0-9A-Za-z+/]{86}==)"\}\}',
)
_END_OCTETS: Final = len(_SIGNATURE % (b"0" * 14, b"0" * 88))
_FUNCTION: Final = re.compile(rb'\{"(request|response)":\{"head":\{"funcode":"([0-9A-Z]{8})"')
_USER_CODE: Final = re.compile(rf"[0-9A-Za-z]{{{USER_CODE_CHARACTERS}}}")


class JsonSm4Envelope:
    """``adapters.envelopes.contract.Envelope``; holds nothing."""

    def seal(self, profile: BankProfile, outer: Outer, body: bytes, keys: EnvelopeKeys) -> tuple[bytes, str]:
        """The form's octets and the id of the signing key; ValueError where profile or body cannot be right."""
        user, vector = _identity(profile)
        if len(body) > profile.limits.bytes_per_file:
            raise ValueError(f"bank {profile.bank}: a message of {len(body)} octets is over limits.bytes_per_file")
        function = _function(body, b"request")
        if function is None:
            raise ValueError(f"bank {profile.bank}: envelope json-sm4 takes the JSON of dialect signed-json only")
        time = outer.created_at.astimezone(_CHINA).strftime("%Y%m%d%H%M%S").encode("ascii")
        signer = keys.signer()
        signer.update(body[:-1] + _SIGNATURE % (time, PLACEHOLDER))
        signed = body[:-1] + _SIGNATURE % (time, b64encode(signer.signature()))
        data = b64encode(keys.cipher().encrypt(signed, vector))
        values = (user, ALGORITHM, function, _escaped(data))
        return b"&".join(name + b"=" + value for name, value in zip(_FIELDS, values, strict=True)), signer.key_id

    def open(self, profile: BankProfile, content: bytes, keys: EnvelopeKeys) -> Opened:
        """A bank's JSON without its signature; raises MessageRefused, SealBroken, SignatureInvalid.

        Nothing that was decrypted is looked into before its signature is verified, save where the signature stands.
        """
        user, vector = _identity(profile)
        if len(content) > profile.limits.result_bytes:
            raise MessageRefused(f"the message has more than {profile.limits.result_bytes} octets")
        fields = _fields(content)
        _require(fields[b"UID"] == user, "UID", "is not our user code at this bank (security.user_code)", "1.2")
        _require(fields[b"ALG"] == ALGORITHM, "ALG", "is not SM", "1.2")
        plain = keys.cipher().decrypt(_sealed(fields[b"DATA"]), vector, b'{"response":')
        start, end = plain[:-_END_OCTETS], _SIGNED_END.fullmatch(plain[-_END_OCTETS:])
        signature = _from_base64(end[2]) if end is not None else b""
        if end is None or not signature:
            raise SignatureInvalid("the message has no signature as its last member (clause 1.5)")
        verifier = keys.verifier()
        verifier.update(start)
        verifier.update(_SIGNATURE % (end[1], PLACEHOLDER))
        key_id = verifier.verify(signature)
        function = _function(start, b"response")
        _require(function == fields[b"FUNCODE"], "FUNCODE", "is not the function code of the signed head", "1.2")
        return Opened(start + b"}", key_id)


def profile_wrongs(profile: BankProfile) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What of a profile's ``security`` this envelope cannot work with, as (key, what, remedy)."""
    security = profile.security
    if (security.scheme, security.form, security.encoding) != ("sm2-sm3", "raw", SignatureEncoding.BASE64):
        what = "envelope json-sm4 signs with SM2, raw r||s, base64"
        yield ("security", "scheme"), what, "write scheme: sm2-sm3, form: raw, encoding: base64"
    if security.encryption_key is None:
        yield ("security", "encryption_key"), "is missing for envelope json-sm4", "name the alias of the SM4 key"
    code = security.user_code
    if code is None or not _USER_CODE.fullmatch(code):
        what = f"is not {USER_CODE_CHARACTERS} letters or digits, from which envelope json-sm4 makes its initial vector"
        yield ("security", "user_code"), what, "write our user number at the bank"
    elif security.sm2_user_id != _padded(code):
        what = "is not the user code filled up with zeros to 16 characters"
        yield ("security", "sm2_user_id"), what, f"write {_padded(code)}"


def _identity(profile: BankProfile) -> tuple[bytes, bytes]:
    """User code and initial vector; ValueError where the profile cannot be right."""
    for key, what, remedy in profile_wrongs(profile):
        raise ValueError(f"bank {profile.bank}: {'.'.join(key)} {what}: {remedy}")
    code = profile.security.user_code or ""
    return code.encode("ascii"), _padded(code).encode("ascii")


def _padded(code: str) -> str:
    return code.ljust(_VECTOR_CHARACTERS, "0")


def _function(body: bytes, side: bytes) -> bytes | None:
    found = _FUNCTION.match(body)
    return found[2] if found is not None and found[1] == side else None


def _escaped(base64: bytes) -> bytes:
    """Percent-encoded; some ten times as quick as ``urllib.parse``, because base64 has only these three to escape."""
    for sign, escape in _ESCAPES:
        base64 = base64.replace(sign, escape)
    return base64


def _unescaped(data: bytes) -> bytes:
    """The reverse, capitals or not; an unescaped plus is a blank in a form, and so no base64."""
    data = data.replace(b"+", b" ")
    for sign, escape in _ESCAPES:
        data = data.replace(escape, sign)
    if b"%" in data:
        for sign, escape in _ESCAPES:
            data = data.replace(escape.lower(), sign)
    return data


def _fields(content: bytes) -> dict[bytes, bytes]:
    pairs = [part.partition(b"=") for part in content.split(b"&", len(_FIELDS))]
    if sorted(name for name, _, _ in pairs) != sorted(_FIELDS):
        raise MessageRefused("not a form of UID, ALG, FUNCODE and DATA, each once", clause="1.2")
    return {name: value for name, _, value in pairs}


def _sealed(data: bytes) -> bytes:
    sealed = _from_base64(_unescaped(data))
    _require(bool(sealed), "DATA", "is not canonical base64, percent-encoded", "1.2")
    return sealed


def _from_base64(text: bytes) -> bytes:
    """Empty where the text is not base64, or not the one spelling of its octets."""
    try:
        octets = b64decode(text, validate=True)
    except binascii.Error:
        return b""
    return octets if b64encode(octets) == text else b""


def _require(holds: bool, name: str, what: str, clause: str) -> None:
    if not holds:
        raise MessageRefused(what, field_name=name, clause=clause)
