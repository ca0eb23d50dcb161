from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.contract import SignatureInvalid
from crypto.signature_text import decode_signature, encode_signature


@settings(max_examples=50)
@given(st.binary(min_size=1, max_size=300), st.sampled_from(["base64", "hex", "HEX", "raw"]))
def test_round_trip(signature: bytes, encoding: str) -> None:
    assert decode_signature(encode_signature(signature, encoding), encoding) == signature


def test_spellings() -> None:
    assert encode_signature(b"\xff\x00", "base64") == b"/wA="
    assert encode_signature(b"\xff\x00", "hex") == b"ff00"
    assert encode_signature(b"\xff\x00", "HEX") == b"FF00"
    assert decode_signature("/wA=\r\n", "base64") == b"\xff\x00"
    assert decode_signature(b"FF00\n", "hex") == b"\xff\x00"
    assert decode_signature(b"\xff\n", "raw") == b"\xff\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("", "base64"),
        ("\n", "base64"),
        ("/wA", "base64"),  # padding left out
        ("/wB=", "base64"),  # the same octets, another spelling
        ("/w A=", "base64"),
        ("/wA=\n\n", "base64"),
        (" /wA=", "base64"),
        ("_wA=", "base64"),
        ("/wA=/wA=", "base64"),
        ("ff0", "hex"),
        ("fF00", "hex"),
        ("ff 00", "hex"),
        ("0xff", "hex"),
        ("ｆｆ00", "hex"),
        ("\n", "hex"),
        ("", "raw"),
        ("A" * 16_388, "base64"),
    ],
)
def test_refused(text: str, encoding: str) -> None:
    with pytest.raises(SignatureInvalid):
        decode_signature(text, encoding)


def test_an_unknown_encoding_is_our_error() -> None:
    with pytest.raises(ValueError, match="rot13"):
        encode_signature(b"x", "rot13")
    with pytest.raises(ValueError, match="rot13"):
        decode_signature(b"x", "rot13")
