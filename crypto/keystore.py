"""The keystore (密钥库): the one reader of keys, the one writer of the file they lie in.

Every process opens it for itself (about 0.2 s) and may ``reload`` it for every message (two microseconds when the file is
as it was), so that a rotation needs no restart, not even one of the passphrase.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from crypto import entry_json, keystore_file
from crypto.contract import KeyUnusable
from crypto.key_entry import IN_FILE, KeyEntry, KeyState, Owner, Purpose, StateChange
from crypto.key_material import KeyMaterial
from crypto.key_provider import KeyProvider, TokenKind
from crypto.key_reasons import KeyReason
from crypto.key_ring import KeyRing
from crypto.keystore_file import Octets
from crypto.keystore_opening import Opener, strong
from crypto.master_key import MasterKey
from crypto.passphrase import KnownPassphrase, PassphraseSource
from crypto.placement import SERVES, check_place, usual_owner

__all__ = ["SERVES", "Keystore", "beijing_today"]


def beijing_today() -> date:
    """The day by which key dates are meant unless another clock is handed in."""
    return datetime.now(timezone(timedelta(hours=8))).date()


class Keystore(KeyRing):
    """Keys in one file. Changes are in memory until ``save``; ``changing`` does both, and hides them until then.

    Reading and ``reload`` are safe from several threads. Who adds or moves keys while other threads reload uses
    ``changing``.
    """

    def __init__(self, opener: Opener, master: MasterKey, read: Octets, today: Callable[[], date]):
        """Use ``create`` or ``open``."""
        content = keystore_file.content_of(read.content, master, opener.path)
        super().__init__(master, entry_json.read(content), today)
        self.path = opener.path
        self.revision: int = content["revision"]
        self._opener, self._read = opener, read
        self._coming: str | None = None
        self._draft = False
        self._lock = threading.RLock()

    @classmethod
    def create(
        cls, path: Path, passphrase: str | PassphraseSource, today: Callable[[], date] = beijing_today
    ) -> Keystore:
        """A new empty keystore file, mode 0600; KeyUnusable if it exists or the passphrase is under 12 characters."""
        path, source = Path(path), _source(passphrase)
        master = MasterKey.fresh(strong(source.candidates()[0]))
        octets = keystore_file.rendered({"revision": 1, "entries": []}, master)
        with keystore_file.locked(path):
            if path.exists():
                raise KeyUnusable(f"keystore {path}: exists already", KeyReason.EXISTS)
            keystore_file.replace_file(path, octets)
        return cls(Opener(path, source), master, Octets(octets, None), today)

    @classmethod
    def open(
        cls,
        path: Path,
        passphrase: str | PassphraseSource,
        today: Callable[[], date] = beijing_today,
        providers: Iterable[KeyProvider] = (),
    ) -> Keystore:
        """An existing one; KeyUnusable if it is missing, tampered, or the passphrase is wrong.

        ``providers`` are the devices that hold private halves; a key in a device that is not among them cannot sign.
        """
        opener = Opener(Path(path), _source(passphrase))
        read = keystore_file.read_octets(opener.path)
        store = cls(opener, opener.master(read.content), read, today)
        store.providers = {provider.name: provider for provider in providers}
        return store

    @property
    def passphrase_source(self) -> PassphraseSource:
        """What a worker process opens the same keystore with; may be pickled into its pipe."""
        return self._opener.source

    def add(
        self,
        alias: str,
        purpose: Purpose | str,
        material: KeyMaterial,
        *,
        owner: Owner | str | None = None,
        key_id: str | None = None,
        state: KeyState | str = KeyState.PENDING,
        not_before: date | None = None,
        not_after: date | None = None,
        provider: str = IN_FILE,
    ) -> KeyEntry:
        """A further key of an alias; raises KeyUnusable.

        Without ``key_id`` it is the fingerprint of the public half (so both sides of a wire call it the same), or
        random for a symmetric key. All keys of an alias share purpose, algorithm and owner; without ``owner`` a public
        key to verify with is the counterparty's and every other key our own.
        """
        purpose, today = Purpose(purpose), self._today()
        entry = KeyEntry(
            alias=alias,
            key_id=key_id or material.fingerprint() or secrets.token_hex(8),
            purpose=purpose,
            algorithm=material.algorithm,
            owner=Owner(owner) if owner else usual_owner(purpose, material),
            state=KeyState(state),
            not_before=not_before,
            not_after=not_after,
            public=material.public,
            sealed_secret=None,
            provider=provider,
            created_at=today,
            history=(StateChange(KeyState(state), today),),
        )
        check_place(entry, material, self.entries(alias))
        if material.secret is not None:
            entry = replace(entry, sealed_secret=self._master.seal(material.secret, entry.binding()))
        self._entries = [*self._entries, entry]
        return entry

    def add_in_token(
        self,
        alias: str,
        kind: TokenKind,
        provider: str,
        *,
        not_before: date | None = None,
        not_after: date | None = None,
    ) -> KeyEntry:
        """A new signing key made inside a device such as ``pkcs11:<token>``, PENDING; raises KeyUnusable.

        Its label there is the alias and a random part, so that a successor never takes the place of a key in use.
        """
        label = f"{alias[:47]}-{secrets.token_hex(8)}"
        material = self._provider(provider).generate(label, kind)
        return self.add(
            alias,
            Purpose.SIGN,
            material,
            not_before=not_before,
            not_after=not_after,
            provider=f"{provider}/{label}",
        )

    def move(self, alias: str, key_id: str, state: KeyState | str) -> KeyEntry:
        """Lead a key on in its life (see ``key_entry.TRANSITIONS``); raises KeyUnusable."""
        for place, entry in enumerate(self._entries):
            if (entry.alias, entry.key_id) == (alias, key_id):
                moved = entry.moved(KeyState(state), self._today())
                self._entries = [*self._entries[:place], moved, *self._entries[place + 1 :]]
                return moved
        raise KeyUnusable(f"no key {key_id} of {alias!r} in the keystore", KeyReason.UNKNOWN_KEY_ID)

    def save(self) -> None:
        """Replace the file atomically, mode 0600; KeyUnusable if somebody else has changed it since we read it."""
        if self._draft:
            raise RuntimeError("changing() saves when its block ends")
        with keystore_file.locked(self.path), self._lock:
            self._write()

    @contextmanager
    def changing(self) -> Iterator[Keystore]:
        """A draft of the newest state, saved when the block ends well and thrown away when it raises.

        Nobody else can change the file meanwhile, and nothing in this process uses the draft's keys before they are
        saved. Raises KeyUnusable.
        """
        with keystore_file.locked(self.path):
            self.reload()
            draft = object.__new__(type(self))
            draft.__dict__.update(self.__dict__, _lock=threading.RLock(), _draft=True)
            yield draft
            draft._write()
            with self._lock:
                self._take(draft._master, draft._entries, draft.revision, draft._read)

    def reload(self) -> bool:
        """Take over what others have saved, and say whether there was anything; raises KeyUnusable.

        When it raises, the keys in memory remain as they were: the caller decides whether to go on with them. Changes
        not yet saved are given up where there was something. After a change of passphrase its source is asked again.
        """
        if self._read.stamp is not None and keystore_file.stamp_of(self.path) == self._read.stamp:
            return False
        with self._lock:
            read = keystore_file.read_octets(self.path)
            if read.content == self._read.content:
                self._read = read
                return False
            master = self._opener.master_for(read.content, self._master)
            content = keystore_file.content_of(read.content, master, self.path)
            if content["revision"] <= self.revision:
                raise KeyUnusable(
                    f"keystore {self.path}: revision {content['revision']} is older than {self.revision}, or another one",
                    KeyReason.OLDER_REVISION,
                )
            self._take(master, entry_json.read(content), content["revision"], read)
            return True

    def change_passphrase(self, passphrase: str) -> None:
        """Seal every secret under a new master key (主密钥轮换); takes effect with ``save``. Raises KeyUnusable.

        The data keys are among the secrets, so nothing sealed under them needs to be written anew.
        """
        master = MasterKey.fresh(strong(passphrase))
        entries = [
            replace(entry, sealed_secret=master.seal(self._secret(entry), entry.binding()))
            if entry.sealed_secret is not None
            else entry
            for entry in self._entries
        ]
        self._former, self._master, self._entries, self._coming = self._master, master, entries, passphrase

    def _write(self) -> None:
        """The source learns the coming passphrase first and lays the old one down last: one of the two always opens."""
        if keystore_file.read_octets(self.path).content != self._read.content:
            raise KeyUnusable(
                f"keystore {self.path}: changed by somebody else; reload it and repeat the change",
                KeyReason.CHANGED_MEANWHILE,
            )
        octets = keystore_file.rendered(_content(self.revision + 1, self._entries), self._master)
        if self._coming is not None:
            self._opener.stage(self._coming, self._read.content)
        try:
            keystore_file.replace_file(self.path, octets)
        except OSError as error:
            raise KeyUnusable(f"keystore {self.path}: not written: {error.strerror}", KeyReason.UNREADABLE) from error
        self._read = Octets(octets, None)
        self.revision += 1
        if self._coming is not None:
            self._opener.source.settle()
            self._coming = None

    def _take(self, master: MasterKey, entries: list[KeyEntry], revision: int, read: Octets) -> None:
        """In this order, a thread that reads meanwhile finds a master key for whatever entries it sees."""
        if master is not self._master:
            self._former = self._master
        self._master, self._entries = master, entries
        self.revision, self._read = revision, read


def _source(passphrase: str | PassphraseSource) -> PassphraseSource:
    return KnownPassphrase(passphrase) if isinstance(passphrase, str) else passphrase


def _content(revision: int, entries: list[KeyEntry]) -> dict[str, Any]:
    return {"revision": revision, "entries": [entry_json.stored(entry) for entry in entries]}
