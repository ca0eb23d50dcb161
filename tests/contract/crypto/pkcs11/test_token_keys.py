"""Signing keys that never leave a token, behind the same interface as those in the file."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from pkcs11 import Attribute, ObjectClass

from crypto.contract import KeyUnusable, SchemeParameters
from crypto.generate import generate_key
from crypto.key_entry import KeyEntry
from crypto.key_material import KeyMaterial
from crypto.key_reasons import KeyReason
from crypto.keystore import Keystore
from crypto.pkcs11_provider import Pkcs11Provider

HSM = "pkcs11:bank hsm"
SCHEMES = {
    "rsa-pkcs1-sha256": "rsa-2048",
    "rsa-pss-sha256": "rsa-2048",
    "ecdsa-p256-sha256": "ecdsa-p256",
    "ecdsa-p384-sha384": "ecdsa-p384",
}
PSS = SchemeParameters("rsa-pss-sha256")
SHA1 = SchemeParameters("rsa-pkcs1-sha1", sha1_until=date(2026, 12, 31))

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # sessions lost on purpose


def active(keystore: Keystore, alias: str, kind: Any) -> KeyEntry:
    entry = keystore.add_in_token(alias, kind, HSM)
    keystore.move(alias, entry.key_id, "ACTIVE")
    public = KeyMaterial(entry.algorithm, entry.public)
    keystore.add(f"{alias}-verify", "verify", public, state="ACTIVE")
    return entry


def signed(keystore: Keystore, parameters: SchemeParameters, alias: str = "ours") -> bytes:
    signer = keystore.signer(alias, parameters)
    for part in (b"mes", b"", b"sage"):
        signer.update(part)
    return signer.signature()


def verified(keystore: Keystore, parameters: SchemeParameters, signature: bytes) -> str:
    verifier = keystore.verifier("ours-verify", parameters)
    verifier.update(b"message")
    return verifier.verify(signature)


@pytest.mark.parametrize("form", ["der", "raw"])
@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_every_scheme_verifies_with_the_public_half(keystore: Keystore, scheme: Any, form: Any) -> None:
    parameters = SchemeParameters(scheme, form=form)
    entry = active(keystore, "ours", SCHEMES[scheme])
    assert entry.provider.startswith(f"{HSM}/ours-")
    assert entry.sealed_secret is None
    assert verified(keystore, parameters, signed(keystore, parameters)) == entry.key_id


def test_it_lives_on_in_the_file_and_rotates(keystore: Keystore, provider: Pkcs11Provider) -> None:
    first = active(keystore, "ours", "ecdsa-p256")
    keystore.save()
    again = Keystore.open(keystore.path, "correct horse battery", keystore._today, [provider])
    parameters = SchemeParameters("ecdsa-p256-sha256")
    before = signed(again, parameters)
    with again.changing() as draft:
        second = draft.add_in_token("ours", "ecdsa-p256", HSM)
        draft.move("ours", second.key_id, "ACTIVE")
        draft.move("ours", first.key_id, "RETIRING")
    assert keystore.reload() is True
    assert keystore.signer("ours", parameters).key_id == second.key_id
    assert verified(keystore, parameters, before) == first.key_id
    elsewhere = Keystore.open(keystore.path, "correct horse battery", keystore._today)
    with pytest.raises(KeyUnusable, match=r"no device pkcs11:bank hsm is configured") as refused:
        elsewhere.signer("ours", parameters)
    assert refused.value.reason is KeyReason.TOKEN


def test_the_private_half_cannot_be_had(keystore: Keystore, provider: Pkcs11Provider) -> None:
    entry = active(keystore, "ours", "rsa-2048")
    label = entry.provider.rpartition("/")[2]

    def look(session: pkcs11.Session) -> dict[str, bool]:
        key: Any = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=label)
        with pytest.raises(pkcs11.PKCS11Error):
            key[Attribute.PRIVATE_EXPONENT]
        names = (Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.NEVER_EXTRACTABLE, Attribute.LOCAL)
        return {name.name: key[name] for name in names}

    found = provider._token.call(look)
    assert found == {"SENSITIVE": True, "EXTRACTABLE": False, "NEVER_EXTRACTABLE": True, "LOCAL": True}


def test_what_a_token_does_not_do(keystore: Keystore) -> None:
    active(keystore, "ours", "rsa-2048")
    material = generate_key("rsa-2048")
    cases: list[tuple[Callable[[], object], str]] = [
        (lambda: keystore.add_in_token("sm2", "sm2", HSM), "no standard SM2 mechanism"),
        (lambda: keystore.add("x", "sign", material, provider=f"{HSM}/x"), "never imported"),
        (lambda: keystore.signer("ours", SHA1), "from a token are made"),
    ]
    for action, match in cases:
        with pytest.raises(KeyUnusable, match=match):
            action()
    with pytest.raises(KeyUnusable, match="is rsa, and ecdsa is needed"):
        keystore.signer("ours", SchemeParameters("ecdsa-p256-sha256"))


def test_a_curve_that_the_scheme_does_not_use(keystore: Keystore) -> None:
    active(keystore, "ours", "ecdsa-p384")
    with pytest.raises(KeyUnusable, match="not on the curve secp256r1"):
        keystore.signer("ours", SchemeParameters("ecdsa-p256-sha256"))


def test_a_token_that_mixed_up_its_keys(keystore: Keystore, provider: Pkcs11Provider) -> None:
    """The label leads to another key: its signature is not given away."""
    one, other = active(keystore, "ours", "ecdsa-p256"), active(keystore, "others", "ecdsa-p256")
    signer = provider.signer(
        other.provider.rpartition("/")[2], one.key_id, one.public, SchemeParameters("ecdsa-p256-sha256")
    )
    with pytest.raises(KeyUnusable, match="does not verify and was not used"):
        signer.signature()
    lost = provider.signer("never-there", one.key_id, one.public, SchemeParameters("ecdsa-p256-sha256"))
    with pytest.raises(KeyUnusable, match="no such private key"):
        lost.signature()


def test_lost_sessions_are_found_again(keystore: Keystore, hsm: Any) -> None:
    entry = active(keystore, "ours", "rsa-2048")
    for _ in range(3):
        hsm.restart()
        assert verified(keystore, PSS, signed(keystore, PSS)) == entry.key_id
    gc.collect()


def test_a_token_pulled_out_and_put_back(keystore: Keystore, hsm: Any) -> None:
    entry = active(keystore, "ours", "rsa-2048")
    signed(keystore, PSS)
    hsm.pull_out()
    for _ in range(2):
        with pytest.raises(KeyUnusable, match=r"'bank hsm' .* is not there: connect the device") as refused:
            signed(keystore, PSS)
        assert refused.value.reason is KeyReason.TOKEN
    hsm.put_back()
    assert verified(keystore, PSS, signed(keystore, PSS)) == entry.key_id


def test_a_wrong_pin_is_tried_once(hsm: Any, failing: Any) -> None:
    wrong = failing("bank hsm", "654321")
    for _ in range(20):  # a token locks itself after some
        with pytest.raises(KeyUnusable, match="PinIncorrect: correct pin_file") as refused:
            wrong.generate("x", "ecdsa-p256")
        assert refused.value.reason is KeyReason.TOKEN
        assert "654321" not in str(refused.value)
    hsm.restart()
    assert failing("bank hsm", "123456").generate("x", "ecdsa-p256").public
    with pytest.raises(KeyUnusable, match="is not there"):
        failing("another", "123456").generate("x", "ecdsa-p256")


def test_a_module_that_is_none(tmp_path: Path) -> None:
    for module in (tmp_path / "missing.so", Path(__file__)):
        with pytest.raises(KeyUnusable) as refused:
            Pkcs11Provider(module, "t", lambda: "123456").generate("x", "rsa-2048")
        assert refused.value.reason is KeyReason.TOKEN


def test_threads(keystore: Keystore) -> None:
    entry = active(keystore, "ours", "ecdsa-p256")
    parameters, wrong = SchemeParameters("ecdsa-p256-sha256"), []

    def work() -> None:
        try:
            for _ in range(25):
                assert verified(keystore, parameters, signed(keystore, parameters)) == entry.key_id
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
