"""Damage to a result file of bank ``rural-fixed``, one kind at a time, as a faulty bank would do it."""

from __future__ import annotations

from typing import Final

from simulators.signatures import Seal

_FIRST_TEXT: Final = (1 + 2 + 17 + 1 + 8 + 8 + 18 + 2) + (1 + 8 + 20 + 32 + 15 + 1 + 4)
"""Octet at which the first detail's text field begins: header with line end, then the fields before it."""

_NO_CHARACTER: Final = b"\xff\xff\x80\xff"
"""No GB18030 reader takes this."""


def spoiled(seal: Seal, content: bytes, how: str | None) -> tuple[bytes, bytes | None]:
    """(bytes, signature text or None) to be shown; what only changes rows or totals was done before."""
    if how == "missing-signature":
        return content, None
    if how == "bad-signature":
        return content, seal.sign(content + b"\n")
    if how == "garbled":
        content = content[:_FIRST_TEXT] + _NO_CHARACTER + content[_FIRST_TEXT + len(_NO_CHARACTER) :]
    return content, seal.sign(content)
