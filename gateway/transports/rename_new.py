"""Renaming that never replaces (不覆盖改名): the kernel decides, so that two writers cannot both win."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Final

_NO_REPLACE: Final = 1  # RENAME_NOREPLACE of <linux/fs.h>
_UNKNOWN_HERE: Final = {errno.ENOSYS, errno.EINVAL}  # an old kernel, or a file system without it (some NFS)


def rename_new(source_directory: int, source: str, target_directory: int, target: str) -> None:
    """Rename between two directory descriptors; FileExistsError where ``target`` exists, whoever made it and when."""
    refused = _rename_by_kernel(source_directory, source, target_directory, target)
    if refused in _UNKNOWN_HERE:
        os.link(source, target, src_dir_fd=source_directory, dst_dir_fd=target_directory, follow_symlinks=False)
        os.unlink(source, dir_fd=source_directory)
    elif refused:
        raise OSError(refused, os.strerror(refused), target)


def _rename_by_kernel(source_directory: int, source: str, target_directory: int, target: str) -> int:
    """0 or an errno. Python has no name for renameat2, which does in one step what link and unlink do in two."""
    call = getattr(_LIBRARY, "renameat2", None)
    if call is None:
        return errno.ENOSYS
    names = os.fsencode(source), os.fsencode(target)
    if call(source_directory, names[0], target_directory, names[1], _NO_REPLACE) == 0:
        return 0
    return ctypes.get_errno()


_LIBRARY: Final = ctypes.CDLL(None, use_errno=True)
