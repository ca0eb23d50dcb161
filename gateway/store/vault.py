"""The vault (密封文件库): exact bytes of any length at rest, sealed, outside the database.

A file gets its final name only when all of it is on disk, so that what the database names is always whole.
Names are random, and bound into the seal: a file that was moved to another name no longer opens.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, NoReturn, Protocol

from crypto.contract import SealBroken
from gateway.store.errors import ContentTooLarge as ContentTooLarge
from gateway.store.errors import VaultDamaged as VaultDamaged
from gateway.store.errors import VaultFull as VaultFull
from gateway.store.records import Content

_NAME: Final = re.compile(r"[0-9a-f]{2}/[0-9a-f]{30}")
_UNFINISHED: Final = "unfinished"
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


class Vault:
    """One directory of sealed files; several processes may share it."""

    def __init__(self, root: Path, sealer: FileSealer):
        """Creates ``root`` (mode 0700) where it does not exist."""
        self._root, self._sealer = root, sealer
        (root / _UNFINISHED).mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(self, media_type: str) -> VaultWriter:
        """A writer for new content; raises VaultFull."""
        return VaultWriter(self._root, self._sealer, media_type)

    def open(self, content: Content) -> Iterator[bytes]:
        """The exact bytes in chunks of about 1 MB, each verified, SHA-256 compared at the end; raises VaultDamaged.

        Only an iterator that has ended without error has shown the whole content.
        """
        digest, size = hashlib.sha256(), 0
        try:
            with _path(self._root, content.vault_name).open("rb") as raw:
                for chunk in self._sealer.reader(raw, _context(content.vault_name)):
                    digest.update(chunk)
                    size += len(chunk)
                    yield chunk
        except (OSError, SealBroken) as error:
            raise _damaged(content, _spoken(error)) from error
        if (digest.hexdigest(), size) != (content.sha256, content.size):
            raise _damaged(content, "its bytes are not those that were stored")

    def read(self, content: Content, limit: int) -> bytes:
        """All bytes at once; raises ContentTooLarge above ``limit`` bytes, VaultDamaged."""
        if content.size > limit:
            raise ContentTooLarge(f"content of {content.size} bytes is above {limit}: read it as a stream")
        return b"".join(self.open(content))

    def remove_orphans(self, known: Collection[str], older_than_ms: int) -> int:
        """Remove files that no row names and that were last written before ``older_than_ms``; how many.

        ``known`` is ``contents.vault_names``. Leave a day: a file is there before its row is.
        """
        removed = 0
        for path in self._root.glob("*/*"):
            name = f"{path.parent.name}/{path.name}"
            with suppress(FileNotFoundError):
                if name not in known and path.stat().st_mtime * 1000 < older_than_ms:
                    path.unlink()
                    removed += 1
        return removed


class VaultWriter:
    """New content on its way into the vault; a context manager that abandons what was not committed."""

    def __init__(self, root: Path, sealer: FileSealer, media_type: str):
        self._root, self._media_type = root, media_type
        drawn = secrets.token_hex(16)
        self._name = f"{drawn[:2]}/{drawn[2:]}"
        self._unfinished = root / _UNFINISHED / drawn
        self._digest, self._size, self._ended = hashlib.sha256(), 0, False
        self._raw: BinaryIO | None = None
        try:
            self._raw = _private(self._unfinished)
            self._sealed = sealer.writer(self._raw, _context(self._name))
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

    def commit(self) -> Content:
        """Durable under its final name when this returns; raises VaultFull, and then nothing is left of it."""
        if self._ended or self._raw is None:
            raise ValueError("this content was committed or abandoned before")
        path = _path(self._root, self._name)
        try:
            self._sealed.close()
            self._raw.flush()
            os.fsync(self._raw.fileno())
            self._raw.close()
            path.parent.mkdir(mode=0o700, exist_ok=True)
            self._unfinished.rename(path)
            _sync_directory(path.parent)
            _sync_directory(self._root)
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


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600), "wb")


def _path(root: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise VaultDamaged("a stored content has a name that the vault never gave: the database was changed by hand")
    return root / name


def _context(name: str) -> str:
    return f"vault/{name}"


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _spoken(error: BaseException) -> str:
    return (error.strerror or "input/output error") if isinstance(error, OSError) else str(error)


def _damaged(content: Content, why: str) -> VaultDamaged:
    return VaultDamaged(f"vault file {content.vault_name}: {why}; restore it from the backup")
