"""The keystore on disk (密钥库文件): JSON to read, secrets sealed, the whole under one MAC, replaced atomically.

Any change of any octet is noticed: by the MAC, and before a passphrase is tried by a plain checksum, so that a damaged
file is not mistaken for a wrong passphrase. (Who writes a whole new head and its checksum gets "wrong passphrase": to us
that is a keystore of somebody else's.) Putting back an older whole file is not noticed by the file itself: ``revision``
lets people and running processes see it.

Format 1 had no checksum and only scrypt; it is read, and written anew as format 2 with the next change.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason
from crypto.master_key import Derivation, MasterKey, derivation_of

OLD_FORMAT = "benefit-payment-gateway-keystore/1"
FORMAT = "benefit-payment-gateway-keystore/2"
LARGEST_FILE = 16 * 1024 * 1024
SETTLED_NS = 50_000_000  # a file changed less long ago may change again without a new mtime (a clock tick: 1 to 10 ms)

Document = dict[str, Any]
Stamp = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Octets:
    """A file as it was read, and what told it from another then; ``stamp`` is None if it was too young to tell."""

    content: bytes
    stamp: Stamp | None


def rendered(content: Document, master: MasterKey) -> bytes:
    """The file's exact octets for a content; one content has one rendering."""
    document: Document = master.derivation.stored() | {"format": FORMAT, "proof": master.proof(), "content": content}
    document["mac"] = master.mac(_dumped(document))
    document["checksum"] = _checksum(document)
    return _dumped(document) + b"\n"


def stamp_of(path: Path) -> Stamp | None:
    """What tells a file from another without reading it; None if it is not there."""
    try:
        return _stamp(path.stat())
    except OSError:
        return None


def read_octets(path: Path, what: str = "keystore") -> Octets:
    """The file as it is; KeyUnusable if it cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise KeyUnusable(f"{what} {path}: {error.strerror}", KeyReason.UNREADABLE) from error
    if len(content) > LARGEST_FILE:
        raise KeyUnusable(f"{what} {path}: larger than {LARGEST_FILE} octets", KeyReason.UNREADABLE)
    settled = found.st_ctime_ns < time.time_ns() - SETTLED_NS
    return Octets(content, _stamp(found) if settled else None)


def derivation_in(octets: bytes, path: Path) -> Derivation:
    """How the file's master key is derived; KeyUnusable if the file is no keystore or was damaged."""
    document = _parsed(octets, path)
    try:
        return derivation_of(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _tampered(path) from error


def master_of(octets: bytes, passphrase: str, path: Path) -> MasterKey:
    """The master key for a file; KeyUnusable on a wrong passphrase."""
    derivation = derivation_in(octets, path)
    master, given = MasterKey.derive(passphrase, derivation), _parsed(octets, path).get("proof")
    if not isinstance(given, str) or not hmac.compare_digest(master.proof().encode(), given.encode()):
        raise KeyUnusable(f"keystore {path}: wrong passphrase", KeyReason.WRONG_PASSPHRASE)
    return master


def content_of(octets: bytes, master: MasterKey, path: Path) -> Document:
    """The content, if every octet is as it was written; KeyUnusable otherwise."""
    document = _parsed(octets, path)
    if derivation_in(octets, path) != master.derivation:
        raise KeyUnusable(
            f"keystore {path}: written under another passphrase since; open it anew", KeyReason.PASSPHRASE_CHANGED
        )
    signed = {name: value for name, value in document.items() if name not in ("mac", "checksum")}
    written = document | {"mac": master.mac(_dumped(signed))}
    content = document.get("content")
    if not isinstance(content, dict) or not hmac.compare_digest(_dumped(written) + b"\n", octets):
        raise _tampered(path)
    return content


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Only one process at a time replaces the keystore in this directory; raises KeyUnusable."""
    try:
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise KeyUnusable(f"keystore {path}: {error.strerror}", KeyReason.UNREADABLE) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)  # the rename itself is durable when we let go
    finally:
        os.close(descriptor)


@contextmanager
def durable(path: Path) -> Iterator[None]:
    """A rename to ``path`` made within is on the disk afterwards; raises OSError."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, octets: bytes) -> None:
    """Whole or not at all, mode 0600; call it under ``locked``. Raises OSError."""
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


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


def _parsed(octets: bytes, path: Path) -> Document:
    try:
        document = json.loads(octets)
    except (ValueError, RecursionError) as error:
        raise KeyUnusable(f"keystore {path}: not JSON, tampered with or damaged", KeyReason.TAMPERED) from error
    if not isinstance(document, dict) or document.get("format") not in (FORMAT, OLD_FORMAT):
        raise KeyUnusable(f"keystore {path}: not a {FORMAT} file", KeyReason.TAMPERED)
    if document["format"] == FORMAT and document.get("checksum") != _checksum(document):
        raise _tampered(path)
    return document


def _tampered(path: Path) -> KeyUnusable:
    return KeyUnusable(
        f"keystore {path}: tampered with or damaged, restore it from a copy that you trust", KeyReason.TAMPERED
    )


def _checksum(document: Document) -> str:
    return hashlib.sha256(_dumped({name: value for name, value in document.items() if name != "checksum"})).hexdigest()


def _dumped(document: Document) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True).encode()
