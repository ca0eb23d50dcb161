"""Our own side of the root that a bank reaches over our SFTP server (文件交换目录): a ``FileTransport`` on this disk.

The bank on the other side can put what it likes into its directories; nothing there makes us read or write anywhere
else (see ``sftp_server_root``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from adapters.endpoints import SftpServerEndpoint
from gateway.transports.contract import Misconfigured, RemoteFile, TransportFault
from gateway.transports.sftp_names import finished, part_of, require_usable
from gateway.transports.sftp_server_root import TAKEN, BankRoot, TooMany

_PIECE_BYTES = 1024 * 1024


@dataclass(slots=True)
class _Step:
    """One call in progress: what an error in it would mean."""

    maybe_sent: bool = False


class ExchangeDirectory:
    """A ``FileTransport`` for one bank of kind ``sftp-server``; directories are the profile's own."""

    def __init__(self, root: Path, endpoint: SftpServerEndpoint):
        """``root``: the directory of all banks' roots (``Settings.exchange_root``). Raises Misconfigured."""
        self._root = BankRoot(root, endpoint)
        self._prepared = False

    def put(self, directory: str, name: str, chunks: Iterable[bytes], size: int) -> None:
        """Lay a file down for the bank, whole or not at all; what the bank has or had with this size is delivered."""
        place = self._place(directory)
        if place != self._root.outgoing:
            raise Misconfigured(f"files for the bank go to its outgoing directory, not to {directory!r}")
        require_usable(name)
        with self._step(f"put {place}/{name}") as step:
            if self._already_there(name, size):
                return
            self._write(place, part_of(name), chunks, size)
            self._show(step, place, name, size)

    def find(self, directory: str, name: str) -> RemoteFile | None:
        """The file under its final name, or None. A file that the bank has fetched and removed is still found."""
        place = self._place(directory)
        require_usable(name)
        with self._step(f"find {place}/{name}"):
            return self._known(name) if place == self._root.outgoing else self._look(place, name)

    def list(self, directory: str) -> list[RemoteFile]:
        """Complete files, oldest first; unfinished and hidden ones, links and unusable names are left out."""
        place = self._place(directory)
        with self._step(f"list {place}"):
            found = self._root.files(place)
        files = [RemoteFile(name, seen.st_size, int(seen.st_mtime)) for name, seen in found if finished(name)]
        return sorted(files, key=lambda file: (file.modified_at, file.name))

    def get(self, directory: str, name: str, limit_bytes: int) -> Iterator[bytes]:
        """The file in pieces of up to 1 MB; TransportFault if it is absent, above the limit or changes while read."""
        place = self._place(directory)
        require_usable(name)
        with self._step(f"get {place}/{name}"):
            file = self._root.open(place, name)
            try:
                yield from _pieces(file, f"{place}/{name}", limit_bytes)
            finally:
                os.close(file)

    def close(self) -> None:
        """Nothing is held between calls."""

    def _place(self, directory: str) -> str:
        place = directory.strip("/")
        if place not in self._root.places:
            raise Misconfigured(
                f"the bank's root has no directory {directory!r}; it has {', '.join(self._root.places)}"
            )
        return place

    @contextmanager
    def _step(self, what: str) -> Iterator[_Step]:
        step = _Step()
        try:
            if not self._prepared:
                self._root.prepare()
                self._prepared = True
            yield step
        except TooMany as error:
            raise TransportFault(str(error), maybe_sent=False) from error
        except OSError as error:
            raise TransportFault(f"{what}: {error.strerror or error}", maybe_sent=step.maybe_sent) from error

    def _look(self, place: str, name: str) -> RemoteFile | None:
        seen = self._root.look(place, name)
        return None if seen is None else RemoteFile(name, seen.st_size, int(seen.st_mtime))

    def _known(self, name: str) -> RemoteFile | None:
        """Twice, because the bank may move it from the one place to the other just while we look."""
        outgoing = self._root.outgoing
        return self._look(outgoing, name) or self._look(TAKEN, name)

    def _already_there(self, name: str, size: int) -> bool:
        """An earlier attempt may have got through without our noting it; the same name is the same content."""
        seen = self._known(name)
        if seen is None or seen.size == size:
            return seen is not None
        raise TransportFault(
            f"{name} is already there with {seen.size} bytes instead of {size}; ask the bank what it holds",
            maybe_sent=True,
        )

    def _write(self, place: str, partial: str, chunks: Iterable[bytes], size: int) -> None:
        with suppress(FileNotFoundError):
            self._root.remove(place, partial)  # what an earlier attempt left
        file = self._root.create(place, partial)
        try:
            written = sum(_write_all(file, chunk) for chunk in chunks)
            os.fsync(file)
            held = os.fstat(file).st_size
        finally:
            os.close(file)
        if written != size or held != size:
            raise TransportFault(f"{partial}: {written} bytes of {size} written, {held} held", maybe_sent=False)

    def _show(self, step: _Step, place: str, name: str, size: int) -> None:
        try:
            self._root.move((place, part_of(name)), (place, name))
        except FileExistsError:  # another worker was faster
            if not self._already_there(name, size):
                raise
        except OSError:
            step.maybe_sent = True
            step.maybe_sent = self._look(place, name) is not None  # renamed, though perhaps not durably
            raise


def _write_all(file: int, chunk: bytes) -> int:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(file, rest) :]
    return len(chunk)


def _pieces(file: int, path: str, limit_bytes: int) -> Iterator[bytes]:
    size = os.fstat(file).st_size
    if size > limit_bytes:
        raise TransportFault(f"{path} has {size} bytes, the limit is {limit_bytes}", maybe_sent=False)
    read = 0
    while piece := os.read(file, _PIECE_BYTES):
        read += len(piece)
        if read > size:
            break
        yield piece
    if read != size:
        raise TransportFault(f"{path} went from {size} to {read} bytes while it was read", maybe_sent=False)
