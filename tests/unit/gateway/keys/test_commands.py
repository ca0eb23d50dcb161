"""The commands themselves: four eyes, identity, exit codes, and refusals that say what to do."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from crypto.demo_pki import issue_ca
from gateway.store import alerts, audit
from gateway.store.database import Store


def acts(desk: Any) -> list[tuple[str, str]]:
    store = Store(f"sqlite:///{desk.directory / 'var/data/gateway.sqlite'}")
    with store.read() as tx:
        found = [(entry.actor, entry.action) for entry in audit.entries(tx)]
    store.dispose()
    return found


def generate(desk: Any, alias: str = "gateway-sm2-sign", kind: str = "sm2", purpose: str = "sign") -> Any:
    return desk.run("keys", "generate", alias, "--kind", kind, "--purpose", purpose, operator="lin")["key"]


def test_a_rotation_from_end_to_end(desk: Any) -> None:
    new = generate(desk)
    assert desk.rotate("gateway-sm2-sign", "activate", "pending")["state"] == "APPLIED"
    old, now = desk.run("keys", "show", "gateway-sm2-sign")["keys"]
    assert (old["state"], now["state"], now["key_id"]) == ("RETIRING", "ACTIVE", new["key_id"])
    assert desk.rotate("gateway-sm2-sign", "resume", "retiring")["state"] == "APPLIED"
    assert desk.rotate("gateway-sm2-sign", "resume", new["key_id"][:6])["state"] == "APPLIED"
    assert desk.rotate("gateway-sm2-sign", "end", "retiring")["state"] == "APPLIED"
    assert desk.rotate("gateway-sm2-sign", "revoke", "retired")["state"] == "APPLIED"
    assert [one["state"] for one in desk.run("keys", "changes")["changes"]] == ["APPLIED"] * 5
    assert desk.run("keys", "list", "*sm2*", "--state", "active")["keys"][0]["key_id"] == new["key_id"]


def test_retiring_leaves_a_key_that_only_checks(desk: Any) -> None:
    change = desk.run("keys", "retire", "webhook-sign", "active", "--reason", "x", operator="lin")["change"]
    assert any("comes to a stop" in one["en"] for one in change["effects"]["remarks"])
    assert desk.run("keys", "approve", "1", operator="wang")["change"]["state"] == "APPLIED"
    assert desk.run("keys", "status", code=1)["without_active"] == ["webhook-sign"]


def test_nobody_approves_their_own_proposal(desk: Any) -> None:
    generate(desk)
    desk.run("keys", "activate", "gateway-sm2-sign", "pending", "--reason", "x", operator="lin")
    refused = desk.run("keys", "approve", "1", operator="lin", code=1)
    assert refused["error"]["code"] == "own-proposal" and "另一名" in refused["error"]["zh"]
    assert ("lin", "key.refused") in acts(desk)
    assert desk.run("keys", "reject", "1", "--reason", "not now", operator="wang")["change"]["state"] == "REJECTED"
    again = desk.run("keys", "approve", "1", operator="wang", code=1)
    assert again["error"]["code"] == "decided-already"


def test_an_approval_is_asked_for(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    generate(desk)
    desk.run("keys", "activate", "gateway-sm2-sign", "pending", "--reason", "x", operator="lin")
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    shown = desk.text("keys", "approve", "1", operator="wang", code=2)
    assert "PENDING 待启用 → ACTIVE 启用" in shown and "nothing was changed" in shown
    assert desk.run("keys", "changes")["changes"][0]["state"] == "PROPOSED"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda d: d.joinpath("lin.key").chmod(0o644), "chmod 600"),
        (lambda d: d.joinpath("lin.key").unlink(), "No such file"),
        (lambda d: d.joinpath("lin.key").write_text("nonsense"), "wrong passphrase, or not an operator's key"),
        (lambda d: d.joinpath("pass").write_text("another passphrase\n"), "wrong passphrase"),
        (lambda d: d.joinpath("pass").unlink(), "passphrase file"),
        (lambda d: shutil.copy(d / "nobody.key", d / "lin.key"), "not a usable key of any operator"),
        (lambda d: shutil.copy(d / "sun.key", d / "lin.key"), "not a usable key of any operator"),
    ],
)
def test_whoever_cannot_prove_who_they_are_changes_nothing(desk: Any, spoil: Any, told: str) -> None:
    spoil(desk.directory)
    words = ("keys", "generate", "x", "--kind", "sm4", "--purpose", "encrypt")
    assert told in desk.text(*words, operator="lin", code=2)
    assert "x" not in [one["alias"] for one in desk.run("keys", "list")["keys"]]


def test_without_an_operator_it_says_how_to_become_one(desk: Any) -> None:
    told = desk.text("keys", "generate", "x", "--kind", "sm4", "--purpose", "encrypt", code=2)
    assert "--as-operator" in told and "gateway operators new-key" in told


def test_a_former_operator_is_nobody(desk: Any) -> None:
    wang = desk.run("keys", "show", "operator-wang-verify")["keys"][0]["key_id"]
    words = ("keys", "revoke", "operator-wang-verify", "active", "--now", "--reason", "left", "--confirm")
    assert desk.run(*words, "wrong", operator="lin", code=2)["error"]["code"] == "unfit"
    assert desk.run(*words, wang, operator="lin")["key"]["state"] == "REVOKED"
    told = desk.text("keys", "generate", "x", "--kind", "sm4", "--purpose", "encrypt", operator="wang", code=2)
    assert "not a usable key of any operator" in told


def test_being_alone_on_purpose_is_told(desk: Any) -> None:
    wang = desk.run("keys", "show", "operator-wang-verify")["keys"][0]["key_id"]
    words = ("--now", "--reason", "x", "--confirm", wang)
    desk.run("keys", "revoke", "operator-wang-verify", "active", *words, operator="lin")
    desk.run("operators", "enroll", "zhao", "--public", "zhao.key.pub")
    store = Store(f"sqlite:///{desk.directory / 'var/data/gateway.sqlite'}")
    with store.read() as tx:
        kinds = {one.kind for one in alerts.recent(tx, 10)}
    store.dispose()
    assert kinds == {"key-revoked-now", "operator-enrolled-alone"}


def test_the_third_operator_needs_four_eyes_and_keeps_to_their_scopes(desk: Any) -> None:
    alone = desk.run("operators", "enroll", "zhao", "--public", "zhao.key.pub", code=2)
    assert "--as-operator" in alone["error"]["en"]
    waits = desk.run("operators", "enroll", "zhao", "--public", "zhao.key.pub", operator="lin")["change"]
    assert waits["state"] == "PROPOSED"
    desk.run("keys", "approve", str(waits["change_id"]), operator="wang")
    desk.run("keys", "generate", "rural-sm4", "--kind", "sm4", "--purpose", "encrypt", operator="zhao")
    refused = desk.run("keys", "generate", "city-sm4", "--kind", "sm4", "--purpose", "encrypt", operator="zhao", code=1)
    assert refused["error"]["code"] == "not-allowed"
    listed = {one["name"]: one for one in desk.run("operators", "list")["operators"]}
    assert listed["zhao"]["scopes"] == ["rural-*"] and listed["sun"]["keys"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("enroll", "stranger", "--public", "nobody.key.pub"), "[operators.stranger]"),
        (("enroll", "Lin!", "--public", "lin.key.pub"), "small letters"),
        (("enroll", "zhao", "--public", "zhao.key"), ".pub"),
        (("enroll", "zhao", "--public", "missing.pub"), "No such file"),
        (("new-key", "lin.key", "--passphrase-file", "pass"), "exists already"),
        (("new-key", "no/such/place.key", "--passphrase-file", "pass"), "No such file"),
    ],
)
def test_operators_are_refused_with_a_reason(desk: Any, words: tuple[str, ...], told: str) -> None:
    assert told in desk.text("operators", *words, code=2)


def test_a_short_passphrase_is_refused(desk: Any) -> None:
    (desk.directory / "short").write_text("secret\n")
    assert "12 characters" in desk.text("operators", "new-key", "x.key", "--passphrase-file", "short", code=2)
    assert not (desk.directory / "x.key").exists()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("show", "nothing"), 1, "gateway keys list"),
        (("show", "gateway-sm2-sign", "pending"), 1, "0 keys of 'gateway-sm2-sign' are meant"),
        (("show", "gateway-sm2-sign", "zz"), 1, "there are:"),
        (("export-public", "segment-data"), 1, "secrets never leave"),
        (("export-public", "gateway-sm2-sign", "--form", "jwk"), 1, "--form pem"),
        (("export-public", "gateway-sm2-sign", "--out", "pass"), 2, "nothing is overwritten"),
        (("changes", "--state", "lost"), 2, "PROPOSED"),
        (("list", "--settings", "nowhere.toml"), 2, "gateway init"),
    ],
)
def test_looking_is_refused_with_a_reason(desk: Any, words: tuple[str, ...], code: int, told: str) -> None:
    assert told in desk.text("keys", *words, code=code)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("propose", "explode", "gateway-sm2-sign", "active", "--reason", "x"), 2, "activate, retire, resume"),
        (("activate", "gateway-sm2-sign", "active", "--reason", "x"), 1, "is ACTIVE"),
        (("retire", "gateway-sm2-sign", "active", "--reason", " "), 1, "say why"),
        (("retire", "gateway-sm2-sign", "active", "--reason", "for 110101199003070134"), 1, "ID number"),
        (("approve", "77"), 2, "gateway keys changes"),
        (("generate", "x", "--kind", "sm4", "--purpose", "encrypt", "--not-after", "tomorrow"), 2, "YYYY-MM-DD"),
        (("generate", "x", "--kind", "sm2", "--purpose", "verify"), 1, "gateway keys import"),
        (("generate", "x y", "--kind", "sm4", "--purpose", "encrypt"), 1, "not a key alias"),
        (("import", "x", "nowhere.pem", "--purpose", "verify"), 1, "No such file"),
        (("certificate-request", "tls", "--subject", "gateway.example"), 1, "CN="),
        (("certificate-request", "webhook-sign", "--subject", "CN=x"), 1, "ed25519"),
        (("import-crl", "city-ca", "nowhere.crl"), 2, "keystore.crl_directory"),
        (("passphrase", "--new-passphrase-file", "short"), 1, "characters"),
    ],
)
def test_changing_is_refused_with_a_reason(desk: Any, words: tuple[str, ...], code: int, told: str) -> None:
    (desk.directory / "short").write_text("secret\n")
    assert told in desk.text("keys", *words, operator="lin", code=code)


def test_an_operator_without_the_role_changes_nothing(desk: Any) -> None:
    waits = desk.run("operators", "enroll", "sun", "--public", "sun.key.pub", operator="lin")["change"]
    desk.run("keys", "approve", str(waits["change_id"]), operator="wang")
    words = ("keys", "generate", "x", "--kind", "sm4", "--purpose", "encrypt")
    assert desk.run(*words, operator="sun", code=1)["error"]["code"] == "not-allowed"
    assert desk.run("keys", "passphrase", "--generate", operator="sun", code=1)["error"]["code"] == "not-allowed"
    assert ("sun", "key.refused") in acts(desk)


def test_a_tampered_keystore_and_a_wrong_passphrase_are_told_apart(desk: Any) -> None:
    passphrase = desk.directory / "var/passphrase"
    right = passphrase.read_text()
    passphrase.write_text("not the passphrase\n")
    assert "wrong-passphrase" in desk.text("keys", "list", "--json", code=1)
    passphrase.write_text(right)
    file = desk.directory / "var/keystore.json"
    file.write_text(file.read_text().replace("ACTIVE", "PENDIN", 1))
    assert "tampered" in desk.text("keys", "list", "--json", code=1)


def test_the_passphrase_changes_under_running_keys(desk: Any) -> None:
    before = (desk.directory / "var/passphrase").read_text()
    desk.run("keys", "passphrase", "--generate", operator="lin")
    assert (desk.directory / "var/passphrase").read_text() != before
    assert len(desk.run("keys", "list")["keys"]) > 5
    assert ("lin", "keystore.passphrase-changed") in acts(desk)


def test_a_revocation_list_is_kept_if_its_authority_signed_it(desk: Any) -> None:
    settings = desk.directory / "var/gateway.toml"
    settings.write_text(settings.read_text().replace("[keystore]", '[keystore]\ncrl_directory = "var/crl"'))
    now = datetime(2026, 11, 1, tzinfo=UTC)
    authority, other = issue_ca("authority", now), issue_ca("authority", now)
    (desk.directory / "ca.pem").write_bytes(authority.certificate_pem)
    desk.run("keys", "import", "city-ca", "ca.pem", "--purpose", "transport", operator="lin")
    desk.rotate("city-ca", "activate", "pending")
    for name, issuer in (("right.crl", authority), ("wrong.crl", other)):
        subject = x509.load_pem_x509_certificate(issuer.certificate_pem).subject
        builder = x509.CertificateRevocationListBuilder(subject, now, now + timedelta(days=60))
        key = serialization.load_pem_private_key(issuer.key_pem, None)
        (desk.directory / name).write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    assert desk.run("keys", "import-crl", "city-ca", "wrong.crl", operator="lin", code=1)["ok"] is False
    (taken,) = desk.run("keys", "import-crl", "city-ca", "right.crl", operator="lin")["lists"]
    assert "authority" in taken["issuer"]
    due = {(one["what"], one["days_left"]) for one in desk.run("keys", "status")["expiries"]}
    assert ("revocation-list", 30) in due


def test_what_is_exported_is_written_down(desk: Any) -> None:
    desk.text("keys", "export-public", "gateway-rsa-sign", "--form", "ssh", "--out", "rsa.pub")
    assert (desk.directory / "rsa.pub").read_text().startswith("ssh-rsa AAAA")
    assert ("local", "key.exported-public") in acts(desk)


def test_status_says_what_is_due(desk: Any, tmp_path: Path) -> None:
    assert desk.run("keys", "status")["urgent"] is False
    key = ("keys", "generate", "rural-sm4", "--kind", "sm4", "--purpose", "encrypt")
    desk.run(*key, "--not-after", "2026-12-05", operator="lin")
    found = desk.run("keys", "status", code=1)
    assert [(one["alias"], one["days_left"]) for one in found["expiries"]] == [("rural-sm4", 4)]
    desk.run(*key, "--not-after", "2027-12-05", operator="lin")
    assert desk.run("keys", "status")["expiries"][0]["replaced"] is True
    desk.run("keys", "activate", "gateway-sm2-sign", "active", "--reason", "x", operator="lin", code=1)
    desk.run("keys", "retire", "gateway-sm2-sign", "active", "--reason", "x", operator="lin")
    shown = desk.text("keys", "status")
    assert "╳" in shown and "gateway keys approve 1" in shown
