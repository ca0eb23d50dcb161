"""Which file names are complete files, which are unfinished ones, and which are no names at all (文件名)."""

from __future__ import annotations

from typing import Final

from gateway.transports.contract import Misconfigured

UNFINISHED: Final = (".part", ".tmp", ".filepart")
"""Suffixes by which senders mark a file that is still being written (WinSCP: .filepart)."""
ENTRIES_PER_DIRECTORY: Final = 100_000


def usable(name: str, *, temporary: bool = False) -> bool:
    """A plain visible name: no path, nothing hidden, nothing that could not be decoded or printed."""
    return bool(name) and "/" not in name and name.isprintable() and (temporary or not name.startswith("."))


def finished(name: str) -> bool:
    """Whether a file of this name is complete by its name: usable, and not marked as unfinished."""
    return usable(name) and not name.lower().endswith(UNFINISHED)


def part_of(name: str) -> str:
    """The name under which we write a file until it is complete; a retry overwrites what it left."""
    return f".{name}.part"


def require_usable(name: str) -> None:
    """Raises Misconfigured for a name that is not plain."""
    if not usable(name):
        raise Misconfigured(f"{name!r} cannot be a file name; correct file_names in the bank's profile")


def path_of(directory: str, name: str) -> str:
    """The path of ``name`` on a bank's server; raises Misconfigured for a name that is not plain."""
    require_usable(name)
    return f"{directory.rstrip('/')}/{name}"


def unfinished_path_of(directory: str, name: str) -> str:
    """The path under which ``name`` is uploaded; raises Misconfigured for a name that is not plain."""
    require_usable(name)
    return f"{directory.rstrip('/')}/{part_of(name)}"
