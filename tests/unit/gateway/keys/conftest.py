"""A gateway of one's own for the key commands: a keystore that opens quickly, two custodians, a clock that stands still."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto import keystore as keystore_module
from crypto import master_key
from gateway import clock as clock_module
from gateway.cli import app

PASSPHRASE = "correct horse battery staple"
TODAY = date(2026, 12, 1)
NOON = int(datetime(2026, 12, 1, 4, tzinfo=UTC).timestamp() * 1000)
SETTINGS = """
[operators.lin]
roles = ["key-custodian"]

[operators.wang]
roles = ["key-custodian"]

[operators.zhao]
roles = ["key-custodian"]
scopes = ["rural-*"]

[operators.sun]
roles = ["operator"]
"""


@dataclass
class Desk:
    """Types commands in one directory, as one operator or another."""

    directory: Path

    def run(self, *words: str, operator: str | None = None, code: int = 0) -> Any:
        """The JSON that a command answers with; it must end with ``code``."""
        who = ["--as-operator", f"{operator}.key"] if operator else []
        result = CliRunner().invoke(app, [*words, *who, "--json"], catch_exceptions=False)
        assert result.exit_code == code, result.output
        return json.loads(result.stdout) if result.stdout.strip() else {}

    def text(self, *words: str, operator: str | None = None, code: int = 0) -> str:
        """What a command shows, refusals and questions included."""
        who = ["--as-operator", f"{operator}.key"] if operator else []
        result = CliRunner().invoke(app, [*words, *who], catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.output

    def rotate(self, alias: str, action: str, which: str) -> Any:
        """Proposed by lin, approved by wang."""
        change = self.run("keys", action, alias, which, "--reason", "test", operator="lin")["change"]
        return self.run("keys", "approve", str(change["change_id"]), operator="wang")["change"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keystores that open in milliseconds, on a fixed day."""
    for name, cost in (("memory_kib", 19 * 1024), ("iterations", 2), ("lanes", 1)):
        monkeypatch.setitem(master_key.NEW_COST, name, cost)
    monkeypatch.setattr(clock_module.SystemClock, "now_ms", lambda _: NOON)
    monkeypatch.setattr(keystore_module, "beijing_today", lambda: TODAY)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a gateway and its operators, made once."""
    place = tmp_path_factory.mktemp("gateway")
    with pytest.MonkeyPatch.context() as patch:
        for name, cost in (("memory_kib", 19 * 1024), ("iterations", 2), ("lanes", 1)):
            patch.setitem(master_key.NEW_COST, name, cost)
        patch.chdir(place)
        patch.setenv("GATEWAY_CONFIG", "config")
        (place / "config/banks").mkdir(parents=True)
        (place / "pass").write_text(PASSPHRASE + "\n")
        (place / "pass").chmod(0o600)
        patch.setenv("GATEWAY_OPERATOR_PASSPHRASE_FILE", "pass")
        desk = Desk(place)
        desk.run("init", "var")
        with (place / "var/gateway.toml").open("a") as file:
            file.write(SETTINGS)
        for name in ("lin", "wang", "zhao", "sun", "nobody"):
            desk.run("operators", "new-key", f"{name}.key", "--passphrase-file", "pass")
        for name in ("lin", "wang"):
            desk.run("operators", "enroll", name, "--public", f"{name}.key.pub")
    return place


@pytest.fixture
def desk(made: Path, tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A copy of it, to be spoilt."""
    import shutil

    place = tmp_path / "gateway"
    shutil.copytree(made, place)
    monkeypatch.chdir(place)
    monkeypatch.setenv("GATEWAY_CONFIG", "config")
    monkeypatch.setenv("GATEWAY_OPERATOR_PASSPHRASE_FILE", "pass")
    monkeypatch.delenv("GATEWAY_OPERATOR_KEY", raising=False)
    return Desk(place)


@pytest.fixture
def entries() -> Callable[..., Any]:
    """Keystore entries of one alias, from (id, state, last day)."""
    from crypto.key_entry import KeyEntry, KeyState, Owner, Purpose, StateChange
    from crypto.key_material import Algorithm

    def make(*rows: tuple[str, str, date | None], alias: str = "a-key", **more: Any) -> list[KeyEntry]:
        facts = {"purpose": Purpose.SIGN, "algorithm": Algorithm.SM2, "owner": Owner.GATEWAY, "public": "P"} | more
        since = facts.pop("since", TODAY)
        return [
            KeyEntry(
                alias=alias,
                key_id=key_id,
                state=KeyState(state),
                not_before=None,
                not_after=last,
                sealed_secret="x",
                history=(StateChange(KeyState(state), since),),
                **facts,
            )
            for key_id, state, last in rows
        ]

    return make
