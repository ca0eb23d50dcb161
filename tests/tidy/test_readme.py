"""The README's commands are the ones that CI runs, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path


def blocks(text: str) -> list[str]:
    found = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line.removeprefix("$ ").split("  #")[0].strip() for block in found for line in block.splitlines()]


def test_ci_runs_the_first_and_the_last_command_of_the_readme(root: Path) -> None:
    commands = blocks((root / "README.md").read_text(encoding="utf-8"))
    ci = (root / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert commands[0] == "make demo" and commands[-1] == "make check"
    assert commands[0] in ci and commands[-1] in ci


def test_every_target_that_the_readme_names_exists(root: Path) -> None:
    text = (root / "README.md").read_text(encoding="utf-8")
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"\bmake ([a-z]+)\b", text)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target} does not exist"


def test_links_between_documents_lead_somewhere(root: Path) -> None:
    broken = []
    for page in [root / "README.md", *(root / "docs").rglob("*.md")]:
        targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        broken += [f"{page.relative_to(root)} -> {one}" for one in targets if not (page.parent / one).exists()]
    assert not broken, "\n".join(broken)
