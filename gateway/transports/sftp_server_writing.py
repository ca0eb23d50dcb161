"""How files come into a bank's root and leave it (落地与取走): new names only, whole or not at all, nothing replaced."""

from __future__ import annotations

import asyncio
import os

import asyncssh

from gateway.transports.sftp_names import finished, usable
from gateway.transports.sftp_server_paths import Spot
from gateway.transports.sftp_server_quota import QuotaExceeded
from gateway.transports.sftp_server_root import BankRoot
from gateway.transports.sftp_server_uploads import NotNow, Upload, Uploads
from gateway.transports.sftp_server_voice import Voice

_TAKEN_NAME = "a file of this name is there already; files are never replaced"
_BAD_NAME = "a file name is printable UTF-8"


class Writing:
    """The writing half of one session. Every method raises SFTPError, having told the log, or OSError."""

    def __init__(self, root: BankRoot, uploads: Uploads, voice: Voice):
        self._root, self._uploads, self._voice = root, uploads, voice

    def begin(self, spot: Spot, pflags: int) -> Upload:
        """Start an upload; ``pflags`` are those of SFTP v3 open."""
        self._require_incoming("write", spot)
        there = self._root.occupied(spot.place, spot.name)
        if there and (finished(spot.name) or pflags & asyncssh.FXF_EXCL):
            self._voice.refuse("write", spot, _TAKEN_NAME, asyncssh.SFTPFailure)
        if there and not pflags & asyncssh.FXF_TRUNC:
            self._voice.refuse("write", spot, "uploads are not resumed; send the file from its start")
        if not there and not pflags & asyncssh.FXF_CREAT:
            raise asyncssh.SFTPNoSuchFile("no such file")
        try:
            appending = bool(pflags & asyncssh.FXF_APPEND)
            return self._uploads.begin(spot.place, spot.name, replace=not finished(spot.name), appending=appending)
        except (NotNow, QuotaExceeded) as error:
            self._voice.refuse("write", spot, str(error), asyncssh.SFTPFailure)

    def write(self, upload: Upload, offset: int, data: bytes) -> None:
        """All of it, or an error after which the upload can only be given up."""
        told = upload.broken
        try:
            self._uploads.write(upload, offset, data)
        except QuotaExceeded as error:
            if told:  # a client that does not listen sends thousands of these
                raise asyncssh.SFTPFailure(str(error)) from error
            self._voice.refuse("write", spot_of_upload(upload), str(error), asyncssh.SFTPFailure)

    async def end(self, upload: Upload, *, wanted: bool) -> None:
        """Make it a file, durably; not ``wanted``: the session ended without closing it, and nothing stays."""
        spot = spot_of_upload(upload)
        if not wanted:
            self._uploads.give_up(upload)
            self._voice.tell("sftp upload broken off", spot, bytes=upload.size)
            return
        if upload.broken:
            self._uploads.give_up(upload)
            self._voice.refuse("close", spot, "a write failed; send the file again", asyncssh.SFTPFailure)
        before = self._root.look(spot.place, spot.name) if upload.replace else None
        try:
            await asyncio.to_thread(self._uploads.publish, upload)
        except OSError as error:
            self._uploads.give_up(upload)
            if isinstance(error, FileExistsError):
                self._voice.refuse("close", spot, _TAKEN_NAME, asyncssh.SFTPFailure)
            raise
        self._uploads.published(upload, before.st_size if before else None)
        self._voice.tell("sftp upload", spot, bytes=upload.size, finished=finished(spot.name))

    async def rename(self, old: Spot, new: Spot) -> None:
        """Give an unfinished file its final name; never over another."""
        for spot in (old, new):
            self._require_incoming("rename", spot)
            if self._uploads.of(spot.place, spot.name) is not None:
                self._voice.refuse("rename", spot, "the file is still open; close it first", asyncssh.SFTPFailure)
        if finished(old.name):
            self._voice.refuse("rename", old, "a finished file keeps its name; upload under a name that ends in .tmp")
        seen = self._root.look(old.place, old.name)
        if seen is None:
            raise asyncssh.SFTPNoSuchFile("no such file")
        try:
            await asyncio.to_thread(self._root.move, (old.place, old.name), (new.place, new.name))
        except FileExistsError:
            self._voice.refuse("rename", new, _TAKEN_NAME, asyncssh.SFTPFailure)
        self._voice.tell("sftp upload", new, bytes=seen.st_size, finished=finished(new.name))

    async def remove(self, spot: Spot) -> None:
        """In outgoing: the bank has the file. Elsewhere: an unfinished upload is taken back."""
        seen = self._root.look(spot.place, spot.name)
        if seen is None or (spot.place == self._root.outgoing and not finished(spot.name)):
            raise asyncssh.SFTPNoSuchFile("no such file")
        if spot.place == self._root.outgoing:
            await asyncio.to_thread(self._root.take_away, spot.name)
        elif finished(spot.name):
            self._voice.refuse("remove", spot, "a finished file was handed over; ask the gateway's operator")
        else:
            self._root.remove(spot.place, spot.name)
            self._uploads.removed(seen.st_size)
        self._voice.tell("sftp remove", spot, bytes=seen.st_size)

    async def sync(self, upload: Upload) -> None:
        """What was written so far is on the disk; closing does it anyway."""
        await asyncio.to_thread(os.fsync, upload.descriptor)

    def _require_incoming(self, what: str, spot: Spot) -> None:
        if spot.place not in self._root.incoming:
            allowed = ", ".join(f"/{place}" for place in self._root.incoming)
            self._voice.refuse(what, spot, f"this login writes only to {allowed}")
        if not usable(spot.name, temporary=True):
            self._voice.refuse(what, spot, _BAD_NAME)


def spot_of_upload(upload: Upload) -> Spot:
    """Where it will be."""
    return Spot(upload.place, upload.name)
