"""SFTP requests of one session (会话): a closed list of them, and an end that is told from a close.

asyncssh closes what a session left open in the same way as what its client closed by request. For us these are the two
different things that matter most: the one gives nothing, the other a file. Hence the two subclasses here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import asyncssh
from asyncssh.constants import (
    FXP_CLOSE,
    FXP_FSETSTAT,
    FXP_FSTAT,
    FXP_LSTAT,
    FXP_MKDIR,
    FXP_OPEN,
    FXP_OPENDIR,
    FXP_READ,
    FXP_READDIR,
    FXP_READLINK,
    FXP_REALPATH,
    FXP_REMOVE,
    FXP_RENAME,
    FXP_RMDIR,
    FXP_SETSTAT,
    FXP_STAT,
    FXP_SYMLINK,
    FXP_WRITE,
)
from asyncssh.packet import SSHPacket
from asyncssh.sftp import SFTPServerHandler
from asyncssh.stream import SSHServerStreamSession

from gateway.transports.sftp_server_cabinet import Cabinet

VERSION: Final = 3
OPEN_LISTINGS: Final = 4
_EXTENSIONS: Final = (b"posix-rename@openssh.com", b"fsync@openssh.com", b"limits@openssh.com")
_REQUESTS: Final = frozenset(
    {
        FXP_OPEN, FXP_CLOSE, FXP_READ, FXP_WRITE, FXP_LSTAT, FXP_FSTAT, FXP_SETSTAT, FXP_FSETSTAT, FXP_OPENDIR,
        FXP_READDIR, FXP_REMOVE, FXP_MKDIR, FXP_RMDIR, FXP_REALPATH, FXP_STAT, FXP_RENAME, FXP_READLINK, FXP_SYMLINK,
        *_EXTENSIONS, b"hardlink@openssh.com",
    }
)  # fmt: skip


class Handler(SFTPServerHandler):
    """asyncssh's handler with only the requests that a bank needs: no copying on the server, locks, holes, disk sizes."""

    _extensions = [(name, b"1") for name in _EXTENSIONS]
    _packet_handlers = {key: how for key, how in SFTPServerHandler._packet_handlers.items() if key in _REQUESTS}

    def __init__(self, cabinet: Cabinet, reader: Any, writer: Any):
        super().__init__(cabinet, reader, writer, VERSION)
        self._cabinet = cabinet

    async def _process_packet(self, pkttype: int, pktid: int, packet: SSHPacket) -> None:
        if pkttype == FXP_OPENDIR and len(self._dir_handles) >= OPEN_LISTINGS:
            self._dir_handles.pop(next(iter(self._dir_handles)))  # the oldest: its client will be told so
        await super()._process_packet(pkttype, pktid, packet)
        if self._writer is not None:
            # Clients ask for a whole file at once: the next request waits until this answer is on its way, or all of
            # the file would lie in our memory.
            await self._writer.drain()

    async def _cleanup(self, exc: Exception | None) -> None:
        self._cabinet.ended = True
        await super()._cleanup(exc)


class SftpSession(SSHServerStreamSession[bytes]):
    """A session channel that is SFTP or nothing: no shell, no command, no other subsystem."""

    def __init__(self, cabinet_of: Callable[[Any], Cabinet], refused: Callable[[str], None]):
        """``cabinet_of`` gets the channel; ``refused`` is told what else was asked for."""
        super().__init__(None)
        self._cabinet_of, self._refused = cabinet_of, refused

    def shell_requested(self) -> bool:
        """No."""
        self._refused("shell")
        return False

    def exec_requested(self, command: str) -> bool:  # noqa: ARG002 - whatever it is
        """No, scp included."""
        self._refused("command")
        return False

    def subsystem_requested(self, subsystem: str) -> bool:
        """Only SFTP."""
        if subsystem != "sftp":
            self._refused("subsystem")
        return subsystem == "sftp"

    def session_started(self) -> None:
        """Serve until the channel or the connection ends."""
        channel, connection = cast(Any, self._chan), cast(Any, self._conn)
        channel.set_encoding(None)
        self._encoding = None
        reader = asyncssh.SSHReader[bytes](self, channel)
        handler = Handler(self._cabinet_of(channel), reader, asyncssh.SSHWriter[bytes](self, channel))
        connection.create_task(handler.run(), reader.logger)
