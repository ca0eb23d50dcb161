"""The bank that is certified (认证对象): its profile as both sides read it, and the files that say so."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.code_rows import CodeRow, read_code_rows
from adapters.contract import Dialect
from adapters.profile import BankProfile
from adapters.profile_reader import beside
from adapters.registry import DIALECTS
from gateway.bank.places import named_files


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of the bank's data, as it was when it was certified."""

    name: str  # below the configuration's directory
    sha256: str
    size: int

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {"name": self.name, "sha256": self.sha256, "size": self.size}


@dataclass(frozen=True, slots=True)
class Subject:
    """One edition of one bank; ``amount_limit_fen`` is the gateway's own limit for an item."""

    profile: BankProfile
    edition: str  # the day from which it holds, empty for the first
    codes: tuple[CodeRow, ...]
    files: tuple[DataFile, ...]
    amount_limit_fen: int

    @property
    def bank(self) -> str:
        """The profile's name."""
        return self.profile.bank

    @property
    def dialect(self) -> Dialect:
        """The translator that the profile names."""
        return DIALECTS[self.profile.dialect]

    @property
    def name_taken_once(self) -> tuple[str, str] | None:
        """Why nothing can come under a name that is taken, where the bank lays its files on our own server."""
        if self.profile.transport.kind != "sftp-server":
            return None
        return "本方 SFTP 服务对同名文件只收一次", "our own SFTP server takes each name once"

    @property
    def rows_per_file(self) -> int:
        """The most items of one file, by rows and bytes."""
        return self.dialect.rows_per_file(self.profile)

    @property
    def largest_fen(self) -> int:
        """The largest amount that may be paid to one account at once."""
        return min(self.profile.limits.amount_fen_per_item, self.amount_limit_fen)


def subject_of(config: Path, path: Path, profile: BankProfile, edition: str, amount_limit_fen: int) -> Subject:
    """The bank of the profile at ``path``; files below ``config`` are called by their place in it.

    Raises ConfigurationRefused.
    """
    codes = read_code_rows(beside(path, "codes", profile.code_table, ".csv"))
    files = tuple(_described(config, file) for file in named_files(path))
    return Subject(profile, edition, tuple(codes), files, amount_limit_fen)


def _described(config: Path, path: Path) -> DataFile:
    content = path.read_bytes()
    inside = path.resolve().is_relative_to(config.resolve())
    name = str(path.resolve().relative_to(config.resolve())) if inside else path.name
    return DataFile(name, hashlib.sha256(content).hexdigest(), len(content))
