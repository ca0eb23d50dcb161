"""Certificates and lists with octets changed, cut and put in: refused, or judged; never a crash."""

from __future__ import annotations

from base64 import encodebytes
from datetime import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.certificates import read_certificates, validate
from crypto.contract import KeyUnusable
from crypto.import_keys import import_public
from crypto.key_material import Algorithm, KeyMaterial, check
from crypto.revocation_lists import read_lists

CHANGES = st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 3), st.binary(max_size=3)), min_size=1, max_size=3)

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a")  # odd serial numbers, told by the parser


def changed(octets: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for where, length, new in changes:
        place = int(where * len(octets))
        octets = octets[:place] + new + octets[place + length :]
    return octets


def pem(der: bytes) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{encodebytes(der).decode()}-----END CERTIFICATE-----\n"


def test_certificates(issue: Any, root: Any, now: datetime) -> None:
    whole = issue("bank", root).certificate.parsed.public_bytes(Encoding.DER)

    @settings(max_examples=300)
    @given(CHANGES)
    def holds(changes: list[tuple[float, int, bytes]]) -> None:
        octets = changed(whole, changes)
        for use in (
            lambda: validate(read_certificates(pem(octets)), [root.certificate], now, use="tls-server", name="bank"),
            lambda: check(KeyMaterial(Algorithm.X509, pem(octets))),
            lambda: import_public("sm2", pem(octets)),
            lambda: import_public("ecdsa", pem(octets)),
        ):
            try:
                use()
            except KeyUnusable as refused:
                assert str(refused)

    holds()


def test_lists(root: Any) -> None:
    whole = read_lists(root.crl(5, 6))[0].parsed.public_bytes(Encoding.DER)

    @settings(max_examples=300)
    @given(CHANGES)
    def holds(changes: list[tuple[float, int, bytes]]) -> None:
        octets = changed(whole, changes)
        try:
            for one in read_lists(octets):
                one.require_from(root.certificate)
                one.require_not_listed(root.certificate)
        except KeyUnusable:
            return
        assert octets == whole

    holds()
