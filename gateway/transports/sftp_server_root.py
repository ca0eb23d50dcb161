"""One bank's root on our disk (银行文件目录): three fixed directories, walked so that nothing leads out of them.

``<base>/<username>/`` holds the three directories of the bank's profile and two of our own: ``.upload`` for what is
still being written, ``.taken`` for what the bank removed after fetching it. Every step of a path is opened from the
one before it without following links; a file is a regular one with a single name, or it is not there.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Final

from adapters.endpoints import SftpServerEndpoint
from gateway.transports.contract import Misconfigured
from gateway.transports.rename_new import rename_new
from gateway.transports.sftp_names import ENTRIES_PER_DIRECTORY

UPLOADING: Final = ".upload"
TAKEN: Final = ".taken"
_PLACE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a planted FIFO must not make us wait


class TooMany(Exception):
    """A directory holds more entries than are read."""


class BankRoot:
    """The root of one bank. Methods raise OSError; FileNotFoundError also for what is not a plain file."""

    def __init__(self, base: Path, endpoint: SftpServerEndpoint):
        """``base``: the directory of all roots. Raises Misconfigured for directories that cannot be."""
        self._base = base
        self.username = endpoint.username
        self.outgoing = _place(endpoint.outgoing_directory, "outgoing_directory")
        acknowledgements = _place(endpoint.acknowledgement_directory, "acknowledgement_directory")
        results = _place(endpoint.result_directory, "result_directory")
        self.incoming = tuple(dict.fromkeys((acknowledgements, results)))
        if self.outgoing in self.incoming:
            raise Misconfigured("transport.outgoing_directory must not be one that the bank writes to; give it its own")

    @property
    def places(self) -> tuple[str, ...]:
        """The directories that the bank sees."""
        return (self.outgoing, *self.incoming)

    def prepare(self) -> None:
        """Make the directories that are missing, readable by our own user only; what is there is left alone."""
        self._base.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._walk() as base:
            _make(base, self.username)
            with self._walk(self.username) as root:
                for name in (*self.places, UPLOADING, TAKEN):
                    _make(root, name)

    @contextmanager
    def directory(self, place: str) -> Iterator[int]:
        """A descriptor of one of the directories."""
        with self._walk(self.username, place) as descriptor:
            yield descriptor

    def look(self, place: str, name: str) -> os.stat_result | None:
        """What ``place/name`` is; None where there is no plain file of that name."""
        with self.directory(place) as descriptor:
            try:
                found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except FileNotFoundError:
                return None
        return found if plain(found) else None

    def occupied(self, place: str, name: str) -> bool:
        """Whether the name is taken by anything at all."""
        with self.directory(place) as descriptor:
            try:
                os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except FileNotFoundError:
                return False
        return True

    def open(self, place: str, name: str) -> int:
        """A descriptor for reading; FileNotFoundError where there is no plain file of that name."""
        with self.directory(place) as descriptor:
            try:
                file = os.open(name, os.O_RDONLY | _FILE, dir_fd=descriptor)
            except OSError as error:  # a link says ELOOP, a socket ENXIO: neither is a file here
                raise FileNotFoundError(error.errno, "no such file") from error
        if not plain(os.fstat(file)):
            os.close(file)
            raise FileNotFoundError(2, "no such file")
        return file

    def create(self, place: str, name: str) -> int:
        """A new empty file, mode 0600, open for reading and writing; FileExistsError."""
        with self.directory(place) as descriptor:
            return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FILE, 0o600, dir_fd=descriptor)

    def remove(self, place: str, name: str) -> None:
        """Remove a name, whatever it is; nothing is followed. FileNotFoundError."""
        with self.directory(place) as descriptor:
            os.unlink(name, dir_fd=descriptor)

    def move(self, source: tuple[str, str], target: tuple[str, str], *, replace: bool = False) -> None:
        """Give a file another place and name, durably; FileExistsError unless ``replace``."""
        with self.directory(source[0]) as old, self.directory(target[0]) as new:
            if replace:
                os.replace(source[1], target[1], src_dir_fd=old, dst_dir_fd=new)
            else:
                rename_new(old, source[1], new, target[1])
            os.fsync(new)
            os.fsync(old)

    def take_away(self, name: str) -> int:
        """The bank has fetched ``name`` and removes it: its content goes, its name and size stay known. The size."""
        found = self.look(self.outgoing, name)
        if found is None:
            raise FileNotFoundError(2, "no such file")
        self._remember(name, found.st_size)
        with self.directory(self.outgoing) as descriptor:
            os.unlink(name, dir_fd=descriptor)
            os.fsync(descriptor)
        return found.st_size

    def _remember(self, name: str, size: int) -> None:
        """A hole of the file's size under its name: before the file itself goes, so that it is known at any moment."""
        mark = f"{name}{TAKEN}"
        with suppress(FileNotFoundError):
            self.remove(UPLOADING, mark)
        file = self.create(UPLOADING, mark)
        try:
            os.ftruncate(file, size)
            os.fsync(file)
        finally:
            os.close(file)
        self.move((UPLOADING, mark), (TAKEN, name), replace=True)

    def files(self, place: str) -> list[tuple[str, os.stat_result]]:
        """Every plain file, in no order, undecodable bytes as lone surrogates; TooMany."""
        with self.directory(place) as descriptor, os.scandir(descriptor) as entries:
            seen = list(islice(entries, ENTRIES_PER_DIRECTORY + 1))
            if len(seen) > ENTRIES_PER_DIRECTORY:
                raise TooMany(f"{place} holds over {ENTRIES_PER_DIRECTORY} entries; clear it")
            return list(_plain_ones(seen))

    @contextmanager
    def _walk(self, *steps: str) -> Iterator[int]:
        descriptor = os.open(self._base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for step in steps:
                below = os.open(step, _DIRECTORY, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)


def plain(found: os.stat_result) -> bool:
    """A regular file with one name: no link of either kind, no device."""
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


def _plain_ones(entries: list[os.DirEntry[str]]) -> Iterator[tuple[str, os.stat_result]]:
    for entry in entries:
        try:
            found = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # gone since
            continue
        if plain(found):
            yield entry.name, found


def _make(parent: int, name: str) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return
    os.fsync(parent)


def _place(directory: str, key: str) -> str:
    name = directory.strip("/")
    if not _PLACE.fullmatch(name):
        raise Misconfigured(
            f"transport.{key} {directory!r} must be one directory directly below the bank's root, such as /out"
        )
    return name
