"""Damage to the bytes of one message (报文损坏), the same for every format, as a faulty bank or line does it."""

from __future__ import annotations

from typing import Final

import polars as pl

_NO_CHARACTER: Final = b"\xff\xff\x80\xff"
"""No reader of UTF-8, GBK or GB18030 takes this."""


def garbled(body: bytes, references: pl.Series) -> bytes:
    """Octets that are no characters, behind the last item's reference, or in the middle where none is to be seen."""
    reference = str(references[-1]).encode() if len(references) else b""
    found = body.rfind(reference) if reference else -1
    place = found + len(reference) if found >= 0 else len(body) // 2
    return body[:place] + _NO_CHARACTER + body[place + len(_NO_CHARACTER) :]


def recoded(body: bytes, encoding: str) -> bytes:
    """The same words in an encoding that the bank does not use; one that differs where all words are ASCII."""
    text = body.decode(encoding, "replace")
    other = text.encode("gb18030" if encoding == "utf-8" else "utf-8")
    return other if other != body else text.encode("utf-16")
