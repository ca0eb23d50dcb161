"""The keys of a running process, as the keystore file has them now (密钥热加载): no restart, and no signal to send.

Whoever needs a key asks here every time. Looking costs a ``stat``; only a file that has changed is read. What is made
of keys (a TLS context, a cipher) is kept until they change.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from threading import RLock
from typing import Any, Final, TypeVar

import structlog

from crypto.contract import KeyUnusable
from crypto.keystore import Keystore, beijing_today

AGAIN_SECONDS: Final = 1.0
"""How long a file that could not be read is left alone: trying another passphrase on it takes 80 ms."""

T = TypeVar("T")
_log = structlog.get_logger()


class LiveKeys:
    """One process's view of the keystore; for any thread.

    A file that cannot be read (tampered with, half restored, under a passphrase that its source does not give) changes
    nothing: the keys known before go on serving, ``trouble`` says why, and somebody must tell a person. A key that the
    file calls REVOKED is out with the next look.
    """

    def __init__(
        self,
        keys: Keystore,
        today: Callable[[], date] = beijing_today,
        monotonic: Callable[[], float] = time.monotonic,
    ):
        self._keys, self._today, self._monotonic = keys, today, monotonic
        self._lock = RLock()
        self._kept: dict[str, tuple[tuple[int, date], Any]] = {}
        self._look_from = 0.0
        self.trouble: str | None = None

    def now(self) -> Keystore:
        """The keys as they are now; never raises, see the class."""
        with self._lock:
            if self.trouble is None or self._monotonic() >= self._look_from:
                self._look()
            return self._keys

    def kept(self, name: str, build: Callable[[Keystore], T]) -> T:
        """What ``build`` makes of the keys, made anew when they or the day have changed; raises what it raises."""
        with self._lock:
            keys = self.now()
            mark = (keys.revision, self._today())
            found = self._kept.get(name)
            if found is not None and found[0] == mark:
                made: T = found[1]
                return made
            made = build(keys)
            self._kept[name] = (mark, made)
            return made

    def _look(self) -> None:
        before = self._keys.revision
        try:
            self._keys.reload()
        except (KeyUnusable, OSError) as why:
            if self.trouble is None:
                _log.error("keystore unreadable, the keys known before go on serving", why=str(why))
            self.trouble, self._look_from = str(why), self._monotonic() + AGAIN_SECONDS
            return
        if self.trouble is not None:
            _log.info("keystore readable again", revision=self._keys.revision)
            self.trouble = None
        if self._keys.revision != before:
            self._kept.clear()  # no longer than needed in memory
            _log.info("keys taken over from the keystore", revision=self._keys.revision)
