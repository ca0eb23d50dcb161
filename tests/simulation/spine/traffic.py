"""What a bank was given: how often, with which bytes, and whether it has it by now."""

from __future__ import annotations

import hashlib
from collections import Counter


class Traffic:
    """Instructions by message id; the same for every kind of wire."""

    def __init__(self) -> None:
        self.shown: Counter[str] = Counter()  # how often the gateway gave it to the wire
        self.taken: set[str] = set()  # what arrived at the bank
        self.digests: dict[str, set[str]] = {}

    def given(self, message_id: str, data: bytes) -> None:
        """The gateway let these bytes go."""
        self.shown[message_id] += 1
        self.digests.setdefault(message_id, set()).add(hashlib.sha256(data).hexdigest())
