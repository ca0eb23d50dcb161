"""The envelope of a posted form (表单封装): the XML as a field, its signature as another.

    Version=1.0.0.0&GroupCIS=<user>&TransCode=<code>&PackageID=<id>&reqData=<XML, percent-encoded>&Sign=<signature>

Signed are the octets of the XML, before any encoding for the form. The bank's reply is a form too, ``reqData`` being
the base64 of its XML: ``reqData=<base64>&Sign=<signature>``. Source: facts B.2, 工行.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Final

import numpy as np

from adapters.contract import MessageRefused
from adapters.envelopes.contract import EnvelopeKeys, Opened, Outer
from adapters.profile import BankProfile
from crypto.contract import SignatureInvalid
from crypto.signature_text import LONGEST_TEXT, decode_signature, encode_signature

VERSION: Final = b"1.0.0.0"
DATA: Final = b"reqData"
SIGN: Final = b"Sign"

_TRANS_CODE: Final = re.compile(rb"<TransCode>([0-9A-Za-z]{1,20})</TransCode>")
_HEAD_OCTETS: Final = 1_024
_FORM_GROWTH: Final = 5  # base64 makes 4 of 3, and each of its signs may be written as three
_ESCAPES: Final = {b"+": (b"%2B", b"%2b"), b"/": (b"%2F", b"%2f"), b"=": (b"%3D", b"%3d")}
_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-._")
_WRITTEN: Final = [
    bytes([octet]) if octet in _PLAIN else b"+" if octet == 0x20 else b"%%%02X" % octet for octet in range(256)
]
_OCTETS: Final = np.array([list(written.ljust(3, b"\0")) for written in _WRITTEN], dtype=np.uint8)
_USED: Final = np.array([[place < len(written) for place in range(3)] for written in _WRITTEN])


class FormEnvelope:
    """``adapters.envelopes.contract.Envelope``; holds nothing."""

    def seal(self, profile: BankProfile, outer: Outer, body: bytes, keys: EnvelopeKeys) -> tuple[bytes, str]:
        """The form's octets; ValueError where the profile or the body lacks what the form says about them."""
        user, code = profile.security.user_code, _TRANS_CODE.search(body, 0, _HEAD_OCTETS)
        if user is None or code is None:
            raise ValueError(f"bank {profile.bank}: the form needs security.user_code, and a TransCode in the message")
        signer = keys.signer()
        signer.update(body)
        signature = encode_signature(signer.signature(), profile.security.encoding)
        fields = {
            b"Version": VERSION,
            b"GroupCIS": user.encode(),
            b"TransCode": code[1],
            b"PackageID": outer.message_id.encode(),
            DATA: body,
            SIGN: signature,
        }
        return b"&".join(b"%b=%b" % (name, percent_encoded(value)) for name, value in fields.items()), signer.key_id

    def open(self, profile: BankProfile, content: bytes, keys: EnvelopeKeys) -> Opened:
        """The XML of the bank's form, verified; raises SignatureInvalid, MessageRefused."""
        most = profile.limits.result_bytes
        if len(content) > most * _FORM_GROWTH + LONGEST_TEXT:
            raise MessageRefused(f"the form has room for more than the {most} octets allowed")
        fields = _fields(content)
        body = _decoded(fields[DATA])
        if len(body) > most:
            raise MessageRefused(f"the message has more than {most} octets", field_name="reqData")
        verifier = keys.verifier()
        verifier.update(body)
        return Opened(body, verifier.verify(decode_signature(fields[SIGN], profile.security.encoding)))


def percent_encoded(octets: bytes) -> bytes:
    """As the value of a form field (application/x-www-form-urlencoded), all octets at once."""
    values = np.frombuffer(octets, dtype=np.uint8)
    encoded: bytes = _OCTETS[values][_USED[values]].tobytes()
    return encoded


def _fields(content: bytes) -> dict[bytes, bytes]:
    pairs = [part.partition(b"=") for part in content.rstrip(b"\r\n").split(b"&", 2)]
    names = [name for name, _, _ in pairs]
    if SIGN not in names:
        raise SignatureInvalid("the bank's form has no field Sign")
    if sorted(names) != sorted((DATA, SIGN)):
        raise MessageRefused("the bank's form must have reqData and Sign, each once, and nothing else")
    return {name: _unescaped(value) for name, _, value in pairs}


def _unescaped(value: bytes) -> bytes:
    """Base64 has three signs to escape, hexadecimal none; whatever else is escaped is neither, and refused as such."""
    for sign, escapes in _ESCAPES.items():
        for escape in escapes:
            value = value.replace(escape, sign)
    return value


def _decoded(data: bytes) -> bytes:
    try:
        return b64decode(data, validate=True)
    except binascii.Error:
        raise MessageRefused("is not base64", field_name="reqData") from None
