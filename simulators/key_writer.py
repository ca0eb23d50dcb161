"""Puts each demo key where it belongs (密钥存放): into the gateway's keystore, or as a file of one simulator."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_der_private_key

from crypto.demo_pki import Issued
from crypto.generate import Kind, generate_key
from crypto.key_entry import KeyState, Owner, Purpose
from crypto.key_material import Algorithm, KeyMaterial
from crypto.keystore import Keystore
from crypto.schemes import sm2_keys


class KeyWriter:
    """Both sides of every key, below one directory."""

    def __init__(self, directory: Path, store: Keystore):
        self._directory, self._store = directory, store

    def file(self, name: str, content: bytes | str) -> None:
        """One file of a simulator, readable by its owner only."""
        path = self._directory / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(0o600, exist_ok=False)
        path.write_bytes(content.encode("ascii") if isinstance(content, str) else content)

    def knows(self, alias: str) -> bool:
        """Whether the keystore has a key of this alias."""
        return bool(self._store.entries(alias))

    def ours(self, alias: str, purpose: Purpose, material: KeyMaterial) -> None:
        """An active key of the gateway itself."""
        self._store.add(alias, purpose, material, state=KeyState.ACTIVE)

    def ours_once(self, alias: str, purpose: Purpose, kind: Kind) -> str:
        """The public half of a key of the gateway that several banks know; made where there is none yet."""
        if not self.knows(alias):
            self.ours(alias, purpose, generate_key(kind))
        return self._store.entries(alias)[0].public

    def theirs(self, alias: str, purpose: Purpose, material: KeyMaterial) -> None:
        """An active public key of a counterparty."""
        public = KeyMaterial(material.algorithm, material.public)
        self._store.add(alias, purpose, public, owner=Owner.COUNTERPARTY, state=KeyState.ACTIVE)

    def identity(self, name: str, role: str, issued: Issued) -> None:
        """A certificate and its key as files of a simulator: ``tls-<role>.pem`` and ``tls-<role>-key.pem``."""
        self.file(f"{name}/tls-{role}.pem", issued.certificate_pem)
        self.file(f"{name}/tls-{role}-key.pem", issued.key_pem)


def secret_of(material: KeyMaterial) -> bytes:
    """The secret half of a key that was just made."""
    if material.secret is None:
        raise ValueError(f"a generated {material.algorithm} key has a private half")
    return material.secret


def private_pem(material: KeyMaterial) -> bytes:
    """The private half of a signing key as PKCS#8 PEM."""
    if material.algorithm is Algorithm.SM2:
        return sm2_keys.private_to_pem(secret_of(material), sm2_keys.public_from_pem(material.public)).encode("ascii")
    key = load_der_private_key(secret_of(material), None)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
