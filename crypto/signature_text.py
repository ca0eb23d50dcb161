"""How signature octets travel in files and headers: base64, hex or as they are; one spelling each way, strictly."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode

from crypto.contract import SignatureInvalid

LONGEST_TEXT = 16_384
_HEX = re.compile(rb"[0-9a-f]+|[0-9A-F]+")


def encode_signature(signature: bytes, encoding: str) -> bytes:
    """The text of a signature without a line end; ``encoding`` is base64, hex, HEX or raw, else ValueError."""
    if encoding == "base64":
        return b64encode(signature)
    if encoding == "hex":
        return signature.hex().encode()
    if encoding == "HEX":
        return signature.hex().upper().encode()
    if encoding == "raw":
        return signature
    raise ValueError(f"unknown signature encoding {encoding!r}: base64, hex, HEX or raw")


def decode_signature(text: bytes | str, encoding: str) -> bytes:
    """The signature octets; raises SignatureInvalid.

    Text forms may end in one line end, as a detached signature file does. Hex is taken in either case but not mixed;
    base64 must be padded and canonical, without white space inside.
    """
    octets = text.encode("utf-8", "replace") if isinstance(text, str) else text
    if not octets or len(octets) > LONGEST_TEXT:
        raise SignatureInvalid(f"a signature of {len(octets)} octets is empty or too long")
    if encoding == "raw":
        return octets
    if encoding not in ("base64", "hex", "HEX"):
        raise ValueError(f"unknown signature encoding {encoding!r}: base64, hex, HEX or raw")
    line = octets.removesuffix(b"\n").removesuffix(b"\r")
    return _from_base64(line) if encoding == "base64" else _from_hex(line)


def _from_base64(line: bytes) -> bytes:
    try:
        signature = b64decode(line, validate=True)
    except binascii.Error as error:
        raise SignatureInvalid("the signature is not base64") from error
    if not signature or b64encode(signature) != line:
        raise SignatureInvalid("the signature is not canonical base64")
    return signature


def _from_hex(line: bytes) -> bytes:
    if len(line) % 2 or not _HEX.fullmatch(line):
        raise SignatureInvalid("the signature is not hexadecimal")
    return bytes.fromhex(line.decode("ascii"))
