"""What the security page names exists: every file, every test, every alert and every command of the gateway."""

from __future__ import annotations

import re
from pathlib import Path

ROOMS = ("adapters", "config", "crypto", "docs", "gateway", "messages", "simulators", "tests")


def named(text: str) -> set[str]:
    """Paths of the repository in backticks; a line number or a function behind it is not part of it."""
    quoted = re.findall(r"`([^`\n]+)`", text)
    return {one.split(":")[0] for one in quoted if re.fullmatch(rf"(?:{'|'.join(ROOMS)})/[\w./-]+(?::\d+.*)?", one)}


def test_every_file_and_test_that_it_names_exists(root: Path) -> None:
    page = (root / "docs" / "security.md").read_text(encoding="utf-8")
    missing = sorted(one for one in named(page) if not (root / one).exists())
    assert not missing, missing
    assert len(named(page)) > 60


def test_every_threat_has_a_control_in_code_and_a_test(root: Path) -> None:
    page = (root / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([STRIDE]) \|(.+)\|$", page, re.MULTILINE)
    assert {letter for letter, _ in rows} == set("STRIDE")
    for _letter, row in rows:
        _threat, control, code, test, _left = (cell.strip() for cell in row.split("|"))
        assert control, row
        assert named(code), row
        assert any(one.startswith("tests/") for one in named(test)), row


def test_its_commands_are_the_gateways(root: Path) -> None:
    cli = (root / "gateway" / "cli.py").read_text(encoding="utf-8")
    pages = [root / "docs" / "security.md", root / "SECURITY.md"]
    commands = {found for page in pages for found in re.findall(r"`gateway ([a-z]+)", page.read_text(encoding="utf-8"))}
    known = set(re.findall(r"^def ([a-z]+)\(", cli, re.MULTILINE)) | set(re.findall(r'name="([a-z]+)"', cli))
    assert commands <= known, commands - known
