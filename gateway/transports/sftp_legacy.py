"""Files to and from a bank whose SSH server is too old for paramiko (老旧 SFTP 服务), until a date in its profile.

SHA-1 signatures, group14-sha1 and CBC are refused everywhere else. ``transport.legacy_until`` is the dated exception;
from that day on nothing is sent any more until a person decides.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

import asyncssh

from adapters.endpoints import SftpEndpoint
from gateway.transports.contract import Misconfigured, RemoteFile, TransportFault
from gateway.transports.sftp_keys import first_accepted, read_pins
from gateway.transports.sftp_legacy_session import BROKEN, LegacySession
from gateway.transports.sftp_names import ENTRIES_PER_DIRECTORY, finished, path_of, unfinished_path_of

SLOWEST_BYTES_PER_SECOND: Final = 64 * 1024
_PIECE_BYTES: Final = 1024 * 1024
_BLOCK_BYTES: Final = 32 * 1024  # every server takes requests of this size (SFTP v3 section 3)
_REQUESTS: Final = 64
_CONNECTION_GONE: Final = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)

T = TypeVar("T")


@dataclass(slots=True)
class _Step:
    """One call in progress: what an error in it would mean."""

    session: LegacySession
    maybe_sent: bool = False


class LegacySftpTransport:
    """A ``FileTransport`` over one reused SSH connection; for one thread at a time."""

    def __init__(
        self,
        endpoint: SftpEndpoint,
        private_key: bytes,
        today: Callable[[], date],
        slowest_bytes_per_second: int = SLOWEST_BYTES_PER_SECOND,
        older_keys: Sequence[bytes] = (),
        told: Callable[[str], None] = lambda _fingerprint: None,
    ):
        """Keys and ``told`` as for ``SftpTransport``; ``today``: the business date. Raises Misconfigured."""
        self._endpoint, self._today, self._slowest = endpoint, today, slowest_bytes_per_second
        self._told = told
        self._pins = read_pins(endpoint.host_keys)
        try:
            self._keys = [asyncssh.import_private_key(pem) for pem in (private_key, *older_keys)]
        except asyncssh.KeyImportError:
            raise Misconfigured(
                "the SFTP login key cannot be read; it must be an unencrypted PEM private key"
            ) from None
        self._session: LegacySession | None = None

    def put(self, directory: str, name: str, chunks: Iterable[bytes], size: int) -> None:
        """Upload under a temporary name, verify, rename; a file already there with this size is delivered."""
        final, partial = path_of(directory, name), unfinished_path_of(directory, name)
        with self._step(f"put {final}") as step:
            if self._already_there(step, final, size):
                return
            self._upload(step, partial, chunks, size)
            self._rename(step, partial, final, size)

    def find(self, directory: str, name: str) -> RemoteFile | None:
        """The file under its final name, or None."""
        path = path_of(directory, name)
        with self._step(f"find {path}") as step:
            seen = self._attributes(step, path)
        return None if seen is None or not _is_file(seen) else _remote_file(name, seen)

    def list(self, directory: str) -> list[RemoteFile]:
        """Complete files, oldest first; unfinished files, directories and unusable names are left out."""
        with self._step(f"list {directory}") as step:
            entries = self._do(step, _entries(step.session.sftp, directory), ENTRIES_PER_DIRECTORY * 256)
            if len(entries) > ENTRIES_PER_DIRECTORY:
                why = f"{directory} holds over {ENTRIES_PER_DIRECTORY} entries; clear it"
                raise TransportFault(why, maybe_sent=False)
        seen = [(str(entry.filename), entry.attrs) for entry in entries]
        files = [_remote_file(name, attrs) for name, attrs in seen if finished(name) and _is_file(attrs)]
        return sorted(files, key=lambda file: (file.modified_at, file.name))

    def get(self, directory: str, name: str, limit_bytes: int) -> Iterator[bytes]:
        """The file in pieces of up to 1 MB; TransportFault if it is absent, above the limit or changes while read."""
        path = path_of(directory, name)
        with self._step(f"get {path}") as step:
            file = self._do(step, _opened(step.session.sftp, path, "rb"))
            size = self._do(step, file.stat()).size
            if size is None or size > limit_bytes:
                raise TransportFault(f"{path} has {size} bytes, the limit is {limit_bytes}", maybe_sent=False)
        for offset in range(0, size, _PIECE_BYTES):
            length = min(_PIECE_BYTES, size - offset)
            with self._step(f"get {path}", continued=step.session) as again:
                piece = self._do(again, _piece(file, offset, length), length)
            yield piece
        with self._step(f"get {path}", continued=step.session) as last:
            after = self._do(last, file.stat()).size
            if after != size:
                why = f"{path} went from {size} to {after} bytes while it was read; it is not complete"
                raise TransportFault(why, maybe_sent=False)
            self._do(last, file.close())

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    @contextmanager
    def _step(self, what: str, continued: LegacySession | None = None) -> Iterator[_Step]:
        """One bounded exchange; any error ends the session, so that no late answer is left in it."""
        session = self._live_session() if continued is None else self._session
        if session is None or (continued is not None and continued is not session):
            raise TransportFault(f"{what}: the connection ended before the file was read to its end", maybe_sent=False)
        step = _Step(session)
        try:
            yield step
        except BaseException as error:
            self.close()
            if isinstance(error, BROKEN):
                where = f"{what} at {self._endpoint.host}"
                raise TransportFault(f"{where}: {_described(error)}", maybe_sent=step.maybe_sent) from error
            raise
        session.touch()

    def _live_session(self) -> LegacySession:
        self._require_in_time()
        if self._session is not None and not self._session.alive():
            self.close()
        if self._session is None:
            self._session = first_accepted(
                self._keys,
                lambda key: LegacySession(self._endpoint, self._pins, key),
                lambda key: self._told(key.get_fingerprint()),
            )
        return self._session

    def _require_in_time(self) -> None:
        until = self._endpoint.legacy_until
        if until is None or self._today() >= until:
            raise Misconfigured(
                f"old SSH algorithms were allowed for {self._endpoint.host} until {until}: nothing is sent any more. "
                "Have the bank offer rsa-sha2-256 or Ed25519, curve25519 or group14-sha256, and AES-CTR or GCM, and "
                "remove transport.legacy_until; or have a later date approved"
            )

    def _do(self, step: _Step, work: Coroutine[Any, Any, T], size: int = 0) -> T:
        return step.session.do(work, self._endpoint.timeout_seconds + size / self._slowest)

    def _attributes(self, step: _Step, path: str) -> asyncssh.SFTPAttrs | None:
        try:
            return self._do(step, step.session.sftp.stat(path))
        except asyncssh.SFTPNoSuchFile:
            return None

    def _already_there(self, step: _Step, final: str, size: int) -> bool:
        """An earlier attempt may have got through without our hearing of it; the same name is the same content."""
        seen = self._attributes(step, final)
        if seen is None or seen.size == size:
            return seen is not None
        raise TransportFault(
            f"{final} is already there with {seen.size} bytes instead of {size}; ask the bank what it holds",
            maybe_sent=True,
        )

    def _upload(self, step: _Step, partial: str, chunks: Iterable[bytes], size: int) -> None:
        file = self._do(step, _opened(step.session.sftp, partial, "wb"))
        written = 0
        for chunk in chunks:
            for start in range(0, len(chunk), _PIECE_BYTES):
                piece = chunk[start : start + _PIECE_BYTES]
                self._do(step, file.write(piece, written), len(piece))
                written += len(piece)
        self._do(step, file.close())
        seen = self._do(step, step.session.sftp.stat(partial)).size
        if written != size or seen != size:
            why = f"{partial}: {written} bytes of {size} written, the server holds {seen}"
            raise TransportFault(why, maybe_sent=False)

    def _rename(self, step: _Step, partial: str, final: str, size: int) -> None:
        """From the first rename request on, silence means that the bank may have the file."""
        step.maybe_sent = True
        refusal: asyncssh.SFTPError | None = None
        for rename in (step.session.sftp.posix_rename, step.session.sftp.rename):
            try:
                self._do(step, rename(partial, final))
                return
            except _CONNECTION_GONE:
                raise
            except asyncssh.SFTPError as refused:
                refusal = refused
        seen = self._attributes(step, final)
        if seen is not None and seen.size == size:
            return
        step.maybe_sent = seen is not None
        why = f"{final}: {_described(refusal)}; the bank must allow renaming in this directory"
        raise TransportFault(why, maybe_sent=step.maybe_sent)


async def _opened(sftp: asyncssh.SFTPClient, path: str, mode: str) -> asyncssh.SFTPClientFile:
    return await sftp.open(path, mode, encoding=None, block_size=_BLOCK_BYTES, max_requests=_REQUESTS)


async def _piece(file: asyncssh.SFTPClientFile, offset: int, length: int) -> bytes:
    """Exactly ``length`` bytes; asyncssh's own ``read`` would fill what a server left out with zeros."""
    blocks = {at: data async for at, data in await file.read_parallel(length, offset)}
    whole = b"".join(blocks[at] for at in sorted(blocks))
    if len(whole) != length:
        raise EOFError(f"the server sent {len(whole)} of {length} bytes")
    return whole


async def _entries(sftp: asyncssh.SFTPClient, directory: str) -> list[asyncssh.SFTPName]:
    found: list[asyncssh.SFTPName] = []
    async for entry in sftp.scandir(directory):
        found.append(entry)
        if len(found) > ENTRIES_PER_DIRECTORY + 2:
            break
    return found


def _described(error: BaseException | None) -> str:
    if isinstance(error, asyncssh.SFTPError) and not isinstance(error, _CONNECTION_GONE):
        return f"the server refused (SFTP status {error.code}: {error.reason[:120]!r})"
    return f"{type(error).__name__}: {error}"


def _is_file(seen: asyncssh.SFTPAttrs) -> bool:
    """Servers may leave the mode out; then it is taken for a file, and opening it will tell."""
    return seen.permissions is None or stat.S_ISREG(seen.permissions)


def _remote_file(name: str, seen: asyncssh.SFTPAttrs) -> RemoteFile:
    if seen.size is None:
        why = f"the server does not state the size of {name}; it must, for files to be checked"
        raise TransportFault(why, maybe_sent=False)
    return RemoteFile(name, seen.size, int(seen.mtime or 0))
