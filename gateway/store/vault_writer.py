"""New content on its way into the vault (写入密封文件库): complete on disk before it has a name."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, NoReturn, Protocol

from gateway.store.errors import VaultDamaged, VaultFull
from gateway.store.records import Content

NAME: Final = re.compile(r"[0-9a-f]{2}/[0-9a-f]{30}")
UNFINISHED: Final = "unfinished"
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class SealedFile(Protocol):
    """Takes plain bytes; ``close`` completes the seal and leaves the file below open."""

    def write(self, data: bytes) -> object:
        """Take a chunk."""

    def close(self) -> None:
        """Seal what is left."""


class FileSealer(Protocol):
    """What the vault asks of ``crypto.sealing.StreamSealer``."""

    def writer(self, raw: BinaryIO, context: str) -> SealedFile:
        """Seal into ``raw``; ``context`` is bound in."""

    def reader(self, raw: BinaryIO, context: str) -> Iterator[bytes]:
        """The plain bytes in chunks, each verified; raises SealBroken."""


class VaultWriter:
    """New content on its way into the vault; a context manager that abandons what was not committed."""

    def __init__(self, root: Path, sealer: FileSealer, media_type: str, instead_of: str | None = None):
        self._root, self._media_type = root, media_type
        drawn = secrets.token_hex(16)
        self._name = instead_of or f"{drawn[:2]}/{drawn[2:]}"
        self._replaces = instead_of is not None
        self._unfinished = root / UNFINISHED / drawn
        self._digest, self._size, self._ended = hashlib.sha256(), 0, False
        self._raw: BinaryIO | None = None
        try:
            self._raw = _private(self._unfinished)
            self._sealed = sealer.writer(self._raw, context_of(self._name))
        except OSError as error:
            self._give_up(error)
        except BaseException:
            self.abandon()
            raise

    def write(self, data: bytes) -> None:
        """Take more plain bytes; raises VaultFull, and then nothing is left of it."""
        try:
            self._sealed.write(data)
        except OSError as error:
            self._give_up(error)
        self._digest.update(data)
        self._size += len(data)

    def complete(self) -> None:
        """All of it is on disk when this returns, not yet under its name; raises VaultFull as ``commit`` does."""
        if self._ended or self._raw is None:
            raise ValueError("this content was committed or abandoned before")
        if self._raw.closed:
            return
        try:
            self._sealed.close()
            self._raw.flush()
            os.fsync(self._raw.fileno())
            self._raw.close()
        except OSError as error:
            self._give_up(error)

    def commit(self) -> Content:
        """Durable under its final name when this returns; raises VaultFull, and then nothing is left of it."""
        self.complete()
        path = path_of(self._root, self._name)
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            self._unfinished.rename(path)
            sync_directory(path.parent)
            sync_directory(self._root)
        except OSError as error:
            self._give_up(error)
        self._ended = True
        return Content(self._name, self._digest.hexdigest(), self._size, self._media_type)

    def abandon(self) -> None:
        """Leave nothing behind; harmless after ``commit``."""
        if self._ended:
            return
        self._ended = True
        if self._raw is not None:
            with suppress(OSError):  # what is still buffered finds no room either
                self._raw.close()
        self._unfinished.unlink(missing_ok=True)
        if not self._replaces:
            (self._root / self._name).unlink(missing_ok=True)

    def __enter__(self) -> VaultWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abandon()

    def _give_up(self, error: OSError) -> NoReturn:
        self.abandon()
        if error.errno not in _NO_ROOM:
            raise error
        raise VaultFull(
            f"no room left for the vault {self._root}: the content was not stored and its beginning was removed; "
            "free some space on that disk and send it again"
        ) from error


def path_of(root: Path, name: str) -> Path:
    """Where the file of this name is; raises VaultDamaged for a name that the vault never gave."""
    if not NAME.fullmatch(name):
        raise VaultDamaged("a stored content has a name that the vault never gave: the database was changed by hand")
    return root / name


def context_of(name: str) -> str:
    """What binds a file to its name."""
    return f"vault/{name}"


def sync_directory(path: Path) -> None:
    """Make names in a directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600), "wb")
