"""Demo keys: every key that a shipped profile names is there on both sides, and new banks get theirs beside the old."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from crypto.contract import SchemeParameters, SignatureInvalid
from crypto.keystore import Keystore
from crypto.schemes.registry import SCHEMES
from simulators.bank_parts import signatures_of
from simulators.declaration import read_declaration
from simulators.keys import KeysExist, add_bank_keys, create_demo_keys, described

SHIPPED = Path(__file__).parents[3] / "config"
BANKS = sorted(path.stem for path in (SHIPPED / "banks").glob("*.yaml"))


@pytest.mark.parametrize("name", BANKS)
def test_both_sides_can_sign_and_check(name: str, keys: Path, keystore: Keystore) -> None:
    signing = read_declaration(SHIPPED / f"banks/{name}.yaml").security.model_copy(update={"encoding": "raw"})
    bank = signatures_of(signing, keys / name)
    parameters = SchemeParameters(signing.scheme, signing.sm2_user_id, signing.form)
    signer = keystore.signer(signing.signing_key, parameters)
    signer.update(b"order")
    assert bank.is_genuine(b"order", signer.signature())
    verifier = keystore.verifier(signing.verification_key, parameters)
    verifier.update(b"result")
    verifier.verify(bank.sign(b"result"))
    other = keystore.verifier(signing.verification_key, parameters)
    other.update(b"other")
    with pytest.raises(SignatureInvalid):
        other.verify(bank.sign(b"result"))


@pytest.mark.parametrize(
    ("scheme", "one_alias"), [*((scheme, False) for scheme in sorted(SCHEMES)), ("hmac-sm3", True)]
)
def test_a_bank_may_use_any_scheme(scheme: str, one_alias: bool, tmp_path: Path) -> None:
    config = tmp_path / "config"
    (config / "banks").mkdir(parents=True)
    create_demo_keys(tmp_path / "keys", "county", config)
    text = (SHIPPED / "banks/city-iso.yaml").read_text("utf-8").replace("city-iso", "any-bank")
    text = text.replace(
        "scheme: rsa-pkcs1-sha256", f"scheme: {scheme}\n  form: {'raw' if 'ecdsa' in scheme else 'der'}"
    )
    if one_alias:  # one secret may serve both ways
        signing = read_declaration(SHIPPED / "banks/city-iso.yaml").security
        text = text.replace(str(signing.verification_key).replace("city-iso", "any-bank"), "any-shared")
        text = text.replace(f"signing_key: {signing.signing_key}", "signing_key: any-shared")
    else:
        text = text.replace("signing_key: ", "signing_key: any-")
    (config / "banks/any-bank.yaml").write_text(text, "utf-8")
    add_bank_keys(tmp_path / "keys", config)
    passphrase = (tmp_path / "keys/gateway/passphrase").read_text().strip()
    store = Keystore.open(tmp_path / "keys/gateway/keystore.json", passphrase)
    declared = read_declaration(config / "banks/any-bank.yaml").security.model_copy(update={"encoding": "raw"})
    bank = signatures_of(declared, tmp_path / "keys/any-bank")
    parameters = SchemeParameters(declared.scheme, form=declared.form, sha1_until=date.max)
    signer = store.signer(declared.signing_key, parameters)
    signer.update(b"order")
    assert bank.is_genuine(b"order", signer.signature())
    assert declared.verification_key is not None
    verifier = store.verifier(declared.verification_key, parameters)
    verifier.update(b"result")
    verifier.verify(bank.sign(b"result"))


@pytest.mark.parametrize("name", BANKS)
def test_every_key_of_the_wire_is_there(name: str, keys: Path, keystore: Keystore) -> None:
    declaration = read_declaration(SHIPPED / f"banks/{name}.yaml")
    wire, folder = declaration.transport, keys / name
    if wire.client_certificate is not None and wire.trusted_ca is not None:
        assert keystore.tls_identity(wire.client_certificate)
        assert keystore.trusted_certificates(wire.trusted_ca) == [(folder / "client-ca.pem").read_bytes()]
        assert (folder / "tls-server.pem").exists() and (folder / "tls-client.pem").exists()
    if declaration.security.encryption_key is not None:
        cipher = keystore.message_cipher(declaration.security.encryption_key)
        assert cipher.decrypt(cipher.encrypt(b"plain", b"0" * 16), b"0" * 16) == b"plain"
        assert len(bytes.fromhex((folder / "sm4.key").read_text())) == 16
    if wire.password is not None:
        assert keystore.secret(wire.password) == (folder / "amqp-password").read_text()
    if wire.kind == "sftp-server":
        assert keystore.ssh_public_keys("gateway-sftp-host") == [(folder / "gateway-host-key.pub").read_text().strip()]


def test_new_banks_get_keys_beside_the_old(keys: Path, tmp_path: Path) -> None:
    with pytest.raises(KeysExist):
        create_demo_keys(keys)
    config = tmp_path / "config"
    (config / "banks").mkdir(parents=True)
    create_demo_keys(tmp_path / "keys", "county", config)
    text = (SHIPPED / "banks/rural-fixed.yaml").read_text("utf-8").replace("rural-fixed", "hill-files")
    (config / "banks/hill-files.yaml").write_text(text, "utf-8")
    add_bank_keys(tmp_path / "keys", config)
    before = (tmp_path / "keys/hill-files/sm2-sign.pem").read_bytes()
    add_bank_keys(tmp_path / "keys", config)
    assert (tmp_path / "keys/hill-files/sm2-sign.pem").read_bytes() == before
    told = described(tmp_path / "keys", "county")
    assert told["hill_files_host_key"].startswith("ssh-ed25519 ")
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "keys").rglob("*") if path.is_file())
