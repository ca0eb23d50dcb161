"""The keystore: who may use which key when, and what happens to a file that somebody touched."""

from __future__ import annotations

from datetime import UTC, date, datetime

import asyncssh
import polars as pl
import pytest

from crypto.contract import KeyUnusable, SchemeParameters, SignatureInvalid
from crypto.generate import generate_key, issue_ca, issue_leaf
from crypto.key_entry import TRANSITIONS, KeyState, Purpose
from crypto.key_material import Algorithm, KeyMaterial, check
from crypto.keystore import SERVES, Keystore

SM2 = SchemeParameters("sm2-sm3")
RSA = SchemeParameters("rsa-pkcs1-sha256")
MAY = date(2026, 5, 1)
ACTIVE = {"state": "ACTIVE"}


def sign(store: Keystore, alias: str, parameters: SchemeParameters) -> tuple[str, bytes]:
    signer = store.signer(alias, parameters)
    signer.update(b"message")
    return signer.key_id, signer.signature()


def verify(store: Keystore, alias: str, parameters: SchemeParameters, signature: bytes) -> str:
    verifier = store.verifier(alias, parameters)
    verifier.update(b"message")
    return verifier.verify(signature)


def test_reasons(keystore: Keystore) -> None:
    keystore.add("pending", "sign", generate_key("sm2"))
    keystore.add("theirs", "verify", generate_key("sm2").public_only(), **ACTIVE)
    keystore.add("over", "sign", generate_key("sm2"), not_after=date(2026, 4, 30), **ACTIVE)
    keystore.add("later", "sign", generate_key("sm2"), not_before=date(2026, 5, 2), **ACTIVE)
    for alias, reason in {
        "nobody": "no key alias 'nobody'",
        "theirs": "is for verify, not for sign",
        "pending": "ACTIVE on 2026-05-01: .* PENDING",
        "over": "ACTIVE on 2026-05-01: .* ..2026-04-30",
        "later": "ACTIVE on 2026-05-01: .* 2026-05-02..",
    }.items():
        with pytest.raises(KeyUnusable, match=reason):
            keystore.signer(alias, SM2)
    with pytest.raises(KeyUnusable, match="is sm2, and rsa is needed"):
        keystore.verifier("theirs", RSA)
    with pytest.raises(KeyUnusable, match="is for verify, not for encrypt"):
        keystore.segment_sealer("theirs")


def test_rotation_of_a_counterparty_key(keystore: Keystore) -> None:
    old, new = generate_key("sm2"), generate_key("sm2")
    keystore.add("ours", "sign", old, **ACTIVE)
    entry = keystore.add("theirs", "verify", old.public_only(), **ACTIVE)
    keystore.add("theirs", "verify", new.public_only(), **ACTIVE)
    keystore.move("theirs", entry.key_id, "RETIRING")
    key_id, signature = sign(keystore, "ours", SM2)
    assert verify(keystore, "theirs", SM2, signature) == key_id
    keystore.move("theirs", entry.key_id, KeyState.RETIRED)
    with pytest.raises(SignatureInvalid):
        verify(keystore, "theirs", SM2, signature)


def test_a_successor_signs_from_its_day(keystore: Keystore, passphrase: str) -> None:
    keystore.add("ours", "sign", generate_key("rsa-2048"), key_id="first", not_before=date(2026, 1, 1), **ACTIVE)
    keystore.add("ours", "sign", generate_key("rsa-2048"), key_id="second", not_before=date(2026, 6, 1), **ACTIVE)
    keystore.save()
    assert sign(keystore, "ours", RSA)[0] == "first"
    june = Keystore.open(keystore.path, passphrase, today=lambda: date(2026, 6, 1))
    assert sign(june, "ours", RSA)[0] == "second" == june.active_key_id("ours")


def test_sealed_data_outlives_its_key_unless_revoked(keystore: Keystore) -> None:
    entry = keystore.add("segment-data", "encrypt", generate_key("aes-256"), not_after=MAY, **ACTIVE)
    sealed = keystore.segment_sealer("segment-data").seal(b"plain", "c")
    keystore.add("segment-data", "encrypt", generate_key("aes-256"), **ACTIVE)
    for state in ("RETIRING", "RETIRED"):
        keystore.move("segment-data", entry.key_id, state)
        sealer = keystore.segment_sealer("segment-data")
        assert sealer.unseal(sealed, "c") == b"plain"
        assert entry.key_id.encode() not in sealer.seal(b"plain", "c")
    keystore.move("segment-data", entry.key_id, "REVOKED")
    assert len(keystore.entries("segment-data")) == 2
    with pytest.raises(Exception, match="key that is not here"):
        keystore.segment_sealer("segment-data").unseal(sealed, "c")


def test_every_pair_of_states(keystore: Keystore) -> None:
    for start in KeyState:
        for end in KeyState:
            alias = f"{start}-{end}"
            entry = keystore.add(alias, "field", generate_key("hmac"), state=start)
            if end in TRANSITIONS[start]:
                assert keystore.move(alias, entry.key_id, end).state is end
            else:
                with pytest.raises(KeyUnusable, match="cannot go"):
                    keystore.move(alias, entry.key_id, end)
    with pytest.raises(KeyUnusable, match="no key"):
        keystore.move("nobody", "k", "ACTIVE")


def test_what_may_not_be_added(keystore: Keystore) -> None:
    sm2, rsa = generate_key("sm2"), generate_key("rsa-2048")
    keystore.add("ours", "sign", sm2, key_id="k1")
    refused = [
        ("ours", "sign", generate_key("sm2"), {"key_id": "k1"}, "already"),
        ("ours", "sign", rsa, {}, "sign/sm2/gateway already"),
        ("ours", "sign", generate_key("sm2"), {"owner": "counterparty"}, "is our own"),
        ("new", "sign", sm2.public_only(), {}, "private half"),
        ("new", "verify", sm2, {}, "without its private half"),
        ("new", "field", rsa, {}, "cannot serve"),
        ("new name", "sign", sm2, {}, "not a key alias"),
        ("new", "sign", sm2, {"key_id": "a/b"}, "not a key alias or id"),
        ("new", "sign", sm2, {"not_before": date(2026, 2, 1), "not_after": date(2026, 1, 1)}, "is after"),
        ("new", "sign", KeyMaterial(Algorithm.SM2, sm2.public, generate_key("sm2").secret), {}, "not one key"),
        ("new", "sign", KeyMaterial(Algorithm.RSA, rsa.public, generate_key("rsa-2048").secret), {}, "not one key"),
        ("new", "encrypt", KeyMaterial(Algorithm.AES, secret=b"1" * 16), {}, "32 secret octets"),
        ("new", "field", KeyMaterial(Algorithm.HMAC, secret=b"1" * 15), {}, "at least 16"),
    ]
    for alias, purpose, material, options, reason in refused:
        with pytest.raises(KeyUnusable, match=reason):
            keystore.add(alias, purpose, material, **options)
    assert len(keystore.entries()) == 1


def test_the_other_accessors(keystore: Keystore) -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    ca = issue_ca("Demo CA", now)
    leaf = issue_leaf(ca, "gateway", [], now, "client")
    ssh, ed, shared = generate_key("ed25519-ssh"), generate_key("ed25519"), generate_key("hmac")
    keystore.add("tls", "transport", leaf.identity(), **ACTIVE)
    keystore.add("ca", "transport", ca.trusted(), owner="counterparty", **ACTIVE)
    keystore.add("sftp-user", "transport", ssh, **ACTIVE)
    keystore.add("webhook-sign", "sign", ed, **ACTIVE)
    keystore.add("client-a-verify", "verify", ed.public_only(), owner="counterparty", **ACTIVE)
    keystore.add("sms-hmac", "transport", shared, **ACTIVE)
    keystore.add("blind-index", "field", generate_key("hmac"), **ACTIVE)
    keystore.add("vault-data", "encrypt", generate_key("aes-256"), **ACTIVE)
    assert keystore.tls_identity("tls") == (leaf.certificate_pem, leaf.key_pem)
    assert keystore.trusted_certificates("ca") == [ca.certificate_pem]
    assert (
        asyncssh.import_private_key(keystore.ssh_key("sftp-user")).export_public_key().decode().startswith(ssh.public)
    )
    assert keystore.ssh_public_keys("sftp-user") == [ssh.public]
    assert keystore.hmac_key("sms-hmac") == shared.secret
    assert keystore.blind_index("blind-index").tokens(pl.Series(["x"]), "item")[0] > 0
    assert keystore.stream_sealer("vault-data") is not None
    public = keystore.ed25519_private("webhook-sign").public_key()
    assert keystore.ed25519_public("client-a-verify") == {ed.fingerprint(): public}
    found = keystore.ed25519_by_key_id(keystore.active_key_id("webhook-sign"))
    assert (found.alias, found.key) == ("client-a-verify", public)


def test_a_key_id_that_is_unknown_unusable_or_twice(keystore: Keystore) -> None:
    public = generate_key("ed25519").public_only()
    entry = keystore.add("client-a-verify", "verify", public)
    for expected in ("0 usable", None, "2 usable"):
        if expected is None:
            keystore.move("client-a-verify", entry.key_id, "ACTIVE")
            assert keystore.ed25519_by_key_id(entry.key_id).alias == "client-a-verify"
            keystore.add("client-b-verify", "verify", public, **ACTIVE)
            continue
        with pytest.raises(KeyUnusable, match=expected):
            keystore.ed25519_by_key_id(entry.key_id)


def test_each_algorithm_serves_a_purpose_and_generated_keys_fit() -> None:
    assert set().union(*SERVES.values()) == set(Algorithm)
    assert set(SERVES) == set(Purpose)
    for kind in ("sm2", "rsa-2048", "rsa-3072", "ed25519", "ed25519-ssh", "aes-256", "hmac"):
        check(generate_key(kind))
    with pytest.raises(ValueError, match="dsa"):
        generate_key("dsa")  # type: ignore[arg-type]
