"""Files with one secret in words (口令文件): read only if nobody but their owner can."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason

LONGEST_FILE = 4096


def read_private(path: Path, what: str = "passphrase file") -> str:
    """The file's words without surrounding white space; KeyUnusable if others may read it, or it holds none."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # a pipe is refused, not waited for
            mode = os.fstat(file.fileno()).st_mode
            octets = file.read(LONGEST_FILE + 1) if stat.S_ISREG(mode) else b""
    except OSError as error:
        raise KeyUnusable(f"{what} {path}: {error.strerror}", KeyReason.PASSPHRASE_SOURCE) from error
    if not stat.S_ISREG(mode):
        raise KeyUnusable(f"{what} {path}: not a regular file", KeyReason.PASSPHRASE_SOURCE)
    if mode & 0o077:
        raise KeyUnusable(
            f"{what} {path}: others than its owner may read it (mode {stat.S_IMODE(mode):04o}); run: chmod 600 {path}",
            KeyReason.PASSPHRASE_SOURCE,
        )
    try:
        words = octets.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise KeyUnusable(f"{what} {path}: not UTF-8 text", KeyReason.PASSPHRASE_SOURCE) from error
    if not words or len(octets) > LONGEST_FILE:
        raise KeyUnusable(f"{what} {path}: holds no words, or over {LONGEST_FILE} octets", KeyReason.PASSPHRASE_SOURCE)
    return words
