"""Files to and from a bank over SFTP (文件交换), with an honest word about what may have arrived."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice

import paramiko

from adapters.endpoints import SftpEndpoint
from gateway.transports.contract import FileTransport, RemoteFile, TransportFault
from gateway.transports.deadline import Deadline
from gateway.transports.sftp_client import Client, PipelinedReads, PipelinedWrites, Refused, file_handle
from gateway.transports.sftp_keys import fingerprint, first_accepted, read_pins, read_private_key
from gateway.transports.sftp_names import ENTRIES_PER_DIRECTORY, finished, path_of, unfinished_path_of
from gateway.transports.sftp_session import BROKEN, Session, open_session

SLOWEST_BYTES_PER_SECOND = 64 * 1024  # a line slower than this counts as broken
_PIECE_BYTES = 1024 * 1024


@dataclass(slots=True)
class _Step:
    """One call in progress: what an error in it would mean."""

    client: Client
    maybe_sent: bool = False


class SftpTransport:
    """A ``FileTransport`` over one reused SSH connection; for one thread at a time."""

    def __init__(
        self,
        endpoint: SftpEndpoint,
        private_key: bytes,
        slowest_bytes_per_second: int = SLOWEST_BYTES_PER_SECOND,
        older_keys: Sequence[bytes] = (),
        told: Callable[[str], None] = lambda _fingerprint: None,
    ):
        """Keys: unencrypted PEM bytes from the keystore. Raises Misconfigured for unreadable ones.

        ``older_keys`` are shown where the server refuses ``private_key``; ``told`` hears the one that it took.
        """
        self._endpoint, self._told = endpoint, told
        self._keys = [read_private_key(pem) for pem in (private_key, *older_keys)]
        self._pins = read_pins(endpoint.host_keys)
        self._slowest = slowest_bytes_per_second
        self._session: Session | None = None

    def put(self, directory: str, name: str, chunks: Iterable[bytes], size: int) -> None:
        """Upload under a temporary name, verify, rename; a file already there with this size is delivered."""
        final, partial = path_of(directory, name), unfinished_path_of(directory, name)
        with self._step(f"put {final}", size) as step:
            if _already_there(step, final, size):
                return
            _upload(step.client, partial, chunks, size)
            _rename(step, partial, final, size)

    def find(self, directory: str, name: str) -> RemoteFile | None:
        """The file under its final name, or None."""
        path = path_of(directory, name)
        with self._step(f"find {path}", 0) as step:
            attributes = step.client.attributes(path)
        return None if attributes is None or not _is_file(attributes) else _remote_file(name, attributes)

    def list(self, directory: str) -> list[RemoteFile]:
        """Complete files, oldest first; unfinished files, directories and unusable names are left out."""
        with self._step(f"list {directory}", ENTRIES_PER_DIRECTORY * 256) as step:
            entries = list(islice(step.client.entries(directory), ENTRIES_PER_DIRECTORY + 1))
            if len(entries) > ENTRIES_PER_DIRECTORY:
                raise TransportFault(
                    f"{directory} holds over {ENTRIES_PER_DIRECTORY} entries; clear it", maybe_sent=False
                )
        files = [_remote_file(entry.filename, entry) for entry in entries if _is_complete(entry)]
        return sorted(files, key=lambda file: (file.modified_at, file.name))

    def get(self, directory: str, name: str, limit_bytes: int) -> Iterator[bytes]:
        """The file in pieces of up to 1 MB; TransportFault if it is absent, above the limit or changes while read."""
        path = path_of(directory, name)
        with self._step(f"get {path}", 0) as step:
            file = step.client.open(path, "rb")
            size = file.stat().st_size
            if size is None or size > limit_bytes:
                raise TransportFault(f"{path} has {size} bytes, the limit is {limit_bytes}", maybe_sent=False)
        blocks = PipelinedReads(step.client, file_handle(file), size).blocks()
        while True:
            with self._step(f"get {path}", _PIECE_BYTES, continued=step.client):
                piece = _piece(blocks)
                if not piece:
                    _check_unchanged(path, size, file.stat().st_size)
                    file.close()
                    return
            yield piece

    def close(self) -> None:
        """Let go of the connection; the next call opens another."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    @contextmanager
    def _step(self, what: str, size: int, continued: Client | None = None) -> Iterator[_Step]:
        """One bounded exchange; any error ends the session, so that no late answer is left in it."""
        session = self._live_session() if continued is None else self._session
        if session is None or (continued is not None and continued is not session.client):
            raise TransportFault(f"{what}: the connection ended before the file was read to its end", maybe_sent=False)
        step = _Step(session.client)
        with Deadline(2.0 * self._endpoint.timeout_seconds + size / self._slowest, session.cut) as deadline:
            try:
                yield step
            except BaseException as error:
                self.close()
                if isinstance(error, (*BROKEN, Refused)):
                    why = "the outer deadline passed" if deadline.expired else f"{type(error).__name__}: {error}"
                    raise TransportFault(
                        f"{what} at {self._endpoint.host}: {why}", maybe_sent=step.maybe_sent
                    ) from error
                raise
        session.touch()

    def _live_session(self) -> Session:
        if self._session is not None and not self._session.alive(self._endpoint.timeout_seconds):
            self.close()
        if self._session is None:
            self._session = first_accepted(
                self._keys,
                lambda key: open_session(self._endpoint, self._pins, key),
                lambda key: self._told(fingerprint(key.asbytes())),
            )
        return self._session


def _is_file(attributes: paramiko.SFTPAttributes) -> bool:
    """Servers may leave the mode out; then it is taken for a file, and opening it will tell."""
    return attributes.st_mode is None or stat.S_ISREG(attributes.st_mode)


def _is_complete(entry: paramiko.SFTPAttributes) -> bool:
    return finished(entry.filename) and _is_file(entry)


def _remote_file(name: str, attributes: paramiko.SFTPAttributes) -> RemoteFile:
    if attributes.st_size is None:
        raise TransportFault(
            f"the server does not state the size of {name}; it must, for files to be checked", maybe_sent=False
        )
    return RemoteFile(name, attributes.st_size, int(attributes.st_mtime or 0))


def _already_there(step: _Step, final: str, size: int) -> bool:
    """An earlier attempt may have got through without our hearing of it; the same name is the same content."""
    seen = step.client.attributes(final)
    if seen is None or seen.st_size == size:
        return seen is not None
    raise TransportFault(
        f"{final} is already there with {seen.st_size} bytes instead of {size}; ask the bank what it holds",
        maybe_sent=True,
    )


def _upload(client: Client, partial: str, chunks: Iterable[bytes], size: int) -> None:
    file = client.open(partial, "wb")  # truncates what an earlier attempt left
    written = PipelinedWrites(client, file_handle(file)).write(chunks)
    file.close()  # only on success: after an error the session goes, and a silent server would make us wait
    seen = client.stat(partial).st_size
    if written != size or seen != size:
        raise TransportFault(f"{partial}: {written} bytes of {size} written, the server holds {seen}", maybe_sent=False)


def _rename(step: _Step, partial: str, final: str, size: int) -> None:
    """From the first rename request on, silence means that the bank may have the file."""
    step.maybe_sent = True
    refusal: Refused | None = None
    for rename in (step.client.posix_rename, step.client.rename):
        try:
            rename(partial, final)
            return
        except Refused as refused:
            refusal = refused
    seen = step.client.attributes(final)
    if seen is not None and seen.st_size == size:
        return
    step.maybe_sent = seen is not None
    raise TransportFault(
        f"{final}: {refusal}; the bank must allow renaming in this directory", maybe_sent=step.maybe_sent
    )


def _piece(blocks: Iterator[bytes]) -> bytes:
    parts: list[bytes] = []
    have = 0
    while have < _PIECE_BYTES and (block := next(blocks, b"")):
        parts.append(block)
        have += len(block)
    return b"".join(parts)


def _check_unchanged(path: str, expected: int, seen: int | None) -> None:
    if seen != expected:
        raise TransportFault(
            f"{path} went from {expected} to {seen} bytes while it was read; it is not complete", maybe_sent=False
        )


def sftp_transport(
    endpoint: SftpEndpoint,
    private_keys: Sequence[bytes],
    today: Callable[[], date],
    told: Callable[[str], None] = lambda _fingerprint: None,
) -> FileTransport:
    """The driver for this bank: paramiko, or while its profile has ``legacy_until`` the one for old servers.

    ``private_keys``: our active key, then the retiring ones; ``told`` hears the fingerprint where only a retiring one
    was taken. Raises Misconfigured for unreadable keys; after that day every call of the old one does.
    """
    active, *older = private_keys
    if endpoint.legacy_until is None:
        return SftpTransport(endpoint, active, older_keys=older, told=told)
    from gateway.transports.sftp_legacy import LegacySftpTransport  # asyncssh, where it is needed only

    return LegacySftpTransport(endpoint, active, today, older_keys=older, told=told)
