"""Keys that both sides know: an SM4 key for messages, a password for a broker; their life is that of every key."""

from __future__ import annotations

from datetime import date

import pytest

from crypto.contract import KeyUnusable, SealBroken
from crypto.generate import generate_key
from crypto.import_keys import import_secret, import_sm4
from crypto.key_material import Algorithm, KeyMaterial, check
from crypto.keystore import Keystore

ACTIVE = {"state": "ACTIVE"}
IV = b"N003261207000000"
HEX = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"


def test_a_cipher_outlives_saving(keystore: Keystore, passphrase: str) -> None:
    keystore.add("bank-sm4", "encrypt", import_sm4(HEX.upper() + "\r\n"), **ACTIVE)
    keystore.add("bank-amqp-password", "transport", import_secret("口令 with blanks\n"), **ACTIVE)
    keystore.save()
    again = Keystore.open(keystore.path, passphrase, today=lambda: date(2026, 5, 1))
    sealed = keystore.message_cipher("bank-sm4").encrypt(b"{}", IV)
    assert again.message_cipher("bank-sm4").decrypt(sealed, IV) == b"{}"
    assert again.secret("bank-amqp-password") == "口令 with blanks"
    written = keystore.path.read_text()
    assert HEX not in written and "with blanks" not in written


def test_rotation_opens_what_is_under_way(keystore: Keystore) -> None:
    old = keystore.add("bank-sm4", "encrypt", generate_key("sm4"), **ACTIVE)
    under_way = keystore.message_cipher("bank-sm4").encrypt(b'{"response":1}', IV)
    new = keystore.add("bank-sm4", "encrypt", generate_key("sm4"), **ACTIVE)
    keystore.move("bank-sm4", old.key_id, "RETIRING")
    cipher = keystore.message_cipher("bank-sm4")
    assert cipher.key_id == new.key_id
    assert cipher.decrypt(under_way, IV, b'{"response"') == b'{"response":1}'
    keystore.move("bank-sm4", old.key_id, "RETIRED")
    with pytest.raises(SealBroken):
        keystore.message_cipher("bank-sm4").decrypt(under_way, IV, b'{"response"')
    keystore.move("bank-sm4", new.key_id, "REVOKED")
    with pytest.raises(KeyUnusable, match="ACTIVE"):
        keystore.message_cipher("bank-sm4")


def test_a_password_has_its_day(keystore: Keystore) -> None:
    keystore.add("broker", "transport", import_secret("first"), not_before=date(2026, 1, 1), **ACTIVE)
    keystore.add("broker", "transport", import_secret("second"), not_before=date(2026, 5, 1), **ACTIVE)
    keystore.add("broker", "transport", import_secret("third"), not_before=date(2026, 6, 1), **ACTIVE)
    assert keystore.secret("broker") == "second"


def test_each_serves_its_purpose_only(keystore: Keystore) -> None:
    keystore.add("sm4", "encrypt", generate_key("sm4"), **ACTIVE)
    keystore.add("aes", "encrypt", generate_key("aes-256"), **ACTIVE)
    keystore.add("word", "transport", generate_key("secret"), **ACTIVE)
    keystore.add("hmac", "transport", generate_key("hmac"), **ACTIVE)
    for use, alias in (
        (keystore.message_cipher, "aes"),
        (keystore.message_cipher, "word"),
        (keystore.segment_sealer, "sm4"),
        (keystore.secret, "hmac"),
        (keystore.secret, "sm4"),
        (keystore.hmac_key, "word"),
    ):
        with pytest.raises(KeyUnusable, match=f"alias '{alias}' is"):
            use(alias)
    for purpose, kind in (("sign", "sm4"), ("transport", "sm4"), ("field", "secret"), ("encrypt", "secret")):
        with pytest.raises(KeyUnusable, match="cannot serve"):
            keystore.add("new", purpose, generate_key(kind))


@pytest.mark.parametrize("text", ["", HEX[:-1], HEX + "0", HEX[:-1] + "g", HEX + " ", HEX + "\n\n", "０" * 32])
def test_an_sm4_key_is_32_hexadecimal_digits(text: str) -> None:
    with pytest.raises(KeyUnusable, match="32 hexadecimal digits") as refused:
        import_sm4(text)
    assert HEX[:8] not in str(refused.value)


@pytest.mark.parametrize("text", ["", "\n", "two\nlines", "tab\t", "nul\x00", "x" * 1025, "\u200b"])
def test_a_secret_is_printable_text(text: str) -> None:
    with pytest.raises(KeyUnusable, match="printable"):
        import_secret(text)


def test_material_of_the_wrong_shape() -> None:
    for material, reason in (
        (KeyMaterial(Algorithm.SM4, secret=bytes(15)), "16 secret octets"),
        (KeyMaterial(Algorithm.SM4), "16 secret octets"),
        (KeyMaterial(Algorithm.SM4, "public", bytes(16)), "nothing public"),
        (KeyMaterial(Algorithm.SECRET, secret=b"\xff"), "printable"),
        (KeyMaterial(Algorithm.SECRET), "printable"),
    ):
        with pytest.raises(KeyUnusable, match=reason):
            check(material)
    assert generate_key("secret").secret not in (None, generate_key("secret").secret)
    assert "secret=" not in repr(generate_key("secret"))
