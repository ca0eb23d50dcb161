"""docs/adding-a-bank.md, followed word by word: an invented bank added by data alone.

Files are the fenced blocks under a line that names them; commands are the ``console`` blocks, whose output must be
what the page shows (a line ``...`` stands for any number of lines, within a line for any text).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from adapters.profile_reader import read_all
from adapters.registry import DIALECTS
from gateway.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "adding-a-bank.md"
BLOCK = re.compile(
    r"(?:^\*\*(?P<file>[\w./@-]+)\*\*(?P<append> \(append\))?\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """One fenced block: a file, or commands with what they say."""

    file: str | None
    append: bool
    kind: str
    text: str


class Command(NamedTuple):
    """One line behind a prompt and the lines under it."""

    line: str
    shown: list[str]


def blocks(page: str) -> Iterator[Block]:
    for match in BLOCK.finditer(page):
        yield Block(match["file"], bool(match["append"]), match["kind"], match["text"])


def commands(text: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, *shown = part.splitlines()
        yield Command(line, [one.rstrip() for one in shown])


def run(line: str, directory: Path) -> list[str]:
    """What the command says; one that is not ours goes to a shell, in the same directory."""
    if line.startswith("gateway ") and "certify" not in line:  # which shows its progress, as a process of its own
        result = CliRunner().invoke(app, shlex.split(line)[1:], catch_exceptions=False)
        assert result.exit_code in (0, 1), result.output
        said = result.stdout
    else:
        own = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-c", line], cwd=directory, check=False, capture_output=True, text=True, env=own)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        said = done.stdout
    return [one.rstrip() for one in said.splitlines()]


def agrees(shown: list[str], said: list[str]) -> bool:
    """Whether ``said`` is what the page shows, blank lines at the end aside."""
    parts = ("(?:.*\n?)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") for line in _trimmed(shown))
    pattern = "\n".join(parts)
    return re.fullmatch(pattern.replace("(?:.*\n?)*?\n", "(?:.*\n)*?"), "\n".join(_trimmed(said))) is not None


def _trimmed(lines: list[str]) -> list[str]:
    text = "\n".join(lines).strip("\n")
    return text.split("\n")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the shipped configuration, where the page's commands are typed."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_CONFIG", "config")
    return tmp_path


def follow(page: str, directory: Path) -> Iterator[tuple[Command, list[str]]]:
    """Do what the page says, in its order; gives each command and what it said."""
    for block in blocks(page):
        if block.file is not None:
            path = directory / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a" if block.append else "w", encoding="utf-8", newline="") as file:
                file.write(block.text)
        elif block.kind == "console":
            for command in commands(block.text):
                yield command, run(command.line, directory)


def test_the_page_is_true(checkout: Path) -> None:
    done = []
    for command, said in follow(PAGE.read_text(encoding="utf-8"), checkout):
        assert agrees(command.shown, said), f"$ {command.line}\n" + "\n".join(said)
        done.append(command.line.split()[:3])
    assert {tuple(words) for words in done if words[0] == "gateway"} == {
        ("gateway", "bank", word) for word in ("new", "check", "preview", "diff", "certify")
    }
    _is_a_bank(checkout)


def _is_a_bank(checkout: Path) -> None:
    """What the page added serves from its day on, and reads what its bank answers."""
    before, after = (
        read_all(checkout / "config" / "banks", on=day)["demo-township"] for day in (None, date(2027, 1, 1))
    )
    assert (before.serves.bank_codes, after.serves.bank_codes) == ((), ("320739",))
    sample = sorted((checkout / "sample").glob("*_001.txt"))[0]
    parsed = DIALECTS["delimited"].parse(after, sample.name, [sample.read_bytes()])
    assert parsed.blocks[0]["status_raw"].to_list() == ["S", "F"]
    assert parsed.blocks[0]["amount_fen"].to_list() == [80_000, 92_345]


def test_the_comparison_itself() -> None:
    assert agrees(["a", "...", "d"], ["a", "b", "c", "d", ""])
    assert agrees(["...", "d"], ["a", "d"]) and agrees(["...", "d"], ["d"])
    assert agrees(["a ... c"], ["a b c"]) and not agrees(["a ... c"], ["a b d"])
    assert not agrees(["a", "d"], ["a", "b", "d"]) and not agrees(["...", "d"], ["a", "b"])
