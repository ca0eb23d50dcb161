"""Seeded damage (种子变异): the same input for the same number, without a fuzzer, for the ordinary tests."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

TOKENS: Final = (
    *(b"", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n", b"\r\n", b" ", b"\t", b'"', b"'", b"|", b",", b"\\"),
    *(b"<", b">", b"/>", b"</", b"&amp;", b"&#0;", b"&#x41;", b"&x;", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?x ?>"),
    *(b'<!DOCTYPE a [<!ENTITY b "c">]>', b"<a>" * 3_000, b"[" * 3_000, b'{"a":' * 3_000, b"- " * 3_000),
    *(b"-0", b"+1", b"0.001", b"1e400", b"NaN", b"9" * 30, b"-" + b"9" * 20, b"00000000", b"99999999", b"20260230"),
    *(
        b"\xa3\xb1",
        "１２".encode(),
        "٣".encode(),
        "²".encode(),
        "\u2028".encode(),
        b"\xed\xa0\x80",
        b"\x81\x30\x81\x30",
    ),
    *(b"true", b"null", b"{}", b"[]", b"!!python/name:os.system", b"&a", b"*a", b"%", b"%2", b"=", b"=="),
)
"""What parsers stumble over."""
_LONGEST: Final = 200_000

Change = Callable[[random.Random, bytes, bytes], bytes]


def mutations(seeds: Sequence[bytes], count: int, salt: str) -> list[bytes]:
    """``count`` damaged inputs drawn from ``seeds``; ``salt`` keeps targets from drawing alike."""
    draw = random.Random(salt)
    made = []
    for _ in range(count):
        content, other = draw.choice(seeds), draw.choice(seeds)
        for _ in range(draw.choice((1, 1, 1, 2, 3, 6))):
            content = draw.choice(_CHANGES)(draw, content, other)
        made.append(content[:_LONGEST])
    return made


def _span(draw: random.Random, content: bytes) -> tuple[int, int]:
    start = draw.randint(0, len(content))
    return start, min(len(content), start + draw.choice((1, 1, 2, 4, 8, 20, 100)))


def _octet(draw: random.Random, content: bytes, _: bytes) -> bytes:
    start, _end = _span(draw, content)
    return content[:start] + bytes([draw.randrange(256)]) + content[start + 1 :]


def _bit(draw: random.Random, content: bytes, _: bytes) -> bytes:
    if not content:
        return b"\0"
    place = draw.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << draw.randrange(8)]) + content[place + 1 :]


def _token(draw: random.Random, content: bytes, _: bytes) -> bytes:
    start, end = _span(draw, content)
    return content[:start] + draw.choice(TOKENS) + content[draw.choice((start, end)) :]


def _gone(draw: random.Random, content: bytes, _: bytes) -> bytes:
    start, end = _span(draw, content)
    return content[:start] + content[end:]


def _cut(draw: random.Random, content: bytes, _: bytes) -> bytes:
    return content[: draw.randint(0, len(content))]


def _twice(draw: random.Random, content: bytes, _: bytes) -> bytes:
    start, end = _span(draw, content)
    return content[:end] + content[start:end] * draw.choice((1, 1, 2, 50)) + content[end:]


def _spliced(draw: random.Random, content: bytes, other: bytes) -> bytes:
    return content[: draw.randint(0, len(content))] + other[draw.randint(0, len(other)) :]


def _digit(draw: random.Random, content: bytes, _: bytes) -> bytes:
    places = [place for place, octet in enumerate(content) if octet in b"0123456789"]
    if not places:
        return content
    place = draw.choice(places)
    return content[:place] + draw.choice((b"0", b"9", b"", b".", b"-", b"00")) + content[place + 1 :]


_CHANGES: Final[tuple[Change, ...]] = (_octet, _bit, _token, _token, _gone, _cut, _twice, _spliced, _digit)
