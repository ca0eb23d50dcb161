"""The envelope of bank family ``merchant-json`` from the bank's side (签名加密 JSON 封装).

A posted form of UID, ALG, FUNCODE and DATA; in DATA, under SM4, JSON that ends with its SM2 signature. Written from
the bank's document on purpose, not from the gateway's envelope: the two check each other.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlencode

from crypto.contract import CipherName, MessageCipher, SealBroken, SignatureInvalid
from crypto.import_keys import import_sm4
from crypto.schemes.ciphers import CIPHERS
from crypto.schemes.sm2_keys import private_from_pem, public_from_pem
from crypto.schemes.sm2_sm3 import Sm2Signer, Sm2Verifier
from simulators.bank_contract import NotGenuine

_PLACEHOLDER: Final = b"__signature_sigdat__"
_TIME: Final = b"20260101000000"  # a simulated bank has no clock of its own; the gateway does not look at it
_FORM: Final = {"UID", "ALG", "FUNCODE", "DATA"}
_FUNCTION: Final = re.compile(rb'\A\{"re(?:quest|sponse)":\{"head":\{"funcode":"([0-9A-Z]{8})"')
_SIGNED: Final = re.compile(rb'\A(.+,"signature":\{"sigtim":"[0-9]{14}","sigdat":")([^"]*)("\}\})\Z', re.DOTALL)


@dataclass(frozen=True, slots=True)
class JsonSm4Seal:
    """``simulators.bank_contract.Seal``; ``secret`` 32, public keys 64 octets, ``shared`` the SM4 key of 16."""

    user_code: str
    secret: bytes
    public: bytes
    gateway_public: bytes
    shared: bytes
    cipher: CipherName = "sm4-cbc"

    @classmethod
    def load(
        cls, own: Path, gateway: Path, shared: Path, user_code: str, cipher: CipherName = "sm4-cbc"
    ) -> JsonSm4Seal:
        """From PKCS#8 and SubjectPublicKeyInfo PEM files, and a file of 32 hexadecimal digits; raises KeyUnusable."""
        secret, public = private_from_pem(own.read_text("ascii"))
        key = import_sm4(shared.read_text("ascii")).secret or b""
        return cls(user_code, secret, public, public_from_pem(gateway.read_text("ascii")), key, cipher)

    def close(self, message_id: str, body: bytes, how: str | None) -> tuple[bytes, bytes | None]:  # noqa: ARG002
        """See Seal; the signature is inside the content. ValueError for what is no message of this bank."""
        function = _FUNCTION.match(body)
        if function is None or not body.endswith(b"}"):
            raise ValueError("not a JSON message of this bank")
        start = body[:-1] + b',"signature":{"sigtim":"' + _TIME + b'","sigdat":"'
        signer = Sm2Signer("simulator", self.secret, self.public, self._identity, "raw")
        signer.update(start + (b"" if how == "bad-signature" else _PLACEHOLDER) + b'"}}')
        signature = b"" if how == "missing-signature" else b64encode(signer.signature())
        sealed = self._cipher.encrypt(start + signature + b'"}}', self._identity.encode("ascii"))
        data = b64encode(sealed).decode("ascii")
        form = {"UID": self.user_code, "ALG": "SM", "FUNCODE": function[1].decode("ascii"), "DATA": data}
        return urlencode(form).encode("ascii"), None

    def open(self, content: bytes, signature: bytes | None) -> bytes:  # noqa: ARG002
        """See Seal; whatever is wrong, the caller learns only that it is not genuine."""
        try:
            form = parse_qs(content.decode("ascii"), strict_parsing=True, max_num_fields=len(_FORM))
            if form.keys() != _FORM or (form["UID"], form["ALG"]) != ([self.user_code], ["SM"]):
                raise NotGenuine
            sealed = b64decode(form["DATA"][0], validate=True)
            plain = self._cipher.decrypt(sealed, self._identity.encode("ascii"))
            return self._verified(plain, form["FUNCODE"][0])
        except (UnicodeDecodeError, binascii.Error, ValueError, SealBroken, SignatureInvalid):
            raise NotGenuine from None

    def _verified(self, plain: bytes, function: str) -> bytes:
        parts, named = _SIGNED.match(plain), _FUNCTION.match(plain)
        if parts is None or named is None or named[1] != function.encode("ascii"):
            raise NotGenuine
        verifier = Sm2Verifier({"gateway": self.gateway_public}, self._identity, "raw")
        verifier.update(parts[1] + _PLACEHOLDER + parts[3])
        verifier.verify(b64decode(parts[2], validate=True))
        return plain[: plain.rindex(b',"signature":')] + b"}"

    @property
    def _identity(self) -> str:
        """Both the SM2 user id and what the SM4 cipher is given beforehand."""
        return self.user_code.ljust(16, "0")

    @property
    def _cipher(self) -> MessageCipher:
        return CIPHERS[self.cipher].make({"shared": self.shared}, "shared")
