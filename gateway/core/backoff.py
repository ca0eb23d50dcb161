"""When to try again: doubling, bounded, spread out, and the same for the same work."""

from __future__ import annotations

import hashlib

FIRST_MS = 500
LONGEST_MS = 300_000


def retry_delay_ms(key: str, attempts: int) -> int:
    """Milliseconds until the next attempt, after ``attempts`` failures.

    The spread (up to a quarter more) comes from the key, not from chance, so that many works that failed
    together do not return together and a test can foretell each delay.
    """
    base = min(LONGEST_MS, FIRST_MS << min(max(attempts - 1, 0), 20))
    digest = hashlib.sha256(f"{key}/{attempts}".encode()).digest()
    return base + base * digest[0] // 1024
