"""How the pair (r, s) of SM2 and ECDSA is written (签名值编码): one spelling of each pair, everything else is refused.

DER is decoded, range-checked, encoded again and compared, so that padded integers, long lengths, negative integers and
trailing octets do not pass; raw is exactly r‖s, each as long as the order of the group.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from crypto.contract import Form, SignatureInvalid


def written(r: int, s: int, form: Form, order: int) -> bytes:
    """DER SEQUENCE{r, s}, or r‖s."""
    if form == "der":
        return encode_dss_signature(r, s)
    width = _width(order)
    return r.to_bytes(width, "big") + s.to_bytes(width, "big")


def read(signature: bytes, form: Form, order: int) -> tuple[int, int]:
    """r and s, both in [1, order - 1]; raises SignatureInvalid."""
    r, s = _from_raw(signature, _width(order)) if form == "raw" else _from_der(signature)
    if not (0 < r < order and 0 < s < order):
        raise SignatureInvalid("r or s of the signature is outside the group")
    return r, s


def canonical_der(signature: bytes, form: Form, order: int) -> bytes:
    """The signature in DER, as libraries want it; raises SignatureInvalid."""
    return encode_dss_signature(*read(signature, form, order))


def _width(order: int) -> int:
    return (order.bit_length() + 7) // 8


def _from_raw(signature: bytes, width: int) -> tuple[int, int]:
    if len(signature) != 2 * width:
        raise SignatureInvalid(f"a raw signature r‖s has {2 * width} octets here, not {len(signature)}")
    return int.from_bytes(signature[:width], "big"), int.from_bytes(signature[width:], "big")


def _from_der(der: bytes) -> tuple[int, int]:
    try:
        r, s = decode_dss_signature(der)
    except ValueError as error:
        raise SignatureInvalid("the signature is not DER SEQUENCE{r, s}") from error
    if r < 0 or s < 0 or encode_dss_signature(r, s) != der:
        raise SignatureInvalid("the signature is not canonical DER")
    return r, s
