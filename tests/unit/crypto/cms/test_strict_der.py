"""One spelling of every value: what DER is, and what is BER only."""

from __future__ import annotations

import pytest
from asn1crypto import core
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.cms.strict_der import MOST_DEPTH, NotDer, require_der


@pytest.mark.parametrize(
    "octets",
    [
        "0500",
        "0101ff",
        "010100",
        "020100",
        "02020080",
        "0202ff7f",
        "030100",
        "030204f0",
        "0400",
        "0603550403",
        "3000",
        "310702010102020080",
        "a003020101",
        "8001ff",
        "0481" + "80" + "00" * 128,
    ],
)
def test_der(octets: str) -> None:
    require_der(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        ("", "cut off"),
        ("05", "cut off"),
        ("0501", "cut off"),
        ("050100", "one spelling"),
        ("05000", "cut off"),
        ("050000", "octets follow"),
        ("010101", "one spelling"),
        ("0100", "one spelling"),
        ("0200", "one spelling"),
        ("02020001", "one spelling"),
        ("0202ff80", "one spelling"),
        ("0300", "one spelling"),
        ("030108", "one spelling"),
        ("030101", "one spelling"),
        ("030204ff", "one spelling"),
        ("0600", "one spelling"),
        ("060380550403"[:10], "one spelling"),
        ("06035504ff", "one spelling"),
        ("3080020101" + "0000", "length left open"),
        ("048103" + "000000", "padded length"),
        ("04820003" + "000000", "padded length"),
        ("04850000000003" + "000000", "length that cannot be"),
        ("0484ffffffff", "cut off"),
        ("24030401ff", "in pieces"),
        ("1000", "in pieces"),
        ("3107020200800201" + "01", "order of DER"),
        ("1f8101" + "00", "tag that no such structure has"),
        ("3003040500", "cut off"),
    ],
)
def test_not_der(octets: str, why: str) -> None:
    octets = octets if len(octets) % 2 == 0 else octets[:2]
    with pytest.raises(NotDer, match=why):
        require_der(bytes.fromhex(octets))


def test_depth_and_number_are_bounded() -> None:
    nested = b"\x05\x00"
    for _ in range(MOST_DEPTH + 2):
        nested = bytes((0x30, len(nested))) + nested
    with pytest.raises(NotDer, match="nested more than"):
        require_der(nested)
    many = b"\x05\x00" * 6_000
    with pytest.raises(NotDer, match="more than 5000 values"):
        require_der(b"\x30\x82" + len(many).to_bytes(2, "big") + many)


@given(numbers=st.lists(st.integers(-(2**70), 2**70), max_size=20), texts=st.lists(st.binary(max_size=200), max_size=5))
@settings(max_examples=60, deadline=None)
def test_what_a_library_writes_is_der(numbers: list[int], texts: list[bytes]) -> None:
    class Numbers(core.SetOf):
        _child_spec = core.Integer

    class Texts(core.SequenceOf):
        _child_spec = core.OctetString

    require_der(Numbers(numbers).dump())
    require_der(Texts(texts).dump())


@given(octets=st.binary(max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_octets_are_der_or_not(octets: bytes) -> None:
    try:
        require_der(octets)
    except NotDer as fault:
        assert len(str(fault)) < 120
