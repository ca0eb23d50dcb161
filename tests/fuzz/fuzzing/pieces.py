"""The same octets whole and in pieces (分片一致): what a reader makes of them must not depend on how they arrive."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

from fuzzing.target import Disagreement

Read = TypeVar("Read")


def cut(content: bytes) -> list[bytes]:
    """Pieces of any lengths, drawn from the content itself, so that the same input is always cut the same way."""
    draw = random.Random(zlib.crc32(content))
    places = sorted(draw.randint(0, len(content)) for _ in range(min(6, len(content))))
    edges = [0, *places, len(content)]
    return [content[start:end] for start, end in pairwise(edges)]


def agreed(
    ways: Sequence[Callable[[], Read]], refusals: tuple[type[Exception], ...], shown: Callable[[Read], object]
) -> Read:
    """What every way gives; raises the first way's refusal where all refuse, Disagreement where they differ."""
    first, *others = [_outcome(way, refusals, shown) for way in ways]
    for other in others:
        if other[0] != first[0]:
            raise Disagreement(f"one way: {first[0]!s:.300}; another way: {other[0]!s:.300}")
    read, refusal = first[1], first[2]
    if refusal is not None:
        raise refusal
    return read  # type: ignore[return-value]


def _outcome(
    way: Callable[[], Read], refusals: tuple[type[Exception], ...], shown: Callable[[Read], object]
) -> tuple[object, Read | None, Exception | None]:
    try:
        read = way()
    except refusals as refusal:
        return type(refusal).__name__, None, refusal
    return shown(read), read, None


def whole_and_cut(
    read: Callable[[Iterable[bytes]], Read],
    content: bytes,
    refusals: tuple[type[Exception], ...],
    shown: Callable[[Read], object],
) -> Read:
    """What ``read`` makes of ``content`` at once and in pieces; raises as ``agreed``."""
    return agreed([lambda: read([content]), lambda: read(cut(content))], refusals, shown)
