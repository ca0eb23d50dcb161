"""The keystore (密钥库): the one reader of keys, the one writer of the file they lie in.

Every process opens it for itself (about 80 ms) and may ``reload`` it between pieces of work (microseconds when the
file is as it was), so that a rotation needs no restart.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from crypto import keystore_file
from crypto.contract import KeyUnusable
from crypto.key_entry import KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import SYMMETRIC, Algorithm, KeyMaterial, check
from crypto.key_ring import KeyRing
from crypto.keystore_file import MasterKey

SHORTEST_PASSPHRASE = 12
SERVES: dict[Purpose, frozenset[Algorithm]] = {
    Purpose.SIGN: frozenset({Algorithm.SM2, Algorithm.RSA, Algorithm.ED25519, Algorithm.HMAC}),
    Purpose.VERIFY: frozenset({Algorithm.SM2, Algorithm.RSA, Algorithm.ED25519, Algorithm.HMAC, Algorithm.X509}),
    Purpose.ENCRYPT: frozenset({Algorithm.AES, Algorithm.SM4}),
    Purpose.TRANSPORT: frozenset({Algorithm.TLS, Algorithm.SSH, Algorithm.X509, Algorithm.HMAC, Algorithm.SECRET}),
    Purpose.FIELD: frozenset({Algorithm.HMAC}),
}


def beijing_today() -> date:
    """The day by which key dates are meant unless another clock is handed in."""
    return datetime.now(timezone(timedelta(hours=8))).date()


class Keystore(KeyRing):
    """Keys in one file. Changes are in memory until ``save``."""

    def __init__(self, path: Path, master: MasterKey, octets: bytes, today: Callable[[], date]):
        """Use ``create`` or ``open``."""
        content = keystore_file.content_of(octets, master, path)
        super().__init__(master, _entries(content), today)
        self.path = path
        self.revision: int = content["revision"]
        self._octets = octets

    @classmethod
    def create(cls, path: Path, passphrase: str, today: Callable[[], date] = beijing_today) -> Keystore:
        """A new empty keystore file, mode 0600; KeyUnusable if it exists or the passphrase is under 12 characters."""
        path = Path(path)
        master = MasterKey.fresh(_strong(passphrase))
        octets = keystore_file.rendered({"revision": 1, "entries": []}, master)
        with keystore_file.locked(path):
            if path.exists():
                raise KeyUnusable(f"keystore {path}: exists already")
            keystore_file.replace_file(path, octets)
        return cls(path, master, octets, today)

    @classmethod
    def open(cls, path: Path, passphrase: str, today: Callable[[], date] = beijing_today) -> Keystore:
        """An existing one; KeyUnusable if it is missing, tampered, or the passphrase is wrong."""
        path = Path(path)
        octets = keystore_file.read_octets(path)
        return cls(path, keystore_file.master_of(octets, passphrase, path), octets, today)

    def add(
        self,
        alias: str,
        purpose: Purpose | str,
        material: KeyMaterial,
        *,
        owner: Owner | str = Owner.GATEWAY,
        key_id: str | None = None,
        state: KeyState | str = KeyState.PENDING,
        not_before: date | None = None,
        not_after: date | None = None,
    ) -> KeyEntry:
        """A further key of an alias; raises KeyUnusable.

        Without ``key_id`` it is the fingerprint of the public half (so both sides of a wire call it the same), or
        random for a symmetric key. All keys of an alias share purpose, algorithm and owner.
        """
        entry = KeyEntry(
            alias=alias,
            key_id=key_id or material.fingerprint() or secrets.token_hex(8),
            purpose=Purpose(purpose),
            algorithm=material.algorithm,
            owner=Owner(owner),
            state=KeyState(state),
            not_before=not_before,
            not_after=not_after,
            public=material.public,
            sealed_secret=None,
        )
        self._check_place(entry, material)
        if material.secret is not None:
            entry = replace(entry, sealed_secret=self._master.seal(material.secret, entry.binding()))
        self._entries = [*self._entries, entry]
        return entry

    def move(self, alias: str, key_id: str, state: KeyState | str) -> KeyEntry:
        """Lead a key on in its life (see ``key_entry.TRANSITIONS``); raises KeyUnusable."""
        for place, entry in enumerate(self._entries):
            if (entry.alias, entry.key_id) == (alias, key_id):
                moved = entry.moved(KeyState(state))
                self._entries = [*self._entries[:place], moved, *self._entries[place + 1 :]]
                return moved
        raise KeyUnusable(f"no key {key_id} of {alias!r} in the keystore")

    def save(self) -> None:
        """Replace the file atomically, mode 0600; KeyUnusable if somebody else has changed it since we read it."""
        octets = keystore_file.rendered(_content(self.revision + 1, self._entries), self._master)
        with keystore_file.locked(self.path):
            if keystore_file.read_octets(self.path) != self._octets:
                raise KeyUnusable(f"keystore {self.path}: changed by somebody else; reload it and repeat the change")
            keystore_file.replace_file(self.path, octets)
        self._octets = octets
        self.revision += 1

    def reload(self) -> bool:
        """Take over what others have saved, and say whether there was anything; raises KeyUnusable.

        Changes not yet saved are given up. After a change of passphrase the file has to be opened anew.
        """
        octets = keystore_file.read_octets(self.path)
        if octets == self._octets:
            return False
        content = keystore_file.content_of(octets, self._master, self.path)
        if content["revision"] < self.revision:
            raise KeyUnusable(f"keystore {self.path}: revision {content['revision']} is older than {self.revision}")
        self._entries, self.revision, self._octets = _entries(content), content["revision"], octets
        return True

    def change_passphrase(self, passphrase: str) -> None:
        """Seal every secret under a new master key; takes effect with ``save``. Raises KeyUnusable."""
        master = MasterKey.fresh(_strong(passphrase))
        self._entries = [
            replace(entry, sealed_secret=master.seal(self._secret(entry), entry.binding()))
            if entry.sealed_secret is not None
            else entry
            for entry in self._entries
        ]
        self._master = master

    def _check_place(self, entry: KeyEntry, material: KeyMaterial) -> None:
        check(material)
        if entry.algorithm not in SERVES[entry.purpose]:
            raise KeyUnusable(f"a key of algorithm {entry.algorithm} cannot serve to {entry.purpose}")
        if entry.purpose is Purpose.SIGN and material.secret is None:
            raise KeyUnusable("a key to sign with needs its private half")
        if entry.purpose is Purpose.VERIFY and material.secret is not None and entry.algorithm not in SYMMETRIC:
            raise KeyUnusable("a key to verify with is kept without its private half: material.public_only()")
        for other in self.entries(entry.alias):
            if other.key_id == entry.key_id:
                raise KeyUnusable(f"alias {entry.alias!r} has a key {entry.key_id} already")
            if (other.purpose, other.algorithm, other.owner) != (entry.purpose, entry.algorithm, entry.owner):
                raise KeyUnusable(f"alias {entry.alias!r} is {other.purpose}/{other.algorithm}/{other.owner} already")


def _strong(passphrase: str) -> str:
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise KeyUnusable(f"the keystore passphrase needs at least {SHORTEST_PASSPHRASE} characters")
    return passphrase


def _content(revision: int, entries: list[KeyEntry]) -> dict[str, Any]:
    return {"revision": revision, "entries": [_stored(entry) for entry in entries]}


def _stored(entry: KeyEntry) -> dict[str, Any]:
    dates = {name: day.isoformat() if (day := getattr(entry, name)) else None for name in ("not_before", "not_after")}
    return asdict(entry) | dates


def _entries(content: dict[str, Any]) -> list[KeyEntry]:
    return [_entry(stored) for stored in content["entries"]]


def _entry(stored: dict[str, Any]) -> KeyEntry:
    typed = {
        "purpose": Purpose(stored["purpose"]),
        "algorithm": Algorithm(stored["algorithm"]),
        "owner": Owner(stored["owner"]),
        "state": KeyState(stored["state"]),
        "not_before": date.fromisoformat(stored["not_before"]) if stored["not_before"] else None,
        "not_after": date.fromisoformat(stored["not_after"]) if stored["not_after"] else None,
    }
    return KeyEntry(**(stored | typed))
