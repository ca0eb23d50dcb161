"""The data commands as a new user types them, on a gateway that was just set up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crypto import master_key
from crypto.generate import generate_key
from gateway import wiring
from gateway.cli import app
from gateway.settings import read_settings
from gateway.store import batches

OFFICER = '[operators.sun]\nroles = ["privacy-officer"]\n\n[operators.lin]\nroles = ["key-custodian"]\n'


def typed(*words: str, code: int = 0, given: str | None = None) -> str:
    result = CliRunner().invoke(app, list(words), input=given, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout if "--json" in words else result.output


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gateway, a privacy officer and a key custodian."""
    place = tmp_path_factory.mktemp("gateway")
    with pytest.MonkeyPatch.context() as patch:
        for name, cost in (("memory_kib", 19 * 1024), ("iterations", 2), ("lanes", 1)):
            patch.setitem(master_key.NEW_COST, name, cost)
        patch.chdir(place)
        (place / "pass").write_text("correct horse battery staple\n")
        (place / "pass").chmod(0o600)
        patch.setenv("GATEWAY_OPERATOR_PASSPHRASE_FILE", "pass")
        typed("init", "var")
        with (place / "var/gateway.toml").open("a") as file:
            file.write(OFFICER)
        for name in ("sun", "lin"):
            typed("operators", "new-key", f"{name}.key", "--passphrase-file", "pass")
            typed("operators", "enroll", name, "--public", f"{name}.key.pub")
    return place


@pytest.fixture
def gateway(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to be spoilt; commands run there."""
    place = tmp_path / "gateway"
    shutil.copytree(made, place)
    monkeypatch.chdir(place)
    monkeypatch.setenv("GATEWAY_OPERATOR_PASSPHRASE_FILE", "pass")
    monkeypatch.delenv("GATEWAY_OPERATOR_KEY", raising=False)
    return place


def opened() -> Any:
    return wiring.build_context(read_settings(Path("var/gateway.toml")))


def submitted() -> int:
    """A batch of nobody, open."""
    context = opened()
    wiring.open_store(read_settings(Path("var/gateway.toml"))).dispose()
    new = batches.NewBatch("platform", "B-1", "REF", {"policy_name": "p"}, "0" * 64, False)
    with context.store.begin() as tx:
        batch, _ = batches.open_batch(tx, new, 1)
    context.store.dispose()
    return batch.batch_id


def test_the_status_of_a_new_gateway(gateway: Path) -> None:
    shown = typed("data", "status")
    assert "10 years" in shown and "personal-columns" in shown
    found = json.loads(typed("data", "status", "--json"))
    assert (found["under"], found["holds"], found["files_to_remove"]) == ([], [], 0)
    assert {one["what"]: one["due"] for one in found["retained"]} == dict.fromkeys(
        ["result-texts", "raw-files", "notices", "personal-columns", "person"], 0
    )


def test_files_are_sealed_anew_after_a_rotation(gateway: Path) -> None:
    context = opened()
    with context.vault.create("text/plain") as writer:
        writer.write(b"kept")
        content = writer.commit()
    keys = wiring.open_keystore(read_settings(Path("var/gateway.toml")))
    old = keys.active_key_id("vault-data")
    keys.add("vault-data", "encrypt", generate_key("aes-256"), state="ACTIVE")
    keys.move("vault-data", old, "RETIRING")
    keys.save()
    assert [one["active"] for one in json.loads(typed("data", "status", "--json"))["under"]] == [False]
    assert json.loads(typed("data", "reseal", "--now", "--json"))["done"]
    assert json.loads(typed("data", "reindex", "--now", "--json"))["done"]
    found = json.loads(typed("data", "status", "--json"))
    assert [(one["active"], one["pieces"]) for one in found["under"]] == [(True, 1)]
    done = {run["alias"]: run["items"] for run in found["runs"] if run["done_at_ms"]}
    assert done["vault-data"] == 1
    assert b"".join(context.vault.open(content)) == b"kept"
    assert "vault-data" in typed("data", "status")


def test_without_now_it_is_left_to_a_node(gateway: Path) -> None:
    assert "后台" in typed("data", "reseal")
    assert not json.loads(typed("data", "reindex", "--json"))["done"]


def test_a_hold_is_placed_and_lifted_by_a_privacy_officer(gateway: Path) -> None:
    submitted()
    done = json.loads(typed("data", "hold", "B-1", "--reason", "court order 12", "--as-operator", "sun.key", "--json"))
    assert "court order 12" in typed("data", "status")
    typed("data", "release", str(done["hold"]), "--reason", "order withdrawn", "--as-operator", "sun.key")
    again = typed("data", "release", str(done["hold"]), "--reason", "twice", "--as-operator", "sun.key", code=2)
    assert "gateway data status" in again
    assert json.loads(typed("data", "status", "--json"))["holds"] == []


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("hold", "B-1", "--reason", "r"), 2, "--as-operator"),
        (("hold", "B-1", "--reason", "r", "--as-operator", "lin.key"), 1, "personal-erase"),
        (("hold", "NONE", "--reason", "r", "--as-operator", "sun.key"), 2, "no batch"),
        (("hold", "B-1", "--reason", "为 110101199003070031 保全", "--as-operator", "sun.key"), 2, "ID number"),
        (("erase", "--person", "--why", "r"), 2, "--as-operator"),
        (("erase", "--person", "--why", "r", "--as-operator", "lin.key"), 1, "personal-erase"),
    ],
)
def test_what_is_refused_says_why(gateway: Path, words: tuple[str, ...], code: int, told: str) -> None:
    submitted()
    refused = typed("data", *words, code=code, given="110101199003070031\n")
    assert told in refused
    assert json.loads(typed("data", "status", "--json"))["holds"] == []


def test_erasing_asks_for_the_number_unseen(gateway: Path) -> None:
    typed("data", "status")
    words = ("data", "erase", "--person", "--why", "request 7", "--as-operator", "sun.key")
    shown = typed(*words, given="110101199003070031\n")
    assert "110101199003070031" not in shown and "0 item(s)" in shown
    typed(*words, given=" \n", code=2)


def test_two_clients_with_one_number_must_be_told_apart(gateway: Path) -> None:
    submitted()
    context = opened()
    new = batches.NewBatch("county", "B-1", "REF2", {"policy_name": "p"}, "0" * 64, False)
    with context.store.begin() as tx:
        batches.open_batch(tx, new, 1)
    words = ("data", "hold", "B-1", "--reason", "r", "--as-operator", "sun.key")
    assert "--client" in typed(*words, code=2)
    assert json.loads(typed(*words, "--client", "county", "--json"))["hold"] == 1
    context.store.dispose()


def test_a_wrong_retention_file_names_its_line(gateway: Path) -> None:
    config = Path("config")
    shutil.copytree(Path(__file__).resolve().parents[4] / "config", config)
    text = (config / "retention.yaml").read_text()
    (config / "retention.yaml").write_text(text.replace("raw_files: 10 years", "raw_files: 10 jahre"))
    settings = Path("var/gateway.toml")
    lines = [
        f'config = "{config.resolve()}"' if line.startswith("config") else line
        for line in settings.read_text().splitlines()
    ]
    settings.write_text("\n".join(lines))
    assert "retention.yaml:7:1: raw_files: is no period" in typed("data", "status", code=2)
