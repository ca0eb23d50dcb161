"""The engineer's tools on a copy of the shipped configuration, as typed on a command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.profile import BankProfile
from adapters.profile_reader import read_all
from gateway.cli import app

SHIPPED = Path(__file__).parents[4] / "config"
RURAL = "rural-fixed"


@pytest.fixture(scope="session")
def profiles() -> dict[str, BankProfile]:
    """The shipped profiles, first editions."""
    return read_all(SHIPPED / "banks")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with the two banks that everything here is tested on, and the templates."""
    (tmp_path / "banks").mkdir()
    for bank in (RURAL, "city-iso"):
        shutil.copy(SHIPPED / "banks" / f"{bank}.yaml", tmp_path / "banks")
    for part in ("layouts", "codes", "templates"):
        shutil.copytree(SHIPPED / part, tmp_path / part)
    return tmp_path


@pytest.fixture
def bank(config: Path) -> Callable[..., Result]:
    """Runs ``gateway bank ...`` on the copy."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["bank", *words, "--config", str(config)], catch_exceptions=False)

    return run


@pytest.fixture
def bank_json(bank: Callable[..., Result]) -> Callable[..., Any]:
    """Runs ``gateway bank ... --json`` and gives what it said."""
    return lambda *words: json.loads(bank(*words, "--json").stdout)


@pytest.fixture
def change(config: Path) -> Callable[[str, str, str], Path]:
    """Replaces text in one file of the copy."""

    def replace(file: str, old: str, new: str) -> Path:
        path = config / file
        text = path.read_text(encoding="utf-8")
        assert old in text, old
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return replace


@pytest.fixture
def edition(config: Path) -> Callable[..., Path]:
    """A further edition of the rural bank, with its own layout: names are wider, a field is new, one is gone."""

    def add(day: str = "2027-01-01") -> Path:
        profile = (config / "banks" / f"{RURAL}.yaml").read_text(encoding="utf-8")
        profile = profile.replace("layout: rural-fixed ", "layout: rural-next ").replace(
            "dialect:", f"effective_from: {day}\ndialect:"
        )
        path = config / "banks" / f"{RURAL}@{day}.yaml"
        path.write_text(profile, encoding="utf-8")
        layout = (config / "layouts" / f"{RURAL}.yaml").read_text(encoding="utf-8")
        layout = layout.replace("layout: rural-fixed", "layout: rural-next").replace("octets: 120,", "octets: 140,")
        lines = [line for line in layout.splitlines() if "2.1.8," not in line]
        mobile = "      - {clause: 2.2.13, octets: 11, name: mobile, kind: digits, source: mobile, title: 手机, required: no}"
        at = next(number for number, line in enumerate(lines) if "2.2.12," in line)
        (config / "layouts" / "rural-next.yaml").write_text(
            "\n".join([*lines[: at + 1], mobile, *lines[at + 1 :]]) + "\n", encoding="utf-8"
        )
        return path

    return add
