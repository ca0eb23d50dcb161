"""The two checks of ``make audit`` find what they are for, and say plainly what they could not ask."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

HERE = Path(__file__).parent


def _loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"security_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


code, dependencies = _loaded("code"), _loaded("dependencies")


def report(*lines: int) -> dict[str, Any]:
    """Bandit's, with an assert found on each of these lines."""
    found = {"test_id": "B101", "filename": "gateway/x.py", "issue_severity": "LOW", "issue_text": "Use of assert"}
    return {"errors": [], "results": [{**found, "line_number": line, "line_range": [line]} for line in lines]}


def test_a_finding_needs_a_reason(tmp_path: Path) -> None:
    """Ruff's twin on the line justifies it; another code does not."""
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "x.py").write_text(
        "assert a  # noqa: S101 - narrows the type\nassert b\nassert c  # noqa: S105 - another thing\n"
    )
    assert [line.split(" ")[0] for line in code.unexplained(report(1, 2, 3), tmp_path)] == [
        "gateway/x.py:2:",
        "gateway/x.py:3:",
    ]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A syntax error hides everything else."""
    broken = {"errors": [{"filename": "gateway/x.py", "reason": "syntax error"}], "results": []}
    assert code.unexplained(broken, tmp_path) == ["gateway/x.py: syntax error"]


@pytest.mark.parametrize(
    ("comment", "wrong"),
    [("# nosec", True), ("# nosec B310", True), ("# nosec B310 - http to this machine", False), ("#nosec: all", True)],
)
def test_nosec_says_what_and_why(tmp_path: Path, comment: str, wrong: bool) -> None:
    """A bare one silences everything on its line."""
    for package in code.PACKAGES:
        (tmp_path / package).mkdir()
    (tmp_path / "gateway" / "x.py").write_text(f"run()  {comment}\n")
    assert bool(code.without_reason(tmp_path)) is wrong


def test_bandit_finds_things_at_all(tmp_path: Path) -> None:
    """The real program, over a file that deserves it, with our configuration."""
    (tmp_path / "x.py").write_text(
        "import pickle\nimport ssl\n\n\ndef f(x: bytes) -> object:\n    return pickle.loads(x)\n"
    )
    configuration = HERE.parents[1] / "pyproject.toml"
    command = [sys.executable, "-m", "bandit", "-q", "-c", str(configuration), "-f", "json", str(tmp_path / "x.py")]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    assert "B301" in {one["test_id"] for one in found["results"]}


def test_a_known_vulnerability_fails() -> None:
    """And is named with the release that mends it."""
    vulnerable = {"name": "paramiko", "version": "1.0", "vulns": [{"id": "CVE-2018-7750", "fix_versions": ["2.4.1"]}]}
    status, lines = dependencies.judge({"dependencies": [vulnerable, {"name": "x", "version": "1", "vulns": []}]})
    assert status == 1
    assert lines[0] == "paramiko 1.0: CVE-2018-7750, fixed in 2.4.1"
    assert "2 packages asked about, 1 known" in lines[1]


def test_what_could_not_be_asked_is_said_and_fails_nothing() -> None:
    """A mirror without vulnerability data; our own package is not counted."""
    unknown = {"name": "x", "skip_reason": "Dependency not found on PyPI and could not be audited: x (1)"}
    own = {"name": "benefit-payment-gateway", "skip_reason": "distribution marked as editable"}
    status, lines = dependencies.judge({"dependencies": [unknown, own]})
    assert status == 0
    assert "0 packages asked about" in lines[0]
    assert lines[1].startswith("pip-audit: NOT CHECKED: 1 packages")


@pytest.mark.parametrize("outcome", ["no output", "too slow"])
def test_no_network_is_said_and_fails_nothing(monkeypatch: Any, capsys: Any, outcome: str) -> None:
    """pip-audit ends with a traceback or not at all."""

    def run(*_: Any, **__: Any) -> Any:
        if outcome == "too slow":
            raise subprocess.TimeoutExpired("pip_audit", 1)
        return SimpleNamespace(stdout="", stderr="ProxyError")

    monkeypatch.setattr(dependencies.subprocess, "run", run)
    assert dependencies.main() == 0
    assert "NOT CHECKED" in capsys.readouterr().out
