"""The SFTP door of a simulated bank: key login, three directories, files complete by rename only.

One directory takes uploads, the others can only be read. Links, directories and attributes cannot be changed,
so nothing leads out of the root.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from simulators.doors.shelf import Shelf
from simulators.engine import SimulatedBank
from simulators.ledger import Ledger

COMPLETED = Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class Door:
    """What a door needs to know; ``completed`` is called with the name of a file that is whole among the incoming."""

    shelf: Shelf
    username: str
    user_keys: tuple[asyncssh.SSHKey, ...]
    bank: SimulatedBank
    completed: COMPLETED
    connections: set[asyncssh.SSHServerConnection] = field(default_factory=set)

    def shut(self) -> None:
        """Cut every connection; new ones are refused for as long as the counterparty is away."""
        for connection in list(self.connections):
            connection.abort()

    def tick(self) -> None:
        """Lay down what is due, and keep the door shut while the bank is away."""
        for outgoing in self.bank.pushed():
            self.shelf.lay(outgoing)
        if self.bank.away:
            self.shut()


class _Session(asyncssh.SSHServer):
    def __init__(self, door: Door):
        self._door = door
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        if self._door.bank.away:
            conn.abort()
        else:
            self._door.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the library's signature
        if self._connection is not None:
            self._door.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002 - everyone must log in
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = {one.public_data for one in self._door.user_keys}
        return username == self._door.username and key.public_data in known


class _Cabinet(asyncssh.SFTPServer):
    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], door: Door):
        super().__init__(channel, chroot=str(door.shelf.root).encode())
        self._door = door

    def _real(self, path: bytes) -> Path:
        return Path(self.map_path(path).decode("utf-8"))

    def _incoming(self, path: bytes) -> Path:
        """The path, if it is a plain file name among the incoming; anything else is forbidden."""
        real = self._real(path)
        if real.parent != self._door.shelf.incoming or real.is_symlink():
            raise asyncssh.SFTPPermissionDenied(f"only files in /{self._door.shelf.incoming.name} may be written")
        return real

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file: for reading anywhere, for writing only an unfinished one among the incoming."""
        if pflags & ~asyncssh.FXF_READ:
            self._require_unfinished(self._incoming(path))
        return super().open(path, pflags, attrs)

    def _require_unfinished(self, real: Path) -> None:
        if self._door.shelf.message_id_of(real.name) is not None and real.exists():
            raise asyncssh.SFTPPermissionDenied("a completed instruction file cannot be changed")

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Complete a file; fails where the name is taken."""
        if self._incoming(newpath).exists():
            raise asyncssh.SFTPFailure("a file of this name exists")
        await self._complete(oldpath, newpath)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Complete a file, also over the same file sent before; never over a booked one with other content."""
        await self._complete(oldpath, newpath)

    async def _complete(self, oldpath: bytes, newpath: bytes) -> None:
        source, target = self._incoming(oldpath), self._incoming(newpath)
        if not source.exists():
            raise asyncssh.SFTPNoSuchFile("no such file")
        if _booked_otherwise(self._door.bank.ledger, self._door.shelf.message_id_of(target.name), source):
            raise asyncssh.SFTPFailure("an instruction with this id and other content is booked")
        source.replace(target)
        await self._door.completed(target.name)

    def remove(self, path: bytes) -> None:
        """Take back an unfinished upload."""
        real = self._incoming(path)
        self._require_unfinished(real)
        real.unlink(missing_ok=False)

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Attributes are this bank's own; a request to change them is taken and has no effect."""

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        """The same for an open file."""

    def _forbidden(self, *_: object) -> None:
        raise asyncssh.SFTPPermissionDenied("links and directories are this bank's own")

    mkdir = rmdir = symlink = link = _forbidden  # type: ignore[assignment]


def _booked_otherwise(ledger: Ledger, message_id: str | None, source: Path) -> bool:
    known = ledger.digest_of(message_id) if message_id is not None else None
    return known is not None and known != hashlib.sha256(source.read_bytes()).hexdigest()


async def listen_sftp(door: Door, host: str, port: int, host_key: asyncssh.SSHKey) -> asyncssh.SSHAcceptor:
    """Listen; port 0 takes any free one."""
    return await asyncssh.listen(
        host,
        port,
        server_factory=lambda: _Session(door),
        sftp_factory=lambda channel: _Cabinet(channel, door),
        server_host_keys=[host_key],
        allow_scp=False,
        login_timeout=20,
        sftp_version=3,
    )
