"""What a path that a bank sends means (路径解析): the root, one of its directories, or a file directly in one."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from gateway.transports.sftp_server_root import BankRoot


class NoSuchPath(Exception):
    """It leads nowhere that a bank can see."""


@dataclass(frozen=True, slots=True)
class Spot:
    """``place`` "" is the root itself; ``name`` "" is the directory itself."""

    place: str = ""
    name: str = ""

    @property
    def path(self) -> str:
        """As the bank sees it."""
        return "/" + "/".join(part for part in (self.place, self.name) if part)


def canonical(path: bytes) -> bytes:
    """The absolute form of a path, by its text alone: ``..`` at the root stays at the root."""
    joined = posixpath.normpath(posixpath.join(b"/", path))
    return b"/" + joined.lstrip(b"/")


def spot_of(root: BankRoot, path: bytes) -> Spot:
    """What ``path`` means in ``root``; raises NoSuchPath. Whether a file is there is another question."""
    try:
        parts = [part for part in canonical(path).decode("utf-8").split("/") if part]
    except UnicodeDecodeError:
        raise NoSuchPath("file names are UTF-8 here") from None
    if not parts:
        return Spot()
    if parts[0] not in root.places or len(parts) > 2:
        raise NoSuchPath("no such file; this login has " + ", ".join(f"/{place}" for place in root.places))
    return Spot(*parts)
