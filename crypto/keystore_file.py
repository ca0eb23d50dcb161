"""The keystore on disk (密钥库文件): JSON to read, secrets sealed, the whole under one MAC, replaced atomically.

The master key is scrypt over the passphrase; secrets are AES-256-GCM under one half, the MAC is HMAC-SHA256 under the
other. Any change of any octet is noticed. Putting back an older whole file is not; ``revision`` lets people see it.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from crypto.contract import KeyUnusable, SealBroken
from crypto.sealing import AesSegmentSealer

FORMAT = "benefit-payment-gateway-keystore/1"
SCRYPT_N = 2**15  # with r 8, p 1: 32 MiB and about 80 ms, once for each process
SCRYPT_N_BOUNDS = (2**14, 2**20)  # a file may not ask for less safety, nor for all our memory
LARGEST_FILE = 16 * 1024 * 1024
_SEALED_AS = "keystore"

Document = dict[str, Any]


@dataclass(frozen=True)
class MasterKey:
    """What a passphrase and a salt give; cannot be pickled, printed or copied out by accident."""

    n: int
    salt: bytes
    _root: bytes

    @classmethod
    def derive(cls, passphrase: str, salt: bytes, n: int) -> MasterKey:
        """About 80 ms; KeyUnusable if the cost is outside its bounds."""
        if not SCRYPT_N_BOUNDS[0] <= n <= SCRYPT_N_BOUNDS[1] or n & (n - 1):
            raise KeyUnusable(f"scrypt cost {n} is not a power of two within {SCRYPT_N_BOUNDS}: the file was tampered")
        return cls(n, salt, Scrypt(salt=salt, length=32, n=n, r=8, p=1).derive(passphrase.encode()))

    @classmethod
    def fresh(cls, passphrase: str, n: int = SCRYPT_N) -> MasterKey:
        """Under a new random salt."""
        return cls.derive(passphrase, secrets.token_bytes(32), n)

    def seal(self, secret: bytes, binding: str) -> str:
        """Base64 of the sealed secret."""
        return b64encode(self._sealer().seal(secret, binding)).decode()

    def unseal(self, sealed: str, binding: str) -> bytes:
        """The secret; raises KeyUnusable."""
        try:
            return self._sealer().unseal(b64decode(sealed, validate=True), binding)
        except (SealBroken, ValueError) as error:
            raise KeyUnusable("a secret of the keystore does not open: the file was tampered") from error

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


def rendered(content: Document, master: MasterKey) -> bytes:
    """The file's exact octets for a content; one content has one rendering."""
    head = {"format": FORMAT, "scrypt": _scrypt(master), "proof": master.proof()}
    document: Document = head | {"content": content}
    document["mac"] = master.mac(_dumped(document))
    return _dumped(document) + b"\n"


def read_octets(path: Path) -> bytes:
    """The file's octets; KeyUnusable if it cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            octets = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise KeyUnusable(f"keystore {path}: {error.strerror}") from error
    if len(octets) > LARGEST_FILE:
        raise KeyUnusable(f"keystore {path}: larger than {LARGEST_FILE} octets")
    return octets


def master_of(octets: bytes, passphrase: str, path: Path) -> MasterKey:
    """The master key for a file; KeyUnusable on a wrong passphrase."""
    document = _parsed(octets, path)
    try:
        master = MasterKey.derive(passphrase, bytes.fromhex(document["scrypt"]["salt"]), int(document["scrypt"]["n"]))
        given = str(document["proof"])
    except (KeyError, TypeError, ValueError) as error:
        raise KeyUnusable(f"keystore {path}: damaged or tampered") from error
    if not hmac.compare_digest(master.proof().encode(), given.encode()):
        raise KeyUnusable(f"keystore {path}: wrong passphrase")
    return master


def content_of(octets: bytes, master: MasterKey, path: Path) -> Document:
    """The content, if every octet is as it was written; KeyUnusable otherwise."""
    document = _parsed(octets, path)
    if document.get("scrypt") != _scrypt(master):
        raise KeyUnusable(f"keystore {path}: written under another passphrase since; open it anew")
    content = document.get("content")
    if not isinstance(content, dict) or not hmac.compare_digest(rendered(content, master), octets):
        raise KeyUnusable(f"keystore {path}: tampered or damaged, restore it from a copy that you trust")
    return content


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one process at a time replaces files in this directory."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)  # the rename itself is durable when we let go
    finally:
        os.close(descriptor)


def replace_file(path: Path, octets: bytes) -> None:
    """Whole or not at all, mode 0600; call it under ``locked``."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _scrypt(master: MasterKey) -> Document:
    return {"n": master.n, "salt": master.salt.hex()}


def _parsed(octets: bytes, path: Path) -> Document:
    try:
        document = json.loads(octets)
    except (ValueError, RecursionError) as error:
        raise KeyUnusable(f"keystore {path}: not JSON, tampered or damaged") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise KeyUnusable(f"keystore {path}: not a {FORMAT} file")
    return document


def _dumped(document: Document) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True).encode()
