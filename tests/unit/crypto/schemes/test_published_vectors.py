"""Published examples: RFC 8032, RFC 4231, RFC 6979, RFC 8998, SP 800-38D. SM2, SM3 and SM4-CBC have files of their own."""

from __future__ import annotations

from collections.abc import Callable

import gmssl_pyx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crypto.contract import KeyUnusable, SchemeParameters
from crypto.schemes import ecdsa_keys, ed25519
from crypto.schemes.gcm import aes_256_gcm, sm4_gcm
from crypto.schemes.registry import SCHEMES

Check = Callable[..., bool]

RFC_8032 = [  # 7.1: secret, message, signature of tests 1 to 3
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
        "655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb"
        "00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
        "c027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("secret", "message", "signature"), RFC_8032)
def test_ed25519_of_rfc_8032(sign, genuine: Check, secret: str, message: str, signature: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    said, expected = bytes.fromhex(message), bytes.fromhex(signature)
    assert sign("ed25519", ed25519.private_to_der(key), said) == expected
    assert genuine("ed25519", ed25519.public_to_pem(key.public_key()), said, expected)


RFC_4231 = [  # 4.2, 4.4, 4.7, 4.8
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
        b"hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]


@pytest.mark.parametrize(("key", "message", "tag"), RFC_4231)
def test_hmac_sha256_of_rfc_4231(sign, genuine: Check, key: bytes, message: bytes, tag: str) -> None:
    assert sign("hmac-sha256", key, message).hex() == tag
    assert genuine("hmac-sha256", key, message, bytes.fromhex(tag))


@pytest.mark.parametrize("scheme", ["hmac-sha256", "hmac-sm3"])
def test_the_short_key_of_rfc_4231_4_3_is_refused(sign, scheme: str) -> None:
    with pytest.raises(KeyUnusable, match="at least 16"):
        sign(scheme, b"Jefe", b"what do ya want for nothing?")


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 1000])
def test_hmac_sm3_is_that_of_gmssl(sign, genuine: Check, length: int) -> None:
    """An implementation of other hands, keys shorter than a block, as long, and longer."""
    for key in (b"k" * 16, b"k" * 64, b"k" * 65):
        message = bytes(number % 251 for number in range(length))
        tag = gmssl_pyx.sm3_hmac(key, message)
        assert sign("hmac-sm3", key, message) == tag
        assert genuine("hmac-sm3", key, message, tag)


RFC_6979 = [  # A.2.5 and A.2.6, messages "sample" and "test"
    (
        "ecdsa-p256-sha256",
        ec.SECP256R1(),
        0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721,
        b"sample",
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    ),
    (
        "ecdsa-p256-sha256",
        ec.SECP256R1(),
        0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721,
        b"test",
        "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
        "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
    ),
    (
        "ecdsa-p384-sha384",
        ec.SECP384R1(),
        0x6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5,
        b"sample",
        "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46"
        "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8",
    ),
]


@pytest.mark.parametrize(("scheme", "curve", "secret", "message", "signature"), RFC_6979)
def test_ecdsa_of_rfc_6979(
    genuine: Check, scheme: str, curve: ec.EllipticCurve, secret: int, message: bytes, signature: str
) -> None:
    """Some of its s are in the upper half of the group: the standard knows no rule against that."""
    public = ecdsa_keys.public_to_pem(ec.derive_private_key(secret, curve).public_key())
    assert genuine(scheme, public, message, bytes.fromhex(signature), "raw")
    assert not genuine(scheme, public, message + b".", bytes.fromhex(signature), "raw")


def test_sm4_gcm_of_rfc_8998() -> None:
    """A.1; the nonce stands in front, as we carry it."""
    key, nonce = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), "00001234567800000000ABCD"
    sealed = bytes.fromhex(
        nonce + "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )
    plain = b"".join(bytes([octet]) * 8 for octet in b"\xaa\xbb\xcc\xdd\xee\xff\xee\xaa")
    associated = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    assert sm4_gcm({"k": key}, "k").decrypt(sealed, associated) == plain


def test_sm4_gcm_is_that_of_gmssl() -> None:
    key, iv = bytes(range(16)), b"N530100021000000"
    for length in (1, 16, 1000):
        plain = bytes(number % 251 for number in range(length))
        sealed = sm4_gcm({"k": key}, "k").encrypt(plain, iv)
        nonce, body, tag = sealed[:12], sealed[12:-16], sealed[-16:]
        assert gmssl_pyx.sm4_gcm_encrypt(key, nonce, iv, plain) == (body, tag)


def test_aes_256_gcm_of_the_standard() -> None:
    """Test case 16 of the paper behind SP 800-38D."""
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
    sealed = bytes.fromhex(
        "cafebabefacedbaddecaf888"
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )
    plain = (
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    associated = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    assert aes_256_gcm({"k": key}, "k").decrypt(sealed, associated).hex() == plain


def test_a_verifier_takes_public_keys_and_an_hmac_takes_secrets() -> None:
    with pytest.raises(KeyUnusable, match="shared secret"):
        SCHEMES["hmac-sm3"].verifier({"k": "-----BEGIN PUBLIC KEY-----"}, SchemeParameters("hmac-sm3"))
    with pytest.raises(KeyUnusable, match="in PEM"):
        SCHEMES["ed25519"].verifier({"k": bytes(32)}, SchemeParameters("ed25519"))
