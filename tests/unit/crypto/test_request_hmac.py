from __future__ import annotations

import pytest

from crypto.contract import KeyUnusable, SignatureInvalid
from crypto.request_hmac import VerifiedCall, sign, verify
from crypto.schemes import hmac_sha256

KEY = b"0123456789abcdef0123456789abcdef"
NOW = 1_770_000_000
BODY = b'{"lot_id":"L1"}'
NONCE = "nonce-1234"


def signed(**changes) -> dict[str, str]:
    asked = {"client": "gateway", "key": KEY, "method": "POST", "path": "/v1/lots", "body": BODY}
    return sign(**(asked | {"timestamp": NOW, "nonce": NONCE} | changes))


def verified(headers: dict[str, str], method: str = "POST", path: str = "/v1/lots", body: bytes = BODY, now: int = NOW):
    return verify({"gateway": KEY}.get, method, path, headers, body, now)


def test_hmac_of_rfc_4231() -> None:
    """Test case 3: key of 20 octets aa, fifty octets dd."""
    expected = "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    assert hmac_sha256.tag(b"\xaa" * 20, b"\xdd" * 50).hex() == expected
    with pytest.raises(KeyUnusable):
        hmac_sha256.tag(b"short", b"")


def test_the_documented_message() -> None:
    """The tag was made by ``openssl dgst -sha256 -hmac`` over the five lines of the provider's document."""
    assert signed() == {
        "X-Client": "gateway",
        "X-Timestamp": "1770000000",
        "X-Nonce": "nonce-1234",
        "X-Signature": "bd8e1a71454bb1b5c4deca6ba6e5aad502b190864748aa2d542cde31566bf40f",
    }


def test_round_trip_in_any_case_of_names() -> None:
    headers = {name.upper(): value for name, value in signed().items()}
    assert verified(headers) == VerifiedCall("gateway", NOW, NONCE)
    assert verified(signed(), now=NOW + 300).client == "gateway"


@pytest.mark.parametrize(
    "change",
    [
        {"method": "PUT"},
        {"path": "/v1/lots?x=1"},
        {"path": "/v1/lot\ns"},
        {"body": BODY + b" "},
        {"now": NOW + 301},
        {"now": NOW - 301},
        {"headers": {"X-Client": "other"}},
        {"headers": {"X-Timestamp": str(NOW + 1)}},
        {"headers": {"X-Timestamp": "０" * 10}},
        {"headers": {"X-Nonce": "nonce-12345"}},
        {"headers": {"X-Nonce": "nonce\n1234"}},
        {"headers": {"X-Signature": "0" * 64}},
        {"headers": {"X-Signature": ""}},
    ],
)
def test_refused(change) -> None:
    headers = signed() | change.pop("headers", {})
    with pytest.raises(SignatureInvalid):
        verified(headers, **change)


def test_upper_case_tags_and_missing_headers_are_refused() -> None:
    headers = signed()
    with pytest.raises(SignatureInvalid):
        verified(headers | {"X-Signature": headers["X-Signature"].upper()})
    for name in headers:
        with pytest.raises(SignatureInvalid, match=name):
            verified({other: value for other, value in headers.items() if other != name})


@pytest.mark.parametrize("change", [{"client": "a b"}, {"nonce": "short"}, {"timestamp": -1}, {"path": "lots"}])
def test_what_cannot_be_signed(change) -> None:
    with pytest.raises(ValueError, match="malformed"):
        signed(**change)
