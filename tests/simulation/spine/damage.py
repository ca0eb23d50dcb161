"""What a bad line does to bytes on their way (线路损坏)."""

from __future__ import annotations

from spine.chaos import Chaos

_NOISE = b"\xff\x00\xfe\x80"


def damaged(content: bytes, chaos: Chaos) -> bytes:
    """A few octets somewhere are others now, or the end is missing."""
    place = chaos.rng.randrange(max(1, len(content)))
    if chaos.rng.random() < 0.5:
        return content[:place]
    return content[:place] + _NOISE + content[place + len(_NOISE) :]
