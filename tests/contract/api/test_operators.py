"""Operators come in with a key of their own, and every operation asks for its permission."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crypto.http_signatures import sign_request
from gateway.api.authentication import ClientRegister, SignatureCheck
from gateway.api.bounds import Bounds
from gateway.api.clients import RegisteredClient
from gateway.api.envelope import Envelope
from gateway.api.operation import Access, Operation
from gateway.api.problems import Problem
from gateway.api.reception import Receptionist
from gateway.api.refused import Refused
from gateway.core.authority import PERMISSIONS, Permission, Role

NOW = 1_800_000_000
KEYS = {
    name: Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number, name in enumerate(("k1", "k2", "k3"))
}
ALIASES = {"k1": "operator-li-verify", "k2": "client-platform-verify", "k3": "operator-gone-verify"}
PLAIN = Envelope("GET", "/v1/things", (), True, "gw.example:8443", "10.0.0.5", None, "", "10.7.7.7")
URL = "https://gw.example:8443/v1/things"
ANY: Any = None


class FixedClock:
    """Stands still."""

    def now_ms(self) -> int:
        return NOW * 1000


def signed(key: str, url: str = URL) -> Envelope:
    added = sign_request("GET", url, {}, None, key, KEYS[key], NOW)
    return replace(PLAIN, headers=tuple((name.lower(), value) for name, value in added.items()))


def gate(role: Role, noted: list[Refused], access: Access) -> tuple[Receptionist, Operation]:
    people = [
        RegisteredClient("platform"),
        RegisteredClient("li", ("li.example",), roles=frozenset({role}), scopes=("bank-*",), person=True),
    ]
    publics = {name: key.public_key() for name, key in KEYS.items()}
    check = SignatureCheck(publics.get, FixedClock())
    register = ClientRegister(people, check, ALIASES.get, noted.append)
    operation = Operation("things", "GET", "/v1/things", "事", "things", ANY, (), access=access)
    return Receptionist([operation], register, ANY, Bounds(), ANY, noted.append), operation


@pytest.mark.parametrize("access", [access for access in Access if access is not Access.PUBLIC])
@pytest.mark.parametrize("role", Role)
def test_an_operation_asks_for_its_permission(role: Role, access: Access) -> None:
    noted: list[Refused] = []
    receptionist, operation = gate(role, noted, access)
    permission = access.permission
    assert permission is not None
    if permission in PERMISSIONS[role]:
        met = receptionist.complete(operation, None, signed("k1")).client
        assert met is not None and (met.actor.name, met.actor.roles, met.actor.scopes) == ("li", {role}, ("bank-*",))
        assert (met.actor.origin, len(met.actor.key)) == ("10.7.7.7", 16)
        assert not noted
        return
    with pytest.raises(Problem) as refused:
        receptionist.complete(operation, None, signed("k1"))
    assert refused.value.code == "NOT_ALLOWED"
    assert [(one.actor.name, one.code, one.permission) for one in noted] == [("li", "not-allowed", permission)]


def test_everybody_is_known_by_the_alias_of_their_key() -> None:
    """Keys rotate in the keystore: no settings name them."""
    receptionist, operation = gate(Role.OPERATOR, [], Access.CLIENT)
    met = receptionist.complete(operation, None, signed("k2")).client
    assert met is not None and (met.client_id, met.person) == ("platform", False)


def test_whoever_is_not_in_the_settings_is_nobody() -> None:
    noted: list[Refused] = []
    receptionist, operation = gate(Role.OPERATOR, noted, Access.OPERATOR)
    with pytest.raises(Problem, match="NOT_AUTHENTICATED"):
        receptionist.complete(operation, None, signed("k3"))
    assert not noted


@pytest.mark.parametrize("what", ["replayed", "forged"])
def test_a_misused_key_of_an_operator_is_noted_with_nothing_proven(what: str) -> None:
    noted: list[Refused] = []
    receptionist, operation = gate(Role.OPERATOR, noted, Access.OPERATOR)
    request = signed("k1") if what == "replayed" else signed("k1", "https://gw.example:8443/v1/others")
    if what == "replayed":
        receptionist.complete(operation, None, request)
    with pytest.raises(Problem) as refused:
        receptionist.complete(operation, None, request)
    assert refused.value.code in ("SIGNATURE_REPLAYED", "NOT_AUTHENTICATED")
    assert [(one.actor.name, one.actor.roles, one.actor.origin) for one in noted] == [("li", frozenset(), "10.7.7.7")]


def test_a_certificate_is_proof_too() -> None:
    receptionist, operation = gate(Role.AUDITOR, [], Access.AUDIT_READ)
    certified = replace(PLAIN, certificate_name="li.example", certificate_key="ab" * 8)
    met = receptionist.complete(operation, None, certified).client
    assert met is not None and (met.actor.name, met.actor.key) == ("li", "ab" * 8)
    other = replace(signed("k2"), certificate_name="li.example")
    with pytest.raises(Problem, match="NOT_AUTHENTICATED"):
        receptionist.complete(operation, None, other)


def test_every_permission_of_a_person_has_an_access() -> None:
    assert {access.permission for access in Access} == {None, *Permission}
