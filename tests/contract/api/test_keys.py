"""Keys over real HTTP: who may see and change what, four eyes, and never a secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_twisted

from crypto import master_key
from crypto.generate import generate_key
from crypto.key_entry import KeyState, Purpose
from crypto.keystore import Keystore
from gateway.services.key_admin import KeyAdmin
from gateway.services.key_desk import KeyDesk
from gateway.store import alerts, audit
from gateway.store.database import Store

ensure = pytest_twisted.ensureDeferred
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def keystore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keystore:
    """A keystore that opens quickly, with one key for signing and one at rest."""
    for name, cost in (("memory_kib", 19 * 1024), ("iterations", 2), ("lanes", 1)):
        monkeypatch.setitem(master_key.NEW_COST, name, cost)
    keys = Keystore.create(tmp_path / "keystore.json", "correct horse battery", lambda: date(2026, 12, 1))
    keys.add("gateway-sm2-sign", Purpose.SIGN, generate_key("sm2"), state=KeyState.ACTIVE)
    keys.add("segment-data", Purpose.ENCRYPT, generate_key("aes-256"), state=KeyState.ACTIVE)
    keys.save()
    return keys


@pytest.fixture
def key_desk(keystore: Keystore) -> Callable[[Store, Any], KeyDesk]:
    def make(store: Store, clock: Any) -> KeyDesk:
        def users(alias: str) -> list[str]:
            return [f"rural-fixed: security.{alias}"]

        return KeyDesk(KeyAdmin(store, keystore, clock), lambda: keystore, users, clock, lambda _: 7)

    return make


async def post(served: Any, path: str, body: Any, key: str = "lin-key") -> Any:
    content = b"" if body is None else orjson.dumps(body)
    return await served.call("POST", path, content, key=key, headers=JSON if content else {})


def proposal(entry: Any, action: str, **more: Any) -> dict[str, Any]:
    return {"action": action, "alias": entry["alias"], "key_id": entry["key_id"], "reason": "rotation", **more}


@ensure
async def test_a_rotation_takes_two(served: Any, keystore: Keystore) -> None:
    made = await post(served, "/v1/keys/gateway-sm2-sign", {"purpose": "sign", "kind": "sm2"})
    assert (made.status, made.json["state"]) == (201, "PENDING")
    waits = await post(served, "/v1/key-changes", proposal(made.json, "activate"))
    assert (waits.status, waits.json["state"]) == (201, "PROPOSED")
    steps = [(one["before"], one["after"]) for one in waits.json["effects"]["steps"]]
    assert steps == [("PENDING", "ACTIVE"), ("ACTIVE", "RETIRING")]
    assert waits.json["effects"]["used_by"] == ["rural-fixed: security.gateway-sm2-sign"]

    path = f"/v1/key-changes/{waits.json['change_id']}/approval"
    own = await post(served, path, None)
    assert (own.status, own.json["code"]) == (409, "CHANGE_REFUSED")
    assert "提出人" in own.json["zh"] and "another key custodian" in own.json["en"]
    done = await post(served, path, None, "wang-key")
    assert (done.status, done.json["state"], done.json["decided_by"]) == (200, "APPLIED", "wang")
    assert keystore.active_key_id("gateway-sm2-sign") == made.json["key_id"]
    with served.store.read() as tx:
        acts = [(one.actor, one.action) for one in audit.entries(tx)]
    assert ("lin", "key.proposed") in acts and ("wang", "key.approved") in acts and ("lin", "key.refused") in acts


@ensure
async def test_what_is_seen_is_never_a_secret(served: Any, keystore: Keystore) -> None:
    listed = await served.call("GET", "/v1/keys?state=ACTIVE", key="operator-key")
    assert [one["alias"] for one in listed.json["keys"]] == ["gateway-sm2-sign", "segment-data"]
    one = await served.call("GET", "/v1/keys/segment-data", key="operator-key")
    assert (one.json["keys"][0]["public"], one.json["keys"][0]["private"]) == ("", True)
    for answer in (listed, one):
        assert all(entry.sealed_secret.encode() not in answer.content for entry in keystore.entries())


@ensure
async def test_only_custodians_change_keys_and_only_within_their_scopes(served: Any) -> None:
    wanted = {"purpose": "encrypt", "kind": "sm4"}
    assert (await post(served, "/v1/keys/rural-sm4", wanted, "platform-key")).json["code"] == "NOT_ALLOWED"
    assert (await post(served, "/v1/keys/rural-sm4", wanted, "operator-key")).json["code"] == "NOT_ALLOWED"
    assert (await post(served, "/v1/keys/rural-sm4", wanted, "rural-key")).status == 201
    assert (await post(served, "/v1/keys/city-sm4", wanted, "rural-key")).json["code"] == "NOT_ALLOWED"
    seen = await served.call("GET", "/v1/keys", key="rural-key")
    assert [one["alias"] for one in seen.json["keys"]] == ["rural-sm4"]
    assert (await served.call("GET", "/v1/keys/segment-data", key="rural-key")).json["code"] == "NO_SUCH_KEY"
    assert (await served.call("GET", "/v1/keys", key="platform-key")).status == 403
    assert (await served.call("GET", "/v1/key-changes", key="stranger-key")).status == 401


@ensure
async def test_revoking_at_once_alerts(served: Any, keystore: Keystore) -> None:
    key_id = keystore.active_key_id("segment-data")
    path = f"/v1/keys/segment-data/{key_id}/revocation"
    gone = await post(served, path, {"reason": "seen on a stolen laptop"})
    assert (gone.status, gone.json["state"]) == (200, "REVOKED")
    with served.store.read() as tx:
        assert [one.kind for one in alerts.recent(tx, 5)] == ["key-revoked-now"]
    assert (await post(served, path.replace(key_id, "0" * 16), {"reason": "x"})).status == 409


@ensure
async def test_a_change_that_would_lose_data_says_so(served: Any, keystore: Keystore) -> None:
    (entry,) = keystore.entries("segment-data")
    waits = await post(served, "/v1/key-changes", proposal({"alias": entry.alias, "key_id": entry.key_id}, "revoke"))
    grave = [one["en"] for one in waits.json["effects"]["remarks"] if one["grave"]]
    assert any(told.startswith("7 rows, files or parts of the index still need this key") for told in grave)
    listed = await served.call("GET", "/v1/key-changes?state=PROPOSED", key="operator-key")
    assert listed.json["changes"][0]["effects"]["remarks"]
    number = listed.json["changes"][0]["change_id"]
    ended = await post(served, f"/v1/key-changes/{number}/rejection", {"reason": "not yet"}, "wang-key")
    assert (ended.json["state"], ended.json["decided_reason"]) == ("REJECTED", "not yet")


@ensure
async def test_the_other_sides_public_half_is_taken_in_and_a_private_one_is_not(served: Any) -> None:
    theirs = generate_key("ed25519")
    taken = await post(served, "/v1/keys/rural-verify", {"purpose": "verify", "public": theirs.public})
    assert (taken.status, taken.json["owner"], taken.json["key_id"]) == (201, "counterparty", theirs.fingerprint())
    again = await post(served, "/v1/keys/rural-verify", {"purpose": "verify", "public": theirs.public})
    assert (again.status, again.json["code"]) == (422, "KEY_REFUSED")
    private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    refused = await post(served, "/v1/keys/rural-verify", {"purpose": "verify", "public": private})
    assert (refused.status, "私钥" in refused.json["zh"]) == (422, True)


@ensure
async def test_nonsense_is_refused_with_a_reason(served: Any) -> None:
    cases = [
        ("/v1/keys/a", {"purpose": "sign"}, 422, "BAD_FIELD"),
        ("/v1/keys/a", {"purpose": "sign", "kind": "des"}, 422, "BAD_FIELD"),
        ("/v1/keys/a", {"purpose": "verify", "kind": "sm2"}, 422, "BAD_FIELD"),
        ("/v1/keys/a", {"purpose": "field", "kind": "sm2"}, 422, "KEY_REFUSED"),
        ("/v1/keys/a", {"purpose": "verify", "public": "hello"}, 422, "KEY_REFUSED"),
        ("/v1/keys/a%20b", {"purpose": "encrypt", "kind": "sm4"}, 422, "KEY_REFUSED"),
        ("/v1/key-changes", {"action": "explode", "alias": "a", "key_id": "b", "reason": "c"}, 422, "BAD_FIELD"),
        ("/v1/key-changes", {"action": "end", "alias": "a", "key_id": "b", "reason": "c"}, 409, "CHANGE_REFUSED"),
        ("/v1/key-changes/99/rejection", {"reason": "c"}, 404, "NO_SUCH_CHANGE"),
        ("/v1/key-changes/x/rejection", {"reason": "c"}, 404, "NO_SUCH_CHANGE"),
        (f"/v1/key-changes/{'9' * 40}/approval", None, 404, "NO_SUCH_CHANGE"),
        ("/v1/key-changes/1/rejection", {"reason": ""}, 422, "BAD_FIELD"),
    ]
    for path, body, status, code in cases:
        answer = await post(served, path, body)
        assert (answer.status, answer.json["code"]) == (status, code), (path, body, answer.json)
    assert (await served.call("POST", "/v1/key-changes", b"{", key="lin-key", headers=JSON)).json["code"] == "BAD_JSON"


@ensure
async def test_the_specification_has_them(served: Any) -> None:
    paths = served.api.specification["paths"]
    assert {"/v1/keys", "/v1/keys/{alias}", "/v1/key-changes"} <= paths.keys()
    assert "/v1/keys/{alias}/{key_id}/revocation" in paths
    assert paths["/v1/key-changes/{change_id}/approval"]["post"]["operationId"] == "approveKeyChange"
