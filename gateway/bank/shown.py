"""How the engineer's tools speak (显示): one console, its colours, and files named as one would type them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from messages.layout.positions import Problem

WIDTH: Final = 100
_LONG: Final = 300
_LEAST_RUN: Final = 4


def console(*, errors: bool = False) -> Console:
    """As wide as the terminal; 100 columns where there is none, so that what is written to a file keeps its shape."""
    stream = sys.stderr if errors else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else WIDTH, highlight=False, soft_wrap=False)


def table(title: str, *columns: str, right: Iterable[str] = ()) -> Table:
    """A plain table; a column named in ``right`` holds figures."""
    made = Table(
        title=title, title_justify="left", title_style="bold", header_style="bold", box=SIMPLE_HEAD, padding=(0, 1)
    )
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def shown_path(path: str | Path) -> str:
    """Relative to where the engineer stands, where that is shorter."""
    given = Path(path)
    try:
        return str(given.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(given)


def padded(raw: str) -> Text:
    """A field as it stands: blanks before and behind made visible, long runs of them counted."""
    if not raw:
        return Text("(empty)", style="dim")
    inner = raw.strip(" ")
    if not inner:
        return _blanks(len(raw))
    start = raw.index(inner)
    return Text.assemble(_blanks(start), inner[:_LONG], _blanks(len(raw) - start - len(inner)))


def _blanks(count: int) -> Text:
    return Text("␠" * count if count < _LEAST_RUN else f"␠×{count}", style="dim")


def problems(target: Console, title: str, found: Iterable[Problem], style: str) -> None:
    """Each problem with its place, its line and what to do."""
    listed = list(found)
    target.print(Text(f"{title} ({len(listed)})", style=f"bold {style}"))
    for problem in listed:
        place = f"{shown_path(problem.file)}:{problem.line}:{problem.column}"
        target.print(Text.assemble("  ", (place, "bold"), "  ", (problem.key, "cyan")), soft_wrap=True)
        target.print(*_source(problem), sep="\n", soft_wrap=True) if _source(problem) else None
        target.print(Text.assemble("    ", (problem.what, style)))
        target.print(Text.assemble("    → ", problem.remedy))


def _source(problem: Problem) -> list[Text]:
    """The line itself, and a mark under the column, wide characters counted as two."""
    try:
        line = Path(problem.file).read_text(encoding="utf-8-sig").splitlines()[problem.line - 1]
    except (OSError, UnicodeDecodeError, IndexError):
        return []
    if problem.key.startswith("("):
        return []
    number = f"{problem.line:>6} │ "
    before = Text(line[: problem.column - 1]).cell_len
    cut = Text(line)
    cut.truncate(WIDTH - len(number), overflow="ellipsis")
    shown = Text.assemble((number, "dim"), cut)
    return (
        [shown, Text(" " * (len(number) - 2) + "│ " + " " * before + "^", style="dim")] if before < WIDTH else [shown]
    )
