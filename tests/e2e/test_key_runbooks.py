"""docs/keys.md and every page of docs/runbooks, typed in as a newcomer would, with no bank and no node running.

Each runbook begins in a directory with a gateway of its own and two key custodians, lin and wang. Questions are answered as
a careful person would: the passphrase, yes, and the key id that is asked for. Numbers that differ from one try to the next
(key ids, days, times) may differ from the page; everything else may not.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import typer
from typer.testing import CliRunner

from crypto import master_key
from gateway.cli import app

ROOT = Path(__file__).resolve().parents[2]
WALK = ROOT / "docs" / "keys.md"
RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
BANKS = ("rural-fixed", "city-iso", "merchant-json")
PASSPHRASE = "correct horse battery staple"
BLOCK = re.compile(
    r"(?:^\*\*(?P<file>[\w./@-]+)\*\*(?P<append> \(append\))?\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
CUSTODIANS = '\n[operators.lin]\nroles = ["key-custodian"]\n\n[operators.wang]\nroles = ["key-custodian"]\n'
CHANGES = (
    (r"[0-9a-f]{16}", "KEY-ID"),
    (r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2})?", "DAY"),
    (r"serial [0-9a-f]+", "serial N"),
    (r"\((-?\d+)\)", "(N)"),
    (r"\d+ 天", "N 天"),
    (r"(\d\d' *)+", "YEARS "),
    (r"(\d\d ){11}\d\d", "MONTHS"),
    (r"[ ─━╳·]{2,}", " "),
    (r"DAY \d+", "DAY N"),
)


class Command(NamedTuple):
    """One line behind a prompt, the exit code that it says, and the lines under it."""

    line: str
    code: int
    shown: list[str]


def commands(text: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, *shown = part.splitlines()
        code = re.search(r"#.*\bexit (\d)", line)
        yield Command(line.split("  #")[0].strip(), int(code[1]) if code else 0, shown)


def plain(lines: list[str]) -> list[str]:
    """The lines without what differs from one try to the next."""
    text = "\n".join(lines)
    for pattern, name in CHANGES:
        text = re.sub(pattern, name, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def agrees(shown: list[str], said: list[str]) -> bool:
    """Whether ``said`` is what the page shows; a line ``...`` stands for any number of lines, no line for all."""
    if not shown:
        return True
    parts = [re.escape(line) + "\n" if line != "..." else r"(?:.*\n)*?" for line in plain(shown)]
    return re.fullmatch("".join(parts), "".join(f"{line}\n" for line in plain(said))) is not None


class Newcomer:
    """Types what a page says, in one directory."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.done: list[str] = []

    def follow(self, page: str) -> None:
        for block in BLOCK.finditer(page):
            if block["file"] is not None:
                with (self.directory / block["file"]).open("a" if block["append"] else "w", encoding="utf-8") as file:
                    file.write(block["text"])
            elif block["kind"] == "console":
                for command in commands(block["text"]):
                    self.type(command)

    def type(self, command: Command) -> None:
        self.done.append(command.line)
        if command.line.startswith("gateway "):
            said = self._gateway(command)
        else:
            ran = subprocess.run(
                ["bash", "-c", command.line], cwd=self.directory, capture_output=True, text=True, check=False
            )
            assert ran.returncode == command.code, f"$ {command.line}\n{ran.stderr}"
            said = ran.stdout
        assert agrees(command.shown, said.splitlines()), f"$ {command.line}\n{said}"

    def _gateway(self, command: Command) -> str:
        line = re.sub(
            r"\$\((.+?)\)",
            lambda match: subprocess.check_output(["bash", "-c", match[1]], text=True).strip(),
            command.line,
        )
        result = CliRunner().invoke(app, shlex.split(line)[1:], catch_exceptions=False)
        assert result.exit_code == command.code, f"$ {command.line}\n{result.output}"
        return result.output if command.code and result.stderr else result.stdout


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gateway with two custodians, made once and copied for each page."""
    place = tmp_path_factory.mktemp("prepared")
    with pytest.MonkeyPatch.context() as patch:
        dress(patch, place)
        newcomer = Newcomer(place)
        newcomer.type(Command("gateway init var", 0, []))
        with (place / "var/gateway.toml").open("a", encoding="utf-8") as file:
            file.write(CUSTODIANS)
        for name in ("lin", "wang"):
            newcomer.type(Command(f"gateway operators new-key {name}.key", 0, []))
            newcomer.type(Command(f"gateway operators enroll {name} --public {name}.key.pub", 0, []))
    return place


def dress(patch: pytest.MonkeyPatch, place: Path, banks: tuple[str, ...] = BANKS) -> None:
    """Stand in ``place``, with the profiles of some banks, a keystore that opens quickly, and somebody who answers."""
    config = place / "config"
    if not config.exists():
        shutil.copytree(ROOT / "config", config)
        for profile in (config / "banks").glob("*.yaml"):
            if banks and profile.stem not in banks:
                profile.unlink()
    patch.chdir(place)
    for name in ("GATEWAY_OPERATOR_KEY", "GATEWAY_OPERATOR_PASSPHRASE_FILE"):
        patch.delenv(name, raising=False)
    patch.setenv("GATEWAY_CONFIG", "config")
    for name, cost in (("memory_kib", 19 * 1024), ("iterations", 2), ("lanes", 1)):
        patch.setitem(master_key.NEW_COST, name, cost)
    patch.setattr(typer, "prompt", answer)
    patch.setattr(typer, "confirm", lambda question, **_: "Approve?" in question)


def answer(question: str, **_: object) -> str:
    asked_for = re.search(r"type its id \(([^)]+)\)", question)
    return asked_for[1] if asked_for else PASSPHRASE


@pytest.fixture
def desk(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newcomer:
    """Where a page is followed; settings name paths below the directory, so that a copy is whole."""
    place = tmp_path / "gateway"
    shutil.copytree(prepared, place)
    dress(monkeypatch, place)
    return Newcomer(place)


def needed(page: str) -> set[str]:
    lines = [
        command.line
        for block in BLOCK.finditer(page)
        if block["kind"] == "console"
        for command in commands(block["text"])
    ]
    return {line.split()[0] for line in lines} - {"gateway"}


def runnable(path: Path) -> str:
    page = path.read_text(encoding="utf-8")
    for program in needed(page):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    return page


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_leads_where_it_says(path: Path, desk: Newcomer) -> None:
    desk.follow(runnable(path))
    assert any("approve" in line or "passphrase" in line for line in desk.done)


def test_every_rotation_has_a_runbook_that_the_walk_names() -> None:
    page = WALK.read_text(encoding="utf-8")
    assert len(RUNBOOKS) == 14
    assert all(f"(runbooks/{path.name})" in page for path in RUNBOOKS)


def test_the_walk_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dress(monkeypatch, tmp_path, banks=())
    newcomer = Newcomer(tmp_path)
    newcomer.follow(runnable(WALK))
    typed = {line.split()[2] for line in newcomer.done if line.startswith("gateway keys ")}
    wanted = {
        "list",
        "show",
        "generate",
        "import",
        "export-public",
        "activate",
        "approve",
        "reject",
        "changes",
        "status",
    }
    assert typed >= wanted
