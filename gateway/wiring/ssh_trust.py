"""Whose SSH keys are trusted (SSH 公钥信任): those of a bank's profile, and those that two people took into the keystore.

Never what a server or a client shows of its own accord. A key that the keystore has ended is not trusted any more,
wherever else it is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from crypto.key_entry import CHECKS, KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import Algorithm
from crypto.keystore import Keystore, beijing_today


def host_keys(keys: Keystore, bank: str, listed: Iterable[str], today: date | None = None) -> tuple[str, ...]:
    """Host keys of a bank's SFTP server: ``listed`` in its profile, and under alias ``<bank>-sftp-host``."""
    return _trusted(keys, f"{bank}-sftp-host", listed, today)


def user_keys(keys: Keystore, bank: str, listed: Iterable[str], today: date | None = None) -> tuple[str, ...]:
    """Keys by which a bank logs in to our server: ``listed``, and under alias ``<bank>-sftp-user`` and what begins so."""
    return _trusted(keys, f"{bank}-sftp-user", listed, today)


def _trusted(keys: Keystore, alias: str, listed: Iterable[str], today: date | None) -> tuple[str, ...]:
    day = today or beijing_today()
    entries = [entry for entry in keys.entries() if _of(entry, alias)]
    ended = {_blob(entry.public) for entry in entries if _ended(entry, day)}
    trusted = [entry.public for entry in entries if entry.state in CHECKS and entry.current(day)]
    both = {_blob(line): line for line in (*listed, *trusted)}
    return tuple(line for blob, line in both.items() if blob not in ended)


def _of(entry: KeyEntry, alias: str) -> bool:
    kind = (entry.algorithm, entry.owner, entry.purpose)
    named = entry.alias == alias or entry.alias.startswith(f"{alias}-")
    return named and kind == (Algorithm.SSH, Owner.COUNTERPARTY, Purpose.TRANSPORT)


def _ended(entry: KeyEntry, day: date) -> bool:
    """A pending key is not: it may stand in the profile already, and taking it in must lock nobody out."""
    expired = entry.not_after is not None and entry.not_after < day
    return entry.state in (KeyState.RETIRED, KeyState.REVOKED) or (entry.state in CHECKS and expired)


def _blob(line: str) -> str:
    """The key itself, without type and comment; a line that is none stands for itself."""
    words = line.split()
    return words[1] if len(words) > 1 else line
