"""Every refusal has a code from the closed list, told in both languages."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from crypto.contract import KeyUnusable, SchemeParameters
from crypto.generate import generate_key, issue_ca
from crypto.key_entry import Owner
from crypto.key_material import KeyMaterial
from crypto.key_reasons import KeyReason, told
from crypto.keystore import Keystore

SM2, RSA = SchemeParameters("sm2-sm3"), SchemeParameters("rsa-pss-sha256")
ACTIVE = {"state": "ACTIVE"}


def reason(action: Callable[[], object]) -> KeyReason:
    with pytest.raises(KeyUnusable) as refused:
        action()
    assert str(refused.value)
    assert pickle.loads(pickle.dumps(refused.value)).reason is refused.value.reason  # noqa: S301
    return refused.value.reason


def test_every_reason_is_told_in_both_languages() -> None:
    for one in KeyReason:
        chinese, english = told(one)
        assert any("一" <= character <= "鿿" for character in chinese)
        assert english.isascii()
    assert KeyUnusable("x").reason is KeyReason.OTHER


@pytest.fixture
def sm2() -> KeyMaterial:
    return generate_key("sm2")


def test_lives_and_dates(keystore: Keystore, sm2: KeyMaterial) -> None:
    keystore.add("over", "sign", sm2, not_after=date(2026, 4, 30), **ACTIVE)
    keystore.add("early", "sign", sm2, not_before=date(2026, 5, 2), **ACTIVE)
    for state in ("PENDING", "RETIRING", "RETIRED", "REVOKED"):
        keystore.add(state, "sign", sm2, state=state)
    expected = {
        "nobody": KeyReason.UNKNOWN_ALIAS,
        "over": KeyReason.EXPIRED,
        "early": KeyReason.NOT_YET_VALID,
        "PENDING": KeyReason.PENDING,
        "RETIRING": KeyReason.NO_LONGER_MAKES,
        "RETIRED": KeyReason.RETIRED,
        "REVOKED": KeyReason.REVOKED,
    }
    assert {alias: reason(lambda alias=alias: keystore.signer(alias, SM2)) for alias in expected} == expected


def test_a_revoked_key_verifies_nothing_whatever_stands_beside_it(keystore: Keystore, sm2: KeyMaterial) -> None:
    keystore.add("theirs", "verify", sm2.public_only(), state="REVOKED")
    assert reason(lambda: keystore.verifier("theirs", SM2)) is KeyReason.REVOKED
    keystore.add("theirs", "verify", generate_key("sm2").public_only(), not_after=date(2026, 4, 30), **ACTIVE)
    assert reason(lambda: keystore.verifier("theirs", SM2)) is KeyReason.EXPIRED


def test_purpose_algorithm_and_owner(keystore: Keystore, sm2: KeyMaterial) -> None:
    keystore.add("theirs", "verify", sm2.public_only(), **ACTIVE)
    keystore.add("own-check", "verify", sm2.public_only(), owner="gateway", **ACTIVE)
    assert keystore.entries("theirs")[0].owner is Owner.COUNTERPARTY
    assert reason(lambda: keystore.signer("theirs", SM2)) is KeyReason.WRONG_PURPOSE
    assert reason(lambda: keystore.verifier("theirs", RSA)) is KeyReason.WRONG_ALGORITHM
    assert reason(lambda: keystore.verifier("own-check", SM2)) is KeyReason.WRONG_OWNER
    assert keystore.verifier("own-check", SM2, Owner.GATEWAY)
    assert reason(lambda: keystore.verifier("theirs", SM2, Owner.GATEWAY)) is KeyReason.WRONG_OWNER
    assert reason(lambda: keystore.certificates("theirs")) is KeyReason.WRONG_ALGORITHM
    assert reason(lambda: keystore.ed25519_by_key_id("nobody")) is KeyReason.UNKNOWN_KEY_ID


def test_what_may_not_come_in(keystore: Keystore, sm2: KeyMaterial) -> None:
    keystore.add("ours", "sign", sm2, key_id="k1")
    other, rsa = generate_key("sm2"), generate_key("rsa-2048")
    ca = issue_ca("CA", datetime(2026, 5, 1, tzinfo=UTC)).trusted()
    expected: list[tuple[KeyReason, Callable[[], object]]] = [
        (KeyReason.EXISTS, lambda: keystore.add("ours", "sign", other, key_id="k1")),
        (KeyReason.WRONG_ALGORITHM, lambda: keystore.add("ours", "sign", rsa)),
        (KeyReason.WRONG_PURPOSE, lambda: keystore.add("ours", "verify", other.public_only())),
        (KeyReason.WRONG_OWNER, lambda: keystore.add("new", "sign", other, owner="counterparty")),
        (KeyReason.PUBLIC_ONLY, lambda: keystore.add("new", "sign", other.public_only())),
        (KeyReason.WRONG_PURPOSE, lambda: keystore.add("new", "verify", other)),
        (KeyReason.WRONG_PURPOSE, lambda: keystore.add("new", "field", rsa)),
        (KeyReason.BAD_NAME, lambda: keystore.add("new name", "sign", other)),
        (KeyReason.BAD_NAME, lambda: keystore.add("new", "sign", other, provider="elsewhere")),
        (KeyReason.TOKEN_LACKS, lambda: keystore.add("new", "sign", rsa, provider="pkcs11:t/l")),
        (KeyReason.TOKEN, lambda: keystore.add_in_token("new", "rsa-2048", "pkcs11:t")),
        (
            KeyReason.BAD_DATES,
            lambda: keystore.add("n", "sign", other, not_before=date(2026, 2, 1), not_after=date(2026, 1, 1)),
        ),
        (
            KeyReason.MISMATCHED_HALVES,
            lambda: keystore.add("n", "sign", KeyMaterial(sm2.algorithm, sm2.public, other.secret)),
        ),
        (KeyReason.MALFORMED, lambda: keystore.add("n", "verify", KeyMaterial(sm2.algorithm, "-----BEGIN?"))),
        (KeyReason.MALFORMED, lambda: keystore.add("n", "verify", KeyMaterial(ca.algorithm, ca.public * 2))),
        (KeyReason.TRANSITION, lambda: keystore.move("ours", "k1", "RETIRED")),
        (KeyReason.UNKNOWN_KEY_ID, lambda: keystore.move("ours", "k2", "ACTIVE")),
    ]
    assert [reason(action) for _, action in expected] == [wanted for wanted, _ in expected]
    assert len(keystore.entries()) == 1
