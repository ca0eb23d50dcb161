"""Who may do what is one table, and the documentation shows it as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.core.authority import PERMISSIONS, Actor, NotAllowed, Permission, Role, excluded, in_scope, may, require
from gateway.settings import ClientSettings, OperatorSettings, Settings

DOCS = Path(__file__).resolve().parents[4] / "docs" / "audit.md"


def actor(*roles: Role, scopes: tuple[str, ...] = ()) -> Actor:
    return Actor("li", frozenset(roles), scopes)


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_its_row_says_and_nothing_else(role: Role, permission: Permission) -> None:
    assert may(actor(role), permission) is (permission in PERMISSIONS[role])
    assert not may(actor(), permission)


def test_every_role_has_a_row_and_every_permission_a_holder() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert {held for row in PERMISSIONS.values() for held in row} == set(Permission)


def test_scopes_narrow_to_names() -> None:
    one = actor(Role.KEY_CUSTODIAN, scopes=("bank-a-*", "client-?-verify"))
    assert in_scope(one, "bank-a-verify") and in_scope(one, "client-x-verify") and in_scope(one, "")
    assert (
        not in_scope(one, "bank-b-verify") and not in_scope(one, "client-xy-verify") and not in_scope(one, "BANK-A-x")
    )
    assert in_scope(actor(), "anything")
    assert may(one, Permission.KEYS_CHANGE, "bank-a-sign") and not may(one, Permission.KEYS_CHANGE, "gateway-sign")


def test_a_refusal_says_what_is_missing_in_both_languages() -> None:
    with pytest.raises(NotAllowed) as refused:
        require(actor(Role.AUDITOR), Permission.KEYS_CHANGE, "bank-a-verify")
    for text in (refused.value.zh, refused.value.en):
        assert "key-custodian" in text and "bank-a-verify" in text and "keys-change" in text


def test_nobody_watches_themselves() -> None:
    """Separation of duties: no role that acts goes with the one that looks into the audit."""
    for acting in (Role.KEY_CUSTODIAN, Role.PRIVACY_OFFICER):
        assert excluded({Role.AUDITOR, acting, Role.OPERATOR})
        with pytest.raises(ValidationError, match="two people"):
            OperatorSettings(roles=(Role.AUDITOR, acting))
    assert excluded({Role.OPERATOR, Role.KEY_CUSTODIAN}) is None


@pytest.mark.parametrize("roles", [(), ("platform",), ("bank",), ("root",)])
def test_settings_refuse_roles_that_no_person_has(roles: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        OperatorSettings(roles=roles)


@pytest.mark.parametrize("role", ["key-custodian", "auditor", "privacy-officer", "bank"])
def test_settings_refuse_roles_of_people_to_client_systems(role: str) -> None:
    assert ClientSettings().roles == (Role.PLATFORM,)
    with pytest.raises(ValidationError):
        ClientSettings(roles=(role,))


@pytest.mark.parametrize("name", ["Li", "li_1", "1li", "li/../x", "", "x" * 41, "李"])
def test_settings_refuse_strange_names(name: str) -> None:
    with pytest.raises(ValidationError):
        Settings(keystore={"path": "k", "passphrase_file": "p"}, operators={name: {"roles": ["operator"]}})


def test_settings_refuse_one_name_for_a_client_and_an_operator() -> None:
    with pytest.raises(ValidationError, match="apart"):
        Settings(
            keystore={"path": "k", "passphrase_file": "p"},
            operators={"li": {"roles": ["operator"]}},
            clients={"li": {}},
        )


def test_the_documentation_shows_the_table() -> None:
    shown: dict[str, set[str]] = {role: set() for role in Role}
    header: list[str] = []
    for line in DOCS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].startswith("权限"):
            header = [re.sub(r"[^a-z-]", "", cell) for cell in cells[1:]]
        elif header and (name := re.match(r"`([a-z-]+)`", cells[0])) and len(cells) == len(header) + 1:
            for role, cell in zip(header, cells[1:], strict=True):
                if cell == "✓":
                    shown[role].add(name[1])
    assert shown == {role: {held.value for held in PERMISSIONS[role]} for role in Role}
