"""An operator's own key file (操作员密钥文件): Ed25519 in PKCS#8 under a passphrase, readable by its owner only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crypto.key_material import Algorithm, KeyMaterial
from crypto.schemes import ed25519
from gateway.keys.refusals import Unfit

SHORTEST_PASSPHRASE: Final = 12
_LARGEST_FILE: Final = 10_000


def make_operator_key(path: Path, passphrase: str) -> tuple[Path, str]:
    """Write a new key to ``path`` and its public half beside it; the public file and its fingerprint. Raises Unfit."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Unfit(
            f"口令至少 {SHORTEST_PASSPHRASE} 个字符。",
            f"the passphrase needs at least {SHORTEST_PASSPHRASE} characters",
        )
    key, public_path = Ed25519PrivateKey.generate(), path.with_name(path.name + ".pub")
    sealed = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )
    public = ed25519.public_to_pem(key.public_key())
    _written(path, sealed, 0o600)
    _written(public_path, public.encode(), 0o644)
    return public_path, fingerprint(public)


def read_operator_key(path: Path, passphrase: str) -> Ed25519PrivateKey:
    """The private key in the file; raises Unfit."""
    octets = _own_octets(path)
    try:
        key = serialization.load_pem_private_key(octets, passphrase.encode())
    except TypeError:
        raise Unfit(
            f"{path} 未加密：操作员密钥必须有口令，请用 gateway operators new-key 重新生成。",
            f"{path} is not encrypted: an operator's key needs a passphrase, make one with gateway operators new-key",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise Unfit(
            f"{path}：口令错误，或不是操作员密钥。", f"{path}: wrong passphrase, or not an operator's key"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Unfit(f"{path} 不是 Ed25519 密钥。", f"{path} is not an Ed25519 key: gateway operators new-key makes one")
    return key


def read_public(path: Path) -> KeyMaterial:
    """An operator's public half in PEM; raises Unfit, KeyUnusable."""
    try:
        text = path.read_bytes()[:_LARGEST_FILE].decode("utf-8", "replace")
    except OSError as error:
        raise Unfit(f"无法读取 {path}。", f"{path}: {error.strerror}") from None
    if "PRIVATE" in text:
        raise Unfit(f"{path} 是私钥：请给出 .pub 文件。", f"{path} is a private key: give the file that ends with .pub")
    public = ed25519.public_to_pem(ed25519.public_from_pem(text))
    return KeyMaterial(Algorithm.ED25519, public)


def fingerprint(public_pem: str) -> str:
    """16 hex digits, as the keystore names the key."""
    return KeyMaterial(Algorithm.ED25519, public_pem).fingerprint()


def _own_octets(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise Unfit(
                    f"{path} 他人可读：先执行 chmod 600 {path}。",
                    f"{path} can be read by others: chmod 600 {path}, and think about who has read it",
                )
            return file.read(_LARGEST_FILE)
    except OSError as error:
        raise Unfit(f"无法读取 {path}。", f"{path}: {error.strerror}") from None


def _written(path: Path, octets: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    except FileExistsError:
        raise Unfit(f"{path} 已存在。", f"{path} exists already: choose another name, nothing is overwritten") from None
    except OSError as error:
        raise Unfit(f"无法写入 {path}。", f"{path}: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(octets)
