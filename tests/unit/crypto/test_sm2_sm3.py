"""SM2/SM3 against the standard's own example, against OpenSSL both ways, and against forged spellings."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from crypto.contract import KeyUnusable, SignatureInvalid
from crypto.import_keys import import_private, import_public
from crypto.schemes import sm2_keys, sm2_library
from crypto.schemes.sm2_sm3 import Sm2Signer, Sm2Verifier, identity_digest

DEFAULT_ID = "1234567812345678"
# GB/T 32918.5-2017 (GM/T 0003.5) Annex A.2: message "message digest", the recommended curve, the default id.
SECRET = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
PUBLIC = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)
MESSAGE = b"message digest"


def sm3(data: bytes) -> str:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize().hex()


def signed(message: bytes = MESSAGE, user_id: str = DEFAULT_ID, form: str = "der") -> bytes:
    signer = Sm2Signer("k", SECRET, PUBLIC, user_id, form)
    signer.update(message)
    return signer.signature()


def verified(signature: bytes, message: bytes = MESSAGE, user_id: str = DEFAULT_ID, form: str = "der") -> str:
    verifier = Sm2Verifier({"k": PUBLIC}, user_id, form)
    verifier.update(message)
    return verifier.verify(signature)


def test_sm3_examples_of_the_standard() -> None:
    """GB/T 32905 Annex A: "abc", and "abcd" sixteen times."""
    assert sm3(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm3(b"abcd" * 16) == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


def test_identity_digest_of_the_standard() -> None:
    expected = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
    assert identity_digest(PUBLIC, DEFAULT_ID.encode()).hex() == expected


def test_signature_of_the_standard_verifies() -> None:
    assert verified(SIGNATURE, form="raw") == "k"


def test_signatures_differ_and_verify_in_both_forms() -> None:
    assert signed() != signed()
    assert verified(signed()) == "k"
    assert verified(signed(form="raw"), form="raw") == "k"


def test_a_stream_in_pieces_is_the_same_message() -> None:
    verifier = Sm2Verifier({"k": PUBLIC}, DEFAULT_ID, "der")
    for octet in MESSAGE:
        verifier.update(bytes([octet]))
    assert verifier.verify(signed()) == "k"


def test_the_key_that_signed_is_named() -> None:
    others = {f"other-{number}": sm2_library.generate()[1] for number in range(2)}
    verifier = Sm2Verifier({**others, "k": PUBLIC}, DEFAULT_ID, "der")
    verifier.update(MESSAGE)
    assert verifier.verify(signed()) == "k"


def test_other_message_user_id_or_key_is_refused() -> None:
    with pytest.raises(SignatureInvalid):
        verified(signed(), message=b"message digesT")
    with pytest.raises(SignatureInvalid):
        verified(signed(), user_id="8765432187654321")
    with pytest.raises(SignatureInvalid):
        Sm2Verifier({"k": sm2_library.generate()[1]}, DEFAULT_ID, "der").verify(signed())


def respelled() -> dict[str, bytes]:
    der = signed()
    r, s = decode_dss_signature(der)
    padded = b"\x02\x22\x00\x00" if der[4:5] == b"\x00" else b"\x02\x21\x00"
    inner = padded + r.to_bytes(32, "big") + encode_dss_signature(r, s)[4 + der[3] :]
    return {
        "padded r": b"\x30" + bytes([len(inner)]) + inner,
        "long form length": b"\x30\x81" + der[1:],
        "trailing octet": der + b"\x00",
        "cut": der[:-1],
        "empty": b"",
        "s negated as ECDSA allows": encode_dss_signature(r, sm2_keys.GROUP_ORDER - s),
        "s plus the order": encode_dss_signature(r, s + sm2_keys.GROUP_ORDER),
        "zeros": encode_dss_signature(0, 0),
        "swapped": encode_dss_signature(s, r),
        "raw where DER is agreed": r.to_bytes(32, "big") + s.to_bytes(32, "big"),
    }


@pytest.mark.parametrize("name", sorted(respelled()))
def test_another_spelling_is_refused(name: str) -> None:
    with pytest.raises(SignatureInvalid):
        verified(respelled()[name])


@pytest.mark.parametrize("signature", [SIGNATURE[:-1], SIGNATURE + b"\x00", bytes(64), b"\xff" * 64, signed()])
def test_raw_form_is_64_octets_within_the_group(signature: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        verified(signature, form="raw")


@pytest.mark.parametrize("octet", range(0, 64, 7))
def test_a_changed_octet_is_refused(octet: int) -> None:
    changed = bytearray(SIGNATURE)
    changed[octet] ^= 1
    with pytest.raises(SignatureInvalid):
        verified(bytes(changed), form="raw")


def test_keys_outside_their_range_are_refused() -> None:
    with pytest.raises(KeyUnusable, match="range"):
        sm2_keys.checked_secret(bytes(32))
    with pytest.raises(KeyUnusable, match="range"):
        sm2_keys.checked_secret((sm2_keys.GROUP_ORDER - 1).to_bytes(32, "big"))
    with pytest.raises(KeyUnusable, match="point"):
        sm2_keys.checked_point(PUBLIC[:-1] + b"\x00")
    with pytest.raises(KeyUnusable, match="user id"):
        identity_digest(PUBLIC, b"x" * 8192)


def test_pem_both_ways_is_what_openssl_writes(openssl, tmp_path: Path) -> None:
    openssl("genpkey", "-algorithm", "SM2", "-out", "key.pem")
    openssl("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
    private = (tmp_path / "key.pem").read_text()
    public = (tmp_path / "public.pem").read_text()
    secret, point = sm2_keys.private_from_pem(private)
    assert sm2_keys.private_to_pem(secret, point) == private
    assert sm2_keys.public_from_pem(public) == point
    assert sm2_keys.public_to_pem(point) == public


def test_public_key_of_a_bank_certificate(openssl, tmp_path: Path) -> None:
    openssl("genpkey", "-algorithm", "SM2", "-out", "key.pem")
    openssl(
        *("req", "-new", "-x509", "-key", "key.pem", "-sm3", "-sigopt", f"distid:{DEFAULT_ID}"),
        *("-subj", "/C=CN/O=Rural Bank/CN=sign", "-days", "3", "-out", "bank.pem"),
    )
    material = import_public("sm2", (tmp_path / "bank.pem").read_text())
    assert material.public == import_private("sm2", (tmp_path / "key.pem").read_text()).public


def test_a_key_on_another_curve_is_refused(openssl, tmp_path: Path) -> None:
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "key.pem")
    openssl("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem")
    with pytest.raises(KeyUnusable, match="not on the SM2 curve"):
        import_public("sm2", (tmp_path / "public.pem").read_text())
    with pytest.raises(KeyUnusable, match="not on the SM2 curve"):
        import_private("sm2", (tmp_path / "key.pem").read_text())


@pytest.mark.parametrize("user_id", [DEFAULT_ID, "N002462463000000"])
def test_openssl_verifies_ours(openssl, tmp_path: Path, user_id: str) -> None:
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "signature").write_bytes(signed(user_id=user_id))
    (tmp_path / "public.pem").write_text(sm2_keys.public_to_pem(PUBLIC))
    verify = ("pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-in", "message", "-sigfile", "signature")
    key = ("-pubin", "-inkey", "public.pem", "-pkeyopt")
    assert openssl(*verify, *key, f"distid:{user_id}").returncode == 0
    assert openssl(*verify, *key, "distid:another", check=False).returncode != 0


@pytest.mark.parametrize("user_id", [DEFAULT_ID, "N002462463000000"])
def test_we_verify_openssl(openssl, tmp_path: Path, user_id: str) -> None:
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "key.pem").write_text(sm2_keys.private_to_pem(SECRET, PUBLIC))
    sign = ("pkeyutl", "-sign", "-rawin", "-digest", "sm3", "-in", "message", "-out", "signature", "-inkey", "key.pem")
    openssl(*sign, "-pkeyopt", f"distid:{user_id}")
    signature = (tmp_path / "signature").read_bytes()
    assert verified(signature, user_id=user_id) == "k"
    with pytest.raises(SignatureInvalid):
        verified(signature, user_id="another")
