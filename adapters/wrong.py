"""One thing that does not hold in a bank profile (接入档案问题)."""

from __future__ import annotations

from typing import NamedTuple

from messages.layout.positions import Key


class Wrong(NamedTuple):
    """At which key, what, and what to do."""

    key: Key
    what: str
    remedy: str
