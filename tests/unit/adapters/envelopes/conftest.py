"""Keys of both sides, as an envelope is handed them, and the bank's own seals over the same keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.envelopes.contract import Outer
from adapters.profile import BankProfile
from adapters.profile_reader import read_profile
from crypto.contract import KeyUnusable, MessageCipher, StreamSigner, StreamVerifier
from crypto.schemes import sm2_library
from crypto.schemes.rsa import RsaSigner, RsaVerifier
from crypto.schemes.sm2_sm3 import Sm2Signer, Sm2Verifier
from simulators.signatures import RsaSeal, Seal, Sm2Seal

CONFIG = Path(__file__).parents[4] / "config"
USER = "1234567812345678"


@dataclass(frozen=True)
class Sm2Keys:
    """``adapters.envelopes.contract.EnvelopeKeys``."""

    ours: tuple[bytes, bytes]
    theirs: tuple[bytes, bytes]

    def signer(self) -> StreamSigner:
        return Sm2Signer("ours", *self.ours, USER, "der")

    def verifier(self) -> StreamVerifier:
        return Sm2Verifier({"theirs": self.theirs[1]}, USER, "der")

    def cipher(self) -> MessageCipher:
        raise KeyUnusable("none")


@dataclass(frozen=True)
class RsaKeys:
    """``adapters.envelopes.contract.EnvelopeKeys``."""

    ours: rsa.RSAPrivateKey
    theirs: rsa.RSAPrivateKey

    def signer(self) -> StreamSigner:
        return RsaSigner("ours", self.ours, "rsa-pkcs1-sha256")

    def verifier(self) -> StreamVerifier:
        return RsaVerifier({"theirs": self.theirs.public_key()}, "rsa-pkcs1-sha256")

    def cipher(self) -> MessageCipher:
        raise KeyUnusable("none")


@pytest.fixture(scope="session")
def sm2_keys() -> Sm2Keys:
    return Sm2Keys(sm2_library.generate(), sm2_library.generate())


@pytest.fixture(scope="session")
def rsa_keys() -> RsaKeys:
    return RsaKeys(rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="session")
def sm2_bank(sm2_keys: Sm2Keys) -> Seal:
    return Sm2Seal(*sm2_keys.theirs, sm2_keys.ours[1], USER, "der", "hex")


@pytest.fixture(scope="session")
def rsa_bank(rsa_keys: RsaKeys) -> Seal:
    return RsaSeal(rsa_keys.theirs, rsa_keys.ours.public_key())


@pytest.fixture(scope="session")
def coop() -> BankProfile:
    return read_profile(CONFIG / "banks/coop-tcp.yaml")


@pytest.fixture(scope="session")
def agri() -> BankProfile:
    return read_profile(CONFIG / "banks/agri-tcp.yaml")


@pytest.fixture(scope="session")
def indust() -> BankProfile:
    return read_profile(CONFIG / "banks/indust-form.yaml")


@pytest.fixture
def outer() -> Outer:
    return Outer("7K3M9QXWZ4T2F0001", "instruction", datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC))
