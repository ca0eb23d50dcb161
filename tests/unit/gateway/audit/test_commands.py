"""``gateway audit`` as an auditor uses it: verify, show, export, anchor; and what is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from crypto.generate import generate_key
from crypto.keystore import Keystore
from gateway.cli import app

Data = Callable[..., tuple[int, Any]]


@pytest.fixture
def public(settings: Path, tmp_path: Path) -> Path:
    """Our public key, as the auditors were given it."""
    keystore = settings.parent / "keystore.json"
    keys = Keystore.open(keystore, (settings.parent / "passphrase").read_text("ascii"))
    (tmp_path / "audit-anchor.pem").write_text(keys.entries("audit-anchor")[0].public, "ascii")
    return tmp_path / "audit-anchor.pem"


def tamper(settings: Path, *statements: str) -> None:
    database = sqlite3.connect(settings.parent / "data" / "gateway.sqlite")
    for name in ("update", "delete", "replace"):
        database.execute(f"DROP TRIGGER IF EXISTS audit_no_{name}")
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


def kinds(said: Any) -> list[str]:
    return [one["kind"] for one in said["findings"]]


def test_a_new_gateway_has_a_chain_that_is_anchored_and_intact(data: Data, run: Any, settings: Path) -> None:
    code, said = data("verify")
    assert (code, said["intact"], said["entries"], said["anchors"]) == (0, True, 1, 0)
    code, made = data("anchor")
    assert made["made"] and Path(made["path"]).stat().st_mode & 0o777 == 0o444
    assert data("anchor")[1] == {"made": False, "path": None}
    assert data("verify")[1]["anchors"] == 1
    shown = data("show")[1]["entries"]
    assert [one["action"] for one in shown] == ["audit.opened", "audit.anchored"]
    text = run("show", "--action", "audit.anch*").stdout
    assert "审计" in text and "opened" not in text
    assert "完整" in run("verify").stdout and "intact" in run("verify").stdout


def test_tampering_ends_with_one_and_says_where(data: Data, run: Any, settings: Path) -> None:
    data("anchor")
    tamper(settings, "UPDATE audit SET actor = 'nobody' WHERE seq = 2")
    code, said = data("verify")
    assert code == 1 and [(one["seq"], one["kind"]) for one in said["findings"]] == [(2, "changed")]
    result = run("verify")
    assert result.exit_code == 1 and "第 2 条" in result.stdout and "entry 2 was changed" in result.stdout


def test_an_end_cut_off_is_found_by_the_anchor(data: Data, settings: Path) -> None:
    data("anchor")
    cut = "UPDATE audit_head SET seq = 0, hash = (SELECT previous_hash FROM audit WHERE seq = 1)"
    tamper(settings, cut, "DELETE FROM audit")
    code, said = data("verify")
    assert code == 1 and kinds(said) == ["cut-off"]


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda said: said | {"seq": 7}, "bad-anchor"),
        (lambda said: said | {"hash": "0" * 64}, "bad-anchor"),
        (lambda said: said | {"day": "2020-01-01"}, "bad-anchor"),
        (lambda said: said | {"signature": "AAAA"}, "bad-anchor"),
        (lambda said: said | {"more": 1}, "bad-anchor"),
        (lambda _: [], "bad-anchor"),
        (lambda _: "x" * 20_000, "bad-anchor"),
    ],
)
def test_an_anchor_that_was_touched_is_told(data: Data, spoil: Any, kind: str) -> None:
    path = Path(data("anchor")[1]["path"])
    path.chmod(0o600)
    path.write_bytes(orjson.dumps(spoil(orjson.loads(path.read_bytes()))))
    code, said = data("verify")
    assert code == 1 and kinds(said) == [kind]


def test_an_anchor_by_a_strangers_key_is_none(data: Data, tmp_path: Path) -> None:
    data("anchor")
    (tmp_path / "other.pem").write_text(generate_key("sm2").public, "ascii")
    assert kinds(data("verify", "--public", tmp_path / "other.pem")[1]) == ["bad-anchor"]


def verified(directory: Path, public: Path) -> tuple[int, Any]:
    """Without the gateway: no settings, no database."""
    words = ["audit", "verify", "--export", str(directory), "--public", str(public), "--json"]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    return result.exit_code, orjson.loads(result.stdout)


@pytest.fixture
def exported(data: Data, tmp_path: Path) -> Path:
    data("anchor")
    code, said = data("export", "--out", tmp_path / "export")
    assert (code, said["count"], said["first_seq"], said["last_seq"]) == (0, 2, 1, 2)
    return tmp_path / "export"


def test_an_export_is_verified_by_itself(exported: Path, public: Path, data: Data) -> None:
    code, said = verified(exported, public)
    assert (code, said["entries"], said["anchors"], said["findings"]) == (0, 2, 1, [])
    assert data("show")[1]["entries"][-1]["action"] == "audit.exported"


def test_a_part_is_exported_and_verified_too(data: Data, public: Path, tmp_path: Path, settings: Path) -> None:
    """Where it begins is vouched for by the signature over the manifest."""
    data("anchor")
    tamper(settings, "UPDATE audit SET at_ms = at_ms WHERE seq = 1")
    from gateway import wiring
    from gateway.services import audit_export
    from gateway.settings import read_settings
    from gateway.store.audit_reading import Wanted, found

    read = read_settings(settings)
    store, keys = wiring.open_store(read), wiring.open_keystore(read)
    with store.read() as tx:
        second = found(tx, Wanted(), 1)[0]
    wanted = Wanted(from_ms=second.at_ms)
    audit_export.export(store, keys, tmp_path / "part", wanted, 5, read.anchor_directory)
    store.dispose()
    code, said = verified(tmp_path / "part", public)
    assert (code, said["first_seq"] in (1, 2), said["last_seq"], said["findings"]) == (0, True, 2, [])


def edit_line(directory: Path, old: str, new: str) -> None:
    path = directory / "audit-000001.jsonl"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")


def edit_manifest(directory: Path, **more: Any) -> None:
    path = directory / "manifest.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | more))


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda d: edit_line(d, '"gateway"', '"nobody"'), ["changed", "file-changed"]),
        (lambda d: (d / "audit-000001.jsonl").unlink(), ["file-missing", "end-differs"]),
        (
            lambda d: (d / "audit-000001.jsonl").write_bytes(b"\xff\n[]\n{}"),
            ["unreadable"] * 3 + ["file-changed", "end-differs"],
        ),
        (lambda d: edit_manifest(d, last_seq=1), ["bad-signature", "end-differs"]),
        (lambda d: edit_manifest(d, made_at_ms=1), ["bad-signature"]),
        (lambda d: next(d.glob("anchor-*.json")).unlink(), ["file-missing"]),
    ],
)
def test_an_export_that_was_touched_is_found(exported: Path, public: Path, spoil: Any, expected: list[str]) -> None:
    spoil(exported)
    code, said = verified(exported, public)
    assert code == 1 and kinds(said) == expected


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: (d / "manifest.json").unlink(),
        lambda d: (d / "manifest.json").write_bytes(b"{"),
        lambda d: (d / "manifest.json").write_bytes(b"[]"),
        lambda d: edit_manifest(d, count="two"),
        lambda d: edit_manifest(d, files=[{"name": "../../etc/passwd", "entries": 1, "bytes": 1, "sm3": ""}]),
        lambda d: edit_manifest(d, files=["x"]),
    ],
)
def test_what_is_no_export_is_refused(exported: Path, public: Path, spoil: Any) -> None:
    spoil(exported)
    code, said = verified(exported, public)
    assert code == 2 and said["error"]["zh"]


def test_questions_that_cannot_be_answered_are_refused(data: Data, exported: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing", "ascii")
    (tmp_path / "bad.pem").write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "ascii")
    for arguments in (
        ("verify", "--export", exported),
        ("verify", "--export", exported, "--public", tmp_path / "none.pem"),
        ("verify", "--export", exported, "--public", tmp_path / "empty.pem"),
        ("verify", "--export", exported, "--public", tmp_path / "bad.pem"),
        ("verify", "--anchors", tmp_path / "nowhere"),
        ("export", "--out", exported),
        ("export", "--out", tmp_path / "x", "--from", "2020-01-01", "--to", "2020-01-02"),
        ("export", "--out", tmp_path / "x", "--from", "2020-01-02", "--to", "2020-01-01"),
        ("show", "--from", "yesterday"),
    ):
        code, said = data(*arguments)
        assert code in (1, 2) and said["error"]["en"], arguments


def test_where_there_are_operators_only_an_auditor_reads(data: Data, settings: Path, tmp_path: Path) -> None:
    text = settings.read_text("utf-8") + '\n[operators.chen]\nroles = ["auditor"]\n'
    settings.write_text(text, "utf-8")
    code, said = data("show")
    assert code == 2 and "--as-operator" in said["error"]["en"]
    code, _ = data("export", "--out", tmp_path / "export")
    assert code == 2 and not (tmp_path / "export").exists()
    assert data("verify")[0] == 0


def test_a_database_of_another_gateway_is_refused(data: Data, settings: Path) -> None:
    data("verify")
    settings.write_text(settings.read_text("utf-8").replace('"GW01"', '"GW02"'), "utf-8")
    code, said = data("verify")
    assert code == 2 and "GW01" in said["error"]["en"]
