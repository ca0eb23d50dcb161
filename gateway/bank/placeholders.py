"""What a new bank's files still wait for (待填写项): marks that `bank new` leaves where only the bank knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from messages.layout.positions import MAX_OCTETS, Problem

MARK: Final = "FILL-IN"
_MARKED: Final = re.compile(rf"{MARK}(?: ([^\"\]}}#]*))?")
_KEY: Final = re.compile(r"\s*(?:- )?([a-z_0-9]+):")


def unfilled(files: Iterable[Path]) -> Iterator[Problem]:
    """Every mark in ``files``, at its line and column; files that are no text or too large have none."""
    for path in files:
        for number, line in enumerate(_lines(path), 1):
            match = None if line.lstrip().startswith("#") else _MARKED.search(line)
            if match is not None:
                wanted = (match[1] or "").strip() or "what the bank's document says"
                key = _KEY.match(line)
                what = "is not filled in yet · 尚未填写"
                yield Problem(str(path), number, match.start() + 1, key[1] if key else MARK, what, f"write: {wanted}")


def without_echoes(problems: Iterable[Problem], marks: Iterable[Problem]) -> list[Problem]:
    """The marks, and those problems that do not stand in a line with a mark: they would say the same again."""
    kept = list(marks)
    lines = {(mark.file, mark.line) for mark in kept}
    return kept + [problem for problem in problems if (problem.file, problem.line) not in lines]


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > MAX_OCTETS:
            return []
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
