"""The form around signed JSON: what leaves is what OpenSSL reads, what comes is believed only when it verifies."""

from __future__ import annotations

import re
import shutil
import subprocess
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.contract import MessageRefused
from adapters.envelopes.contract import Envelope, Outer
from adapters.envelopes.json_sm4 import JsonSm4Envelope, profile_wrongs
from crypto.contract import CryptoError, SealBroken, SignatureInvalid
from crypto.schemes.sm2_keys import public_to_pem
from crypto.schemes.sm4_cbc import Sm4CbcCipher

ENVELOPE: Envelope = JsonSm4Envelope()
IDENTITY = b"N530100021000000"
REQUEST = (
    '{"request":{"head":{"funcode":"BB6BTHHL","userid":"N530100021","reqid":"M1"},"body":{"MEMO":"补贴"}}}'.encode()
)
RESPONSE = REQUEST.replace(b"request", b"response")
OUTER = Outer("M1", "instruction", datetime(2026, 3, 2, 17, 30, 15, tzinfo=UTC))
PLACEHOLDER = b"__signature_sigdat__"


def by_the_bank(
    side, body=RESPONSE, *, signed=None, tail=b',"signature":{"sigtim":"20260303013015","sigdat":"%s"}}', **form
):
    """A bank's message made step by step; ``signed`` replaces the octets that are signed."""
    signer = side.signer()
    signer.update(signed if signed is not None else body[:-1] + tail.replace(b"%s", PLACEHOLDER))
    plain = body[:-1] + tail.replace(b"%s", b64encode(signer.signature()))
    data = b64encode(Sm4CbcCipher({"k": side.shared}, "k").encrypt(plain, IDENTITY)).decode()
    return urlencode({"UID": "N530100021", "ALG": "SM", "FUNCODE": "BB6BTHHL", "DATA": data, **form}).encode()


@pytest.fixture(scope="module")
def whole_form(sides) -> bytes:
    return by_the_bank(sides[1])


def test_it_is_registered():
    from adapters.envelopes.registry import ENVELOPES

    assert isinstance(ENVELOPES["json-sm4"], JsonSm4Envelope)


def test_the_form_opens_with_openssl(shipped, sides, tmp_path: Path):
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not installed")

    def openssl(*arguments: str, **options) -> bytes:
        command = ["openssl", *arguments]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=30, **options).stdout

    ours, _ = sides
    content, key_id = ENVELOPE.seal(shipped, OUTER, REQUEST, ours)
    form = parse_qs(content.decode("ascii"), strict_parsing=True)
    assert {name: values[0] for name, values in form.items() if name != "DATA"} == {
        "UID": "N530100021",
        "ALG": "SM",
        "FUNCODE": "BB6BTHHL",
    }
    sealed = b64decode(form["DATA"][0], validate=True)
    plain = openssl("enc", "-d", "-sm4-cbc", "-K", ours.shared.hex(), "-iv", IDENTITY.hex(), input=sealed)
    tail = re.search(rb',"signature":\{"sigtim":"20260303013015","sigdat":"([^"]{88})"\}\}\Z', plain)
    assert tail is not None and plain[: tail.start()] + b"}" == REQUEST
    signature = b64decode(tail[1])
    numbers = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    (tmp_path / "der").write_bytes(encode_dss_signature(*numbers))
    (tmp_path / "signed").write_bytes(plain.replace(tail[1], PLACEHOLDER))
    (tmp_path / "public.pem").write_text(public_to_pem(ours.public))
    openssl(
        *("pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{IDENTITY.decode()}"),
        *("-pubin", "-inkey", "public.pem", "-in", "signed", "-sigfile", "der"),
    )
    assert key_id == "own"


def test_a_bank_s_message_opens(shipped, sides):
    ours, bank = sides
    opened = ENVELOPE.open(shipped, by_the_bank(bank), ours)
    assert (opened.body, opened.key_id) == (RESPONSE, "other")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"UID": "N530100022"}, "UID"),
        ({"UID": ""}, "UID"),
        ({"ALG": "RSA"}, "ALG"),
        ({"ALG": "sm"}, "ALG"),
        ({"FUNCODE": "BB6DTLQY"}, "FUNCODE"),
        ({"DATA": ""}, "DATA"),
        ({"DATA": "%%%%"}, "DATA"),
        ({"DATA": "AAAA AAAA"}, "DATA"),
        ({"DATA": "QUJDRA="}, "DATA"),
        ({"DATA": "QUJDRB=="}, "DATA"),
        ({"MORE": "x"}, "UID, ALG, FUNCODE and DATA"),
    ],
)
def test_the_form_is_the_document_s(shipped, sides, change, place):
    ours, bank = sides
    with pytest.raises(MessageRefused, match=place):
        ENVELOPE.open(shipped, by_the_bank(bank, **change), ours)


@pytest.mark.parametrize(
    "content",
    [b"", b"&&&", b"{}", b"UID=N530100021&ALG=SM&FUNCODE=BB6BTHHL", b"UID=1&UID=1&ALG=SM&DATA=", b"\xff" * 40],
)
def test_anything_else_is_no_form(shipped, sides, content):
    with pytest.raises(MessageRefused, match="not a form"):
        ENVELOPE.open(shipped, content, sides[0])


def test_an_unescaped_plus_is_a_blank(shipped, sides):
    ours, bank = sides
    forms = (by_the_bank(bank, RESPONSE.replace(b"M1", b"M%d" % number)) for number in range(100))
    content = next(content for content in forms if b"%2B" in content)
    with pytest.raises(MessageRefused, match="base64"):
        ENVELOPE.open(shipped, content.replace(b"%2B", b"+"), ours)


@pytest.mark.parametrize(
    "options",
    [
        {"signed": RESPONSE},
        {"signed": b""},
        {"body": RESPONSE.replace(b"M1", b"M2"), "signed": RESPONSE},
        {"tail": b"}"},
        {"tail": b',"signature":{"sigtim":"20260303013015","sigdat":""}}'},
        {"tail": b',"signature":{"sigtim":"2026030301301","sigdat":"%s"}}'},
        {"tail": b',"signature":{"sigdat":"%s","sigtim":"20260303013015"}}'},
        {"tail": b',"signature":{"sigtim":"20260303013015","sigdat":"%s"},"more":1}'},
        {"tail": b',"signature":{"sigtim":"20260303013015","sigdat":"%s"}}\n'},
        {"tail": b""},
    ],
)
def test_without_a_good_signature_nothing_is_taken(shipped, sides, options):
    ours, bank = sides
    with pytest.raises(SignatureInvalid):
        ENVELOPE.open(shipped, by_the_bank(bank, **options), ours)


def test_a_signature_has_one_spelling(shipped, sides):
    """The last character before the padding carries four bits that mean nothing."""
    ours, bank = sides
    signer = bank.signer()
    tail = b',"signature":{"sigtim":"20260303013015","sigdat":"%s"}}'
    signer.update(RESPONSE[:-1] + tail % PLACEHOLDER)
    text = b64encode(signer.signature())
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = text[:85] + letters[letters.index(text[85]) ^ 1 :][:1] + b"=="
    assert b64decode(other) == b64decode(text)
    for spelling in (text, other):
        sealed = Sm4CbcCipher({"k": bank.shared}, "k").encrypt(RESPONSE[:-1] + tail % spelling, IDENTITY)
        content = by_the_bank(bank, DATA=b64encode(sealed).decode())
        if spelling is text:
            assert ENVELOPE.open(shipped, content, ours).body == RESPONSE
        else:
            with pytest.raises(SignatureInvalid):
                ENVELOPE.open(shipped, content, ours)


def test_our_own_message_sent_back_is_not_the_bank_s(shipped, sides):
    ours, bank = sides
    content, _ = ENVELOPE.seal(shipped, OUTER, REQUEST, ours)
    with pytest.raises(CryptoError):
        ENVELOPE.open(shipped, content, ours)
    with pytest.raises(SignatureInvalid):
        ENVELOPE.open(shipped, by_the_bank(ours), ours)
    with pytest.raises(SealBroken):
        ENVELOPE.open(shipped, by_the_bank(bank, REQUEST), ours)


def test_what_does_not_decrypt_says_nothing(shipped, sides):
    ours, bank = sides
    form = parse_qs(by_the_bank(bank).decode())
    sealed = b64decode(form["DATA"][0])
    words = set()
    for octets in (
        *(sealed[:-1], sealed[:-16], sealed + bytes(16), sealed[:16]),
        Sm4CbcCipher({"k": bytes(16)}, "k").encrypt(RESPONSE, IDENTITY),
        Sm4CbcCipher({"k": bank.shared}, "k").encrypt(RESPONSE, bytes(16)),
    ):
        content = by_the_bank(bank, DATA=b64encode(octets).decode())
        with pytest.raises(SealBroken) as refused:
            ENVELOPE.open(shipped, content, ours)
        words.add(str(refused.value))
    assert len(words) == 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), change=st.integers(1, 255))
def test_no_changed_octet_gets_through(shipped, sides, whole_form, place, change):
    at = place % len(whole_form)
    broken = whole_form[:at] + bytes([whole_form[at] ^ change]) + whole_form[at + 1 :]
    try:
        opened = ENVELOPE.open(shipped, broken, sides[0])
    except (MessageRefused, CryptoError):
        return
    assert opened.body == RESPONSE  # %2B spelled %2b


def test_sizes_are_the_profile_s(profile, sides):
    ours, bank = sides
    content = by_the_bank(bank)
    assert ENVELOPE.open(profile(result_bytes=len(content)), content, ours).body == RESPONSE
    with pytest.raises(MessageRefused, match="octets"):
        ENVELOPE.open(profile(result_bytes=len(content) - 1), content, ours)
    with pytest.raises(ValueError, match="bytes_per_file"):
        ENVELOPE.seal(profile(bytes_per_file=len(REQUEST) - 1), OUTER, REQUEST, ours)


def test_only_the_dialect_s_json_is_sealed(shipped, sides):
    for body in (b"", b"{}", RESPONSE, b'{"request":{"body":{},"head":{}}}'):
        with pytest.raises(ValueError, match="signed-json"):
            ENVELOPE.seal(shipped, OUTER, body, sides[0])


@pytest.mark.parametrize(
    ("security", "key", "remedy"),
    [
        ({"user_code": "N53010002"}, "user_code", "user number"),
        ({"user_code": "N5301000211"}, "user_code", "user number"),
        ({"user_code": "N53010002招"}, "user_code", "user number"),
        ({"user_code": None}, "user_code", "user number"),
        ({"sm2_user_id": "1234567812345678"}, "sm2_user_id", "write N530100021000000"),
        ({"form": "der"}, "scheme", "form: raw"),
        ({"scheme": "rsa-pkcs1-sha256"}, "scheme", "sm2-sm3"),
        ({"encryption_key": None}, "encryption_key", "alias of the SM4 key"),
    ],
)
def test_a_profile_that_cannot_work_says_so(shipped, profile, sides, security, key, remedy):
    ours, bank = sides
    wrong = profile(security)
    assert [found[0] for found in profile_wrongs(wrong)] == [("security", key)]
    for use in (
        lambda: ENVELOPE.seal(wrong, OUTER, REQUEST, ours),
        lambda: ENVELOPE.open(wrong, by_the_bank(bank), ours),
    ):
        with pytest.raises(ValueError, match=f"security.{key}.*{remedy}"):
            use()
    assert list(profile_wrongs(shipped)) == []
