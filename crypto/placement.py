"""What may be put under an alias (入库检查): strength, purpose, owner, and what the alias holds already."""

from __future__ import annotations

from collections.abc import Iterable

from crypto.contract import KeyUnusable
from crypto.key_entry import IN_FILE, KeyEntry, Owner, Purpose
from crypto.key_material import SYMMETRIC, Algorithm, KeyMaterial, check
from crypto.key_reasons import KeyReason
from crypto.published_keys import refuse_published
from crypto.weak_keys import refuse_short_hmac

SERVES: dict[Purpose, frozenset[Algorithm]] = {
    Purpose.SIGN: frozenset({Algorithm.SM2, Algorithm.RSA, Algorithm.ECDSA, Algorithm.ED25519, Algorithm.HMAC}),
    Purpose.VERIFY: frozenset(
        {Algorithm.SM2, Algorithm.RSA, Algorithm.ECDSA, Algorithm.ED25519, Algorithm.HMAC, Algorithm.X509}
    ),
    Purpose.ENCRYPT: frozenset({Algorithm.AES, Algorithm.SM4, Algorithm.SM2, Algorithm.RSA}),
    Purpose.TRANSPORT: frozenset({Algorithm.TLS, Algorithm.SSH, Algorithm.X509, Algorithm.HMAC, Algorithm.SECRET}),
    Purpose.FIELD: frozenset({Algorithm.HMAC}),
}


def usual_owner(purpose: Purpose, material: KeyMaterial) -> Owner:
    """Whose key it is unless said otherwise: what we verify with, or only encrypt to, belongs to the other side."""
    public = material.secret is None and material.algorithm not in SYMMETRIC
    theirs = public and purpose in (Purpose.VERIFY, Purpose.ENCRYPT)
    return Owner.COUNTERPARTY if theirs else Owner.GATEWAY


def check_place(entry: KeyEntry, material: KeyMaterial, others: Iterable[KeyEntry]) -> None:
    """Raise KeyUnusable unless the key may be added; ``others`` are the alias's entries so far."""
    check(material)
    refuse_published(material)
    if entry.algorithm is Algorithm.HMAC:
        refuse_short_hmac(material.secret or b"", chosen_by_us=entry.owner is Owner.GATEWAY)
    _check_purpose(entry, material)
    for other in others:
        _check_beside(entry, other)


def _check_purpose(entry: KeyEntry, material: KeyMaterial) -> None:
    if entry.algorithm not in SERVES[entry.purpose]:
        raise KeyUnusable(
            f"a key of algorithm {entry.algorithm} cannot serve to {entry.purpose}", KeyReason.WRONG_PURPOSE
        )
    symmetric = entry.algorithm in SYMMETRIC
    if entry.purpose is Purpose.SIGN and material.secret is None and entry.provider == IN_FILE:
        raise KeyUnusable("a key to sign with needs its private half", KeyReason.PUBLIC_ONLY)
    if entry.provider != IN_FILE and material.secret is not None:
        raise KeyUnusable(
            "a key in a token is made there and never imported: a secret that was outside once may be anywhere",
            KeyReason.TOKEN_LACKS,
        )
    if entry.purpose is Purpose.SIGN and entry.owner is Owner.COUNTERPARTY and not symmetric:
        raise KeyUnusable("a key to sign with is our own: owner gateway", KeyReason.WRONG_OWNER)
    if entry.purpose is Purpose.VERIFY and material.secret is not None and not symmetric:
        raise KeyUnusable(
            "a key to verify with is kept without its private half: material.public_only()", KeyReason.WRONG_PURPOSE
        )


def _check_beside(entry: KeyEntry, other: KeyEntry) -> None:
    if other.key_id == entry.key_id:
        raise KeyUnusable(f"alias {entry.alias!r} has a key {entry.key_id} already", KeyReason.EXISTS)
    if (other.purpose, other.algorithm, other.owner) != (entry.purpose, entry.algorithm, entry.owner):
        raise KeyUnusable(
            f"alias {entry.alias!r} is {other.purpose}/{other.algorithm}/{other.owner} already",
            _differing(entry, other),
        )


def _differing(entry: KeyEntry, other: KeyEntry) -> KeyReason:
    if other.purpose is not entry.purpose:
        return KeyReason.WRONG_PURPOSE
    return KeyReason.WRONG_OWNER if other.owner is not entry.owner else KeyReason.WRONG_ALGORITHM
