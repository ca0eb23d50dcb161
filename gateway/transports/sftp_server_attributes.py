"""What a bank is told about files and directories (文件属性): nothing about this machine's accounts."""

from __future__ import annotations

import os
import stat

import asyncssh


def attributes(found: os.stat_result) -> asyncssh.SFTPAttrs:
    """Of a file: size and times as they are, no owner."""
    when = int(found.st_mtime)
    return asyncssh.SFTPAttrs(
        type=asyncssh.FILEXFER_TYPE_REGULAR,
        size=found.st_size,
        uid=0,
        gid=0,
        permissions=stat.S_IFREG | 0o600,
        atime=when,
        mtime=when,
        nlink=1,
    )


def of_directory() -> asyncssh.SFTPAttrs:
    """Of any directory; all are fixed."""
    mode = stat.S_IFDIR | 0o700
    kind = asyncssh.FILEXFER_TYPE_DIRECTORY
    return asyncssh.SFTPAttrs(type=kind, size=0, uid=0, gid=0, permissions=mode, atime=0, mtime=0, nlink=1)
