"""Remembers nonces for as long as the requests that carry them could be taken again (防重放)."""

from __future__ import annotations

import hashlib

from crypto.contract import CryptoError


class ReplayGuardFull(CryptoError):
    """More requests in the window than the guard can remember; taking one unremembered could take it twice."""


class ReplayGuard:
    """In memory, for one process: after a restart, or on another node, idempotent intake is what is left.

    ``window_seconds`` must cover the whole time in which a request is fresh (see
    ``http_signatures.freshness_window``). ``capacity`` bounds each key's nonces, so that one client cannot crowd
    out another; ask only about requests whose signature has been verified, so that keys are few. About 150 octets
    a nonce.
    """

    def __init__(self, window_seconds: int, capacity: int = 100_000):
        if window_seconds <= 0 or capacity <= 0:
            raise ValueError("window_seconds and capacity must be positive")
        self._window = window_seconds
        self._capacity = capacity
        self._seen: dict[str, dict[bytes, int]] = {}

    def seen(self, key_id: str, nonce: str, now: int) -> bool:
        """Whether the key has used the nonce within the window; if not, it has now. Raises ReplayGuardFull."""
        known = self._seen.setdefault(key_id, {})
        self._forget(known, now)
        digest = hashlib.blake2b(nonce.encode(), digest_size=16).digest()
        if digest in known:
            return True
        if len(known) >= self._capacity:
            raise ReplayGuardFull(f"key {key_id}: more than {self._capacity} requests within {self._window} s")
        known[digest] = now + self._window
        return False

    def _forget(self, known: dict[bytes, int], now: int) -> None:
        """The oldest come first; a clock set back only keeps them longer."""
        while known:
            oldest = next(iter(known))
            if known[oldest] >= now:
                return
            del known[oldest]
