"""One gateway as ``gateway init`` makes it, with quick keys, and a chain of a few entries."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from crypto import master_key
from gateway.cli import app
from gateway.setup import set_up


@pytest.fixture(scope="session")
def fresh_gateway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("audit") / "gateway"
    with pytest.MonkeyPatch.context() as cheap:
        cheap.setattr(master_key, "NEW_COST", {"memory_kib": 19 * 1024, "iterations": 2, "lanes": 1})
        set_up(directory)
    return directory


@pytest.fixture
def settings(fresh_gateway: Path, tmp_path: Path) -> Path:
    """The settings file of a gateway of one's own."""
    shutil.copytree(fresh_gateway, tmp_path / "gateway")
    path = tmp_path / "gateway" / "gateway.toml"
    path.write_text(path.read_text("utf-8").replace(str(fresh_gateway), str(tmp_path / "gateway")), "utf-8")
    return path


@pytest.fixture
def run(settings: Path) -> Callable[..., Result]:
    """``gateway audit`` with arguments, against that gateway."""

    def command(name: str, *arguments: object, environment: dict[str, str] | None = None) -> Result:
        words = ["audit", name, "--settings", str(settings), *map(str, arguments)]
        return CliRunner().invoke(app, words, env=environment, catch_exceptions=False)

    return command


@pytest.fixture
def data(run: Callable[..., Result]) -> Callable[..., Any]:
    """The same with ``--json``: (exit code, what it said)."""

    def command(name: str, *arguments: object) -> tuple[int, Any]:
        result = run(name, "--json", *arguments)
        return result.exit_code, orjson.loads(result.stdout)

    return command
