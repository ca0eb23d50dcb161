"""Files on their way in (上传中的文件): invisible under any name until the bank closes them, then there at once.

An upload is written to the root's ``.upload``. Closing it by request makes it durable and gives it its name;
any other end (the connection cut, the process killed, one write failed, no room left) leaves nothing.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Final

from gateway.transports.sftp_server_quota import Quota, QuotaExceeded
from gateway.transports.sftp_server_root import UPLOADING, BankRoot

OPEN_UPLOADS: Final = 32
"""How many files one bank may be writing at once, over all its connections."""


class NotNow(Exception):
    """The bank cannot write this file now; the text is for the bank."""


@dataclass(slots=True)
class Upload:
    """One file being written."""

    place: str
    name: str
    descriptor: int
    staged: str  # its name in .upload
    replace: bool  # an unfinished file of this name may be overwritten
    appending: bool = False
    size: int = 0
    broken: bool = False  # a write failed: what is there is not what was sent


class Uploads:
    """All uploads of one bank, over all its connections; used from the server's loop only, except ``publish``."""

    def __init__(self, root: BankRoot, quota: Quota):
        self._root, self._quota = root, quota
        self._open: dict[tuple[str, str], Upload] = {}
        self._numbers = count(1)

    def sweep(self) -> None:
        """Remove what an earlier process left unfinished; only while no other process serves this root."""
        for name, _ in self._root.files(UPLOADING):
            with suppress(FileNotFoundError):
                self._root.remove(UPLOADING, name)

    def of(self, place: str, name: str) -> Upload | None:
        """The upload that will have this name."""
        return self._open.get((place, name))

    def begin(self, place: str, name: str, *, replace: bool, appending: bool) -> Upload:
        """Start a file; raises NotNow, QuotaExceeded, OSError."""
        if (place, name) in self._open:
            raise NotNow("another session is writing a file of this name")
        if len(self._open) >= OPEN_UPLOADS:
            raise NotNow(f"{OPEN_UPLOADS} files are being written already; close some first")
        self._quota.reserve(0)
        staged = f"{os.getpid()}-{next(self._numbers)}"
        descriptor = self._root.create(UPLOADING, staged)
        upload = Upload(place, name, descriptor, staged, replace, appending)
        self._open[place, name] = upload
        return upload

    def write(self, upload: Upload, offset: int, data: bytes) -> None:
        """Write at ``offset``; raises QuotaExceeded, OSError, and then the upload can only be given up."""
        try:
            offset = upload.size if upload.appending else offset
            growth = max(0, offset + len(data) - upload.size)
            self._quota.reserve(growth)
            upload.size += growth
            rest = memoryview(data)
            while rest:
                done = os.pwrite(upload.descriptor, rest, offset)
                rest, offset = rest[done:], offset + done
        except (QuotaExceeded, OSError):
            upload.broken = True
            raise

    def publish(self, upload: Upload) -> None:
        """Make it durable and give it its name; FileExistsError where a finished file has it. Slow: in a thread."""
        os.fsync(upload.descriptor)
        self._root.move((UPLOADING, upload.staged), (upload.place, upload.name), replace=upload.replace)

    def published(self, upload: Upload, replaced: int | None) -> None:
        """After ``publish`` succeeded; ``replaced``: the size of the unfinished file that it took the place of."""
        self._end(upload)
        self._quota.keep(upload.size)
        if replaced is not None:
            self._quota.freed(replaced)

    def give_up(self, upload: Upload) -> None:
        """Nothing of it stays."""
        self._end(upload)
        self._quota.drop(upload.size)
        with suppress(FileNotFoundError):
            self._root.remove(UPLOADING, upload.staged)

    def removed(self, size: int) -> None:
        """The bank took back an unfinished file of ``size`` bytes."""
        self._quota.freed(size)

    def _end(self, upload: Upload) -> None:
        self._open.pop((upload.place, upload.name), None)
        os.close(upload.descriptor)
