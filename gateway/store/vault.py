"""The vault (密封文件库): exact bytes of any length at rest, sealed, outside the database.

A file gets its final name only when all of it is on disk, so that what the database names is always whole.
Names are random, and bound into the seal: a file that was moved to another name no longer opens.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from crypto.contract import SealBroken
from crypto.sealing import HEAD_BYTES, named_key
from gateway.store.errors import ContentTooLarge as ContentTooLarge
from gateway.store.errors import VaultDamaged as VaultDamaged
from gateway.store.errors import VaultFull as VaultFull
from gateway.store.records import Content
from gateway.store.vault_writer import NAME, UNFINISHED, FileSealer, context_of, path_of, sync_directory
from gateway.store.vault_writer import VaultWriter as VaultWriter


class Vault:
    """One directory of sealed files; several processes may share it."""

    def __init__(self, root: Path, sealer: FileSealer):
        """Creates ``root`` (mode 0700) where it does not exist."""
        self._root, self._sealer = root, sealer
        (root / UNFINISHED).mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(self, media_type: str) -> VaultWriter:
        """A writer for new content; raises VaultFull."""
        return VaultWriter(self._root, self._sealer, media_type)

    def open(self, content: Content) -> Iterator[bytes]:
        """The exact bytes in chunks of about 1 MB, each verified, SHA-256 compared at the end; raises VaultDamaged.

        Only an iterator that has ended without error has shown the whole content.
        """
        digest, size = hashlib.sha256(), 0
        try:
            with path_of(self._root, content.vault_name).open("rb") as raw:
                for chunk in self._sealer.reader(raw, context_of(content.vault_name)):
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

    def keys_in_use(self, after: str = "") -> Iterator[tuple[str, str | None]]:
        """(name, key id in its header) of every file above ``after``, in the order of names; only heads are read."""
        for directory in sorted(self._root.glob("[0-9a-f][0-9a-f]")):
            if f"{directory.name}/~" <= after:
                continue
            for entry in sorted(entry.name for entry in os.scandir(directory)):
                name = f"{directory.name}/{entry}"
                if name > after and NAME.fullmatch(name):
                    with suppress(FileNotFoundError):
                        yield name, self._key_of(name)

    def being_written_under(self, key_id: str, since_ms: int) -> bool:
        """Whether every file that is being written, last touched after ``since_ms``, names this key already."""
        heads = []
        for path in (self._root / UNFINISHED).iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime * 1000 >= since_ms:
                    heads.append(self._key_of(f"{UNFINISHED}/{path.name}"))
        return all(found == key_id for found in heads)

    def reseal(self, name: str, allowed: Callable[[], AbstractContextManager[bool]]) -> int | None:
        """Seal a file anew under the sealer's active key and its own name; its plain size, None where not allowed.

        The new file is complete on disk before it takes the name in one step: whoever reads meanwhile reads the old
        one to its end, and whatever breaks off leaves the old one. ``allowed`` surrounds that step only, and says
        whether the file is still wanted. Raises VaultDamaged, VaultFull.
        """
        try:
            raw = path_of(self._root, name).open("rb")
        except FileNotFoundError:
            return None
        with raw, VaultWriter(self._root, self._sealer, "", name) as writer:
            try:
                for chunk in self._sealer.reader(raw, context_of(name)):
                    writer.write(chunk)
            except (SealBroken, OSError) as error:
                raise _damaged(Content(name, "", 0, ""), _spoken(error)) from error
            writer.complete()
            with allowed() as wanted:
                return writer.commit().size if wanted else None

    def remove(self, name: str) -> bool:
        """Remove a file for good; False where it is gone already."""
        path = path_of(self._root, name)
        if not path.exists():
            return False
        path.unlink(missing_ok=True)
        sync_directory(path.parent)
        return True

    def _key_of(self, name: str) -> str | None:
        with (self._root / name).open("rb", buffering=0) as raw:
            return named_key(raw.read(HEAD_BYTES))

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


def _spoken(error: BaseException) -> str:
    return (error.strerror or "input/output error") if isinstance(error, OSError) else str(error)


def _damaged(content: Content, why: str) -> VaultDamaged:
    return VaultDamaged(f"vault file {content.vault_name}: {why}; restore it from the backup")
