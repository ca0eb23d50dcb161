"""What one SFTP session of a bank may do (会话权限): fetch from outgoing, lay down in the other directories, no more.

| | outgoing | acknowledgement, result |
|---|---|---|
| list, stat, read | finished files | all of its own |
| write | no | new names only; an unfinished name may be written again |
| rename | no | unfinished to new |
| remove | yes: it means that the bank has it | unfinished only: what is finished was handed over |
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import asyncssh

from gateway.transports.sftp_names import finished, usable
from gateway.transports.sftp_server_attributes import attributes, of_directory
from gateway.transports.sftp_server_paths import NoSuchPath, Spot, canonical, spot_of
from gateway.transports.sftp_server_root import BankRoot, TooMany
from gateway.transports.sftp_server_uploads import Upload, Uploads
from gateway.transports.sftp_server_voice import Voice
from gateway.transports.sftp_server_writing import Writing, spot_of_upload

READ_BYTES: Final = 256 * 1024
OPEN_READS: Final = 32
_WRITING: Final = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC


@dataclass(slots=True)
class Reading:
    """A file that is being fetched; ``reached`` is how far from its start."""

    spot: Spot
    descriptor: int
    size: int
    reached: int = 0


class Cabinet(asyncssh.SFTPServer):
    """One session over one bank's root. ``ended`` is set when the session is over: what is open then is given up."""

    def __init__(self, channel: Any, root: BankRoot, uploads: Uploads):
        super().__init__(channel)
        self._root, self._uploads = root, uploads
        self._voice = Voice(root.username)
        self._writing = Writing(root, uploads, self._voice)
        self._reads = 0
        self.ended = False

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Upload | Reading:  # noqa: ARG002
        """A file to read or a new one to write; the modes that the bank wishes are not looked at."""
        spot = self._file("open", path)
        if pflags & _WRITING:
            return self._writing.begin(spot, pflags)
        if self._reads >= OPEN_READS:
            why = f"{OPEN_READS} files are open already; close some first"
            self._voice.refuse("open", spot, why, asyncssh.SFTPFailure)
        if self._hidden(spot):
            raise asyncssh.SFTPNoSuchFile("no such file")
        descriptor = self._root.open(spot.place, spot.name)
        self._reads += 1
        return Reading(spot, descriptor, os.fstat(descriptor).st_size)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Up to 256 KB; nothing beyond the end."""
        file = _opened(file_obj)
        data = os.pread(file.descriptor, min(size, READ_BYTES), min(offset, file.size))
        if isinstance(file, Reading) and offset <= file.reached:
            file.reached = max(file.reached, offset + len(data))
        return data

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """All of it, or an error after which the upload can only be given up."""
        file = _opened(file_obj)
        if isinstance(file, Reading):
            raise asyncssh.SFTPPermissionDenied("this file is open for reading")
        self._writing.write(file, offset, data)
        return len(data)

    async def close(self, file_obj: object) -> None:
        """End of a fetch, or of an upload: then the file is there, durably, or it is not and this is an error."""
        file = _opened(file_obj)
        if isinstance(file, Upload):
            await self._writing.end(file, wanted=not self.ended)
            return
        os.close(file.descriptor)
        self._reads -= 1
        self._voice.tell("sftp download", file.spot, bytes=file.reached, whole=file.reached == file.size)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Give an unfinished file its final name; never over another."""
        await self._writing.rename(self._file("rename", oldpath), self._file("rename", newpath))

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """The same: it does not replace here either."""
        await self.rename(oldpath, newpath)

    async def remove(self, path: bytes) -> None:
        """In outgoing: the bank has the file. Elsewhere: an unfinished upload is taken back."""
        await self._writing.remove(self._file("remove", path))

    def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """Of a directory, a file, or an upload still going on."""
        spot = self._spot(path)
        if not spot.name:
            return of_directory()
        if (upload := self._uploads.of(spot.place, spot.name)) is not None:
            return attributes(os.fstat(upload.descriptor))
        seen = None if self._hidden(spot) else self._root.look(spot.place, spot.name)
        if seen is None:
            raise asyncssh.SFTPNoSuchFile("no such file")
        return attributes(seen)

    lstat = stat

    def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        """Of an open file."""
        return attributes(os.fstat(_opened(file_obj).descriptor))

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """The root's directories, or the files of one."""
        spot = self._spot(path)
        if spot.name:
            raise asyncssh.SFTPNoSuchFile("not a directory")
        places = () if spot.place else self._root.places
        for name in (".", "..", *places):
            yield asyncssh.SFTPName(name.encode(), attrs=of_directory())
        if spot.place:
            for file, seen in await self._files(spot):
                yield asyncssh.SFTPName(file.encode("utf-8"), attrs=attributes(seen))

    async def _files(self, spot: Spot) -> list[tuple[str, os.stat_result]]:
        try:
            found = await asyncio.to_thread(self._root.files, spot.place)
        except TooMany as error:
            self._voice.refuse("list", spot, str(error), asyncssh.SFTPFailure)
        visible = finished if spot.place == self._root.outgoing else _usable_or_unfinished
        return sorted((name, seen) for name, seen in found if visible(name))

    def realpath(self, path: bytes) -> bytes:
        """By the text alone: there are no links to follow."""
        return canonical(path)

    async def fsync(self, file_obj: object) -> None:
        """What was written so far is on the disk."""
        file = _opened(file_obj)
        if isinstance(file, Upload):
            await self._writing.sync(file)

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Times and modes are ours: a wish is taken and has no effect. A length is not: that would be another file."""
        self._ignore(attrs, self._file("setstat", path))

    lsetstat = setstat

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        """The same for an open file."""
        file = _opened(file_obj)
        self._ignore(attrs, spot_of_upload(file) if isinstance(file, Upload) else file.spot)

    def _ignore(self, attrs: asyncssh.SFTPAttrs, spot: Spot) -> None:
        if attrs.size is not None:
            self._voice.refuse("setstat", spot, "files are not cut or stretched; send the file again")

    def _fixed(self, *_: object) -> NoReturn:
        self._voice.refuse("change", Spot(), "directories and links are fixed here")

    mkdir = rmdir = symlink = link = readlink = _fixed  # type: ignore[assignment]

    def format_user(self, uid: int | None) -> str:  # noqa: ARG002 - nobody else is here
        """The owner that listings show: never an account of this machine."""
        return self._root.username

    def format_group(self, gid: int | None) -> str:  # noqa: ARG002 - nobody else is here
        """The same."""
        return self._root.username

    def _hidden(self, spot: Spot) -> bool:
        """What we ourselves are still writing."""
        return spot.place == self._root.outgoing and not finished(spot.name)

    def _spot(self, path: bytes) -> Spot:
        try:
            return spot_of(self._root, path)
        except NoSuchPath as error:
            raise asyncssh.SFTPNoSuchFile(str(error)) from error

    def _file(self, what: str, path: bytes) -> Spot:
        try:
            spot = spot_of(self._root, path)
        except NoSuchPath as error:
            self._voice.refuse(what, Spot(), str(error), asyncssh.SFTPNoSuchFile)
        if not spot.name:
            self._voice.refuse(what, spot, "this is a directory")
        return spot


def _opened(file_obj: object) -> Upload | Reading:
    if not isinstance(file_obj, Upload | Reading):
        raise asyncssh.SFTPFailure("not an open file")
    return file_obj


def _usable_or_unfinished(name: str) -> bool:
    return usable(name, temporary=True)
