"""The keystore's master key (主密钥): a passphrase, a salt and a costly derivation, recorded and bounded.

New keystores derive it with Argon2id (RFC 9106); those written with scrypt (RFC 7914) open as before and change with the
next passphrase. Secrets lie under AES-256-GCM with one half of it, the file's MAC is HMAC-SHA256 under the other.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from crypto.contract import KeyUnusable, SealBroken
from crypto.key_reasons import KeyReason
from crypto.sealing import AesSegmentSealer

_SEALED_AS = "keystore"
SALT_BYTES = 32
# A file may not ask for less safety than the first number, nor for all our memory or an hour with the second.
BOUNDS: dict[str, dict[str, tuple[int, int]]] = {
    "scrypt": {"n": (2**14, 2**20)},  # r 8, p 1: 32 MiB at 2^15
    "argon2id": {"memory_kib": (19 * 1024, 1024 * 1024), "iterations": (2, 16), "lanes": (1, 8)},
}

NEW_COST = {"memory_kib": 64 * 1024, "iterations": 3, "lanes": 4}

_one_at_a_time: Final = threading.Lock()
"""Argon2's lanes come out of one pool of threads in OpenSSL: two derivations at once wait for each other for ever."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a passphrase becomes a key: function, cost and salt."""

    function: Literal["argon2id", "scrypt"]
    cost: Mapping[str, int]
    salt: bytes

    def __post_init__(self) -> None:
        bounds = BOUNDS[self.function]
        odd = self.function == "scrypt" and self.cost.get("n", 0) & (self.cost.get("n", 0) - 1)
        fits = set(self.cost) == set(bounds) and all(
            least <= self.cost[name] <= most for name, (least, most) in bounds.items()
        )
        if odd or not fits or len(self.salt) != SALT_BYTES:
            raise KeyUnusable(
                f"{self.function} cost {dict(self.cost)} is not within {bounds}: the file was tampered with",
                KeyReason.TAMPERED,
            )

    def derive(self, passphrase: str) -> bytes:
        """32 octets."""
        if self.function == "scrypt":
            return Scrypt(salt=self.salt, length=32, n=self.cost["n"], r=8, p=1).derive(passphrase.encode())
        argon2 = Argon2id(
            salt=self.salt,
            length=32,
            iterations=self.cost["iterations"],
            lanes=self.cost["lanes"],
            memory_cost=self.cost["memory_kib"],
        )
        with _one_at_a_time:
            return argon2.derive(passphrase.encode())

    def stored(self) -> dict[str, Any]:
        """As it lies in the keystore file."""
        return {self.function: dict(self.cost) | {"salt": self.salt.hex()}}


def fresh_derivation() -> Derivation:
    """Argon2id under a new random salt, at the cost that RFC 9106 section 4 recommends second: 64 MiB, about 0.2 s."""
    return Derivation("argon2id", dict(NEW_COST), secrets.token_bytes(SALT_BYTES))


def derivation_of(document: Mapping[str, Any]) -> Derivation:
    """The derivation that a keystore file records; KeyUnusable if it is outside its bounds, KeyError and others if none.

    A file names exactly one.
    """
    (name,) = [known for known in BOUNDS if known in document]
    cost = {key: value for key, value in document[name].items() if key != "salt"}
    if not all(type(value) is int for value in cost.values()):
        raise TypeError("a cost is a whole number")
    function: Literal["argon2id", "scrypt"] = "scrypt" if name == "scrypt" else "argon2id"
    return Derivation(function, cost, bytes.fromhex(document[name]["salt"]))


@dataclass(frozen=True)
class MasterKey:
    """What a passphrase and its derivation give; cannot be pickled, printed or copied out by accident."""

    derivation: Derivation
    _root: bytes = field(repr=False)

    @classmethod
    def derive(cls, passphrase: str, derivation: Derivation) -> MasterKey:
        """About 0.2 s."""
        return cls(derivation, derivation.derive(passphrase))

    @classmethod
    def fresh(cls, passphrase: str) -> MasterKey:
        """Under a new random salt."""
        return cls.derive(passphrase, fresh_derivation())

    def seal(self, secret: bytes, binding: str) -> str:
        """Base64 of the sealed secret."""
        return b64encode(self._sealer().seal(secret, binding)).decode()

    def unseal(self, sealed: str, binding: str) -> bytes:
        """The secret; raises KeyUnusable."""
        try:
            return self._sealer().unseal(b64decode(sealed, validate=True), binding)
        except (SealBroken, ValueError) as error:
            raise KeyUnusable(
                "a secret of the keystore does not open: the file was tampered with", KeyReason.TAMPERED
            ) from error

    def mac(self, data: bytes) -> str:
        """HMAC-SHA256 in hex."""
        return hmac.new(self._part(b"mac"), data, "sha256").hexdigest()

    def proof(self) -> str:
        """Tells a wrong passphrase from a changed file."""
        return self._part(b"proof").hex()[:32]

    def _sealer(self) -> AesSegmentSealer:
        return AesSegmentSealer({_SEALED_AS: self._part(b"seal")}, _SEALED_AS)

    def _part(self, name: bytes) -> bytes:
        return HKDF(hashes.SHA256(), length=32, salt=None, info=b"keystore " + name).derive(self._root)

    def __repr__(self) -> str:
        return "MasterKey(...)"

    def __reduce__(self) -> str:
        raise TypeError("a keystore does not travel: open it where it is needed")
