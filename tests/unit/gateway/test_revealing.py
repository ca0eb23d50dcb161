"""``gateway reveal``: the operator's own key, a purpose and a paper; the audit has it before the terminal does."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto.key_entry import KeyState, Owner, Purpose
from crypto.keystore import Keystore
from gateway import revealing
from gateway.cli import app
from gateway.keys.operator_files import make_operator_key, read_public
from gateway.services.answer_shapes import ClearItem
from gateway.setup import set_up
from gateway.store import audit
from gateway.store.database import Store

PASSPHRASE = "a long enough passphrase"
ITEM = ClearItem(
    item_id="P0001",
    reference="ABCDEFGHJKMN00000001",
    bank="rural",
    payee_kind="PERSON",
    name="欧阳测试",
    id_type="RESIDENT_ID",
    id_number="53009919620314002X",
    account="6299990000000012345",
    mobile=None,
    address=None,
)
PAPER = ("--purpose", "returned-payment", "--reference", "楚信访〔2026〕12号")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gateway with one privacy officer and one operator, each with a key file of their own."""
    tmp_path = tmp_path_factory.mktemp("gateway")
    set_up(tmp_path)
    store = Keystore.open(tmp_path / "keystore.json", (tmp_path / "passphrase").read_text())
    settings = (tmp_path / "gateway.toml").read_text() + "\n[clients.platform]\n"
    for name, role in (("zhao-min", "privacy-officer"), ("sun-wei", "operator")):
        public, _ = make_operator_key(tmp_path / f"{name}.pem", PASSPHRASE)
        alias = f"operator-{name}-verify"
        store.add(alias, Purpose.VERIFY, read_public(public), owner=Owner.COUNTERPARTY, state=KeyState.ACTIVE)
        settings += f'\n[operators.{name}]\nroles = ["{role}"]\n'
    store.save()
    (tmp_path / "gateway.toml").write_text(settings)
    (tmp_path / "own").write_text(PASSPHRASE)
    return tmp_path


@pytest.fixture
def home(gateway: Path, monkeypatch: Any) -> Path:
    """The same, with batches that are simple to have."""
    monkeypatch.setenv("GATEWAY_OPERATOR_PASSPHRASE_FILE", str(gateway / "own"))
    stub = SimpleNamespace(
        find=lambda client, batch: batch if (client, batch) == ("platform", "B1") else None,
        in_clear=lambda _batch, item: ITEM if item == "P0001" else None,
    )
    monkeypatch.setattr(revealing, "Answers", lambda *_: stub)
    return gateway


def run(home: Path, *arguments: str, who: str | None = "zhao-min") -> Any:
    """The command."""
    proof = ["--as-operator", str(home / f"{who}.pem")] if who else []
    return CliRunner().invoke(app, ["reveal", *arguments, "--settings", str(home / "gateway.toml"), *proof])


def entries(home: Path) -> list[audit.AuditEntry]:
    """The audit."""
    store = Store(f"sqlite:///{home / 'data' / 'gateway.sqlite'}")
    with store.read() as tx:
        found = audit.entries(tx)
    store.dispose()
    return found


def test_an_officer_reads_one_item(home: Path) -> None:
    """As a table and as JSON; twice in the audit."""
    shown = run(home, "B1", "P0001", *PAPER)
    assert shown.exit_code == 0, shown.output
    assert "欧阳测试" in shown.output
    assert json.loads(run(home, "B1", "P0001", *PAPER, "--json").stdout)["id_number"] == ITEM.id_number
    read = [entry for entry in entries(home) if entry.action == "personal.read-clear"]
    assert [entry.actor for entry in read] == ["zhao-min"] * 2
    assert read[0].origin.startswith("local:")
    assert "欧阳测试" not in str(read)


@pytest.mark.parametrize(
    ("arguments", "who", "status"),
    [
        (("B1", "P0001", *PAPER), "sun-wei", 1),
        (("B1", "P0001", *PAPER), None, 2),
        (("B1", "P0001", "--purpose", "curiosity", "--reference", "1"), "zhao-min", 2),
        (("B1", "P0001", "--purpose", "complaint", "--reference", "53009919620314002X"), "zhao-min", 2),
        (("B2", "P0001", *PAPER), "zhao-min", 2),
        (("B1", "P0001"), "zhao-min", 2),
    ],
)
def test_nobody_else_and_not_without_a_reason(
    home: Path, arguments: tuple[str, ...], who: str | None, status: int, monkeypatch: Any
) -> None:
    """Another role, nobody, no purpose, somebody's number as the paper's, no such batch."""
    monkeypatch.delenv("GATEWAY_OPERATOR_KEY", raising=False)
    refused = run(home, *arguments, who=who)
    assert refused.exit_code == status, refused.output
    assert "欧阳" not in refused.output
