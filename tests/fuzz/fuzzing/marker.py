"""Somebody who does not exist, planted in every seed: no refusal may ever repeat who it was about (个人信息标记)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

NAME: Final = "赵铁柱隐私"
ACCOUNT: Final = "6299980000000000019"
MARKS: Final = (NAME, ACCOUNT)
_FORMS: Final = tuple(
    dict.fromkeys(
        form
        for mark in MARKS
        for form in (mark, ascii(mark)[1:-1], repr(mark.encode())[2:-1], repr(mark.encode("gb18030"))[2:-1])
    )
)
"""As text, and as Python and JSON show text and octets."""


def told_by(refusal: BaseException) -> str | None:
    """The first text of ``refusal``, or of what a log would print as its cause, that repeats a mark."""
    for fault in _chain(refusal):
        said = str(fault)
        if any(form in said for form in _FORMS):
            return f"{type(fault).__name__}: {said}"
    return None


def _chain(fault: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = fault
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
