"""Operators who come (操作员登记): free for the first two key custodians, under four eyes afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from crypto.key_entry import KeyEntry, Owner, Purpose
from crypto.key_material import KeyMaterial
from gateway.bank.shown import table
from gateway.core.authority import Role
from gateway.core.key_changes import KeyAction
from gateway.keys import deeds, identity
from gateway.keys.office import Office
from gateway.keys.operator_files import read_public
from gateway.keys.refusals import Unfit
from gateway.keys.tables import state_text
from gateway.services.operator_enrolment import ENOUGH, able
from gateway.store import alerts


@dataclass(frozen=True, slots=True)
class Listed:
    """One operator: what the settings let them do, and the keys by which they prove who they are."""

    name: str
    roles: tuple[str, ...]
    scopes: tuple[str, ...]
    keys: tuple[KeyEntry, ...]

    def as_json(self) -> dict[str, Any]:
        """As plain values, without public halves."""
        keys = [{"key_id": one.key_id, "state": one.state.value, "not_after": one.not_after} for one in self.keys]
        return asdict(self) | {"keys": keys}


def enrolled(office: Office, name: str, public: Path, operator: Path | None, *, as_json: bool) -> None:
    """Register the key; raises Unfit, NotAllowed, ChangeRefused, KeyUnusable."""
    alias = identity.operator_alias(name)
    if name not in office.settings.operators:
        raise Unfit(
            f'先在设置文件中写明其角色：[operators.{name}] roles = ["key-custodian"]。',
            f'say first in the settings what they may do: [operators.{name}] and roles = ["key-custodian"]',
        )
    material = read_public(public)
    if len(able(office.keys, _custodians(office))) < ENOUGH:
        entry = _begin(office, name, material)
        deeds.show_enrolled(office, entry, as_json=as_json)
        return
    actor = deeds.prove(office, operator, "enroll", alias, material.fingerprint())
    entry = office.admin.take_in(actor, alias, Purpose.VERIFY, material, owner=Owner.COUNTERPARTY)
    change = office.admin.propose(
        actor, KeyAction.ACTIVATE, alias, entry.key_id, f"operator {name} joins or renews", retire_others=True
    )
    deeds.show_change(office, change, as_json=as_json)


def roster(office: Office) -> list[Listed]:
    """Everybody who is named in the settings or has a key, by name."""
    keys: dict[str, list[KeyEntry]] = {}
    for name, entry in identity.operators(office.keys):
        keys.setdefault(name, []).append(entry)
    found = []
    for name in sorted({*keys, *office.settings.operators}):
        configured = office.settings.operators.get(name)
        roles = () if configured is None else tuple(sorted(role.value for role in configured.roles))
        scopes = () if configured is None else tuple(configured.scopes)
        found.append(Listed(name, roles, scopes, tuple(keys.get(name, ()))))
    return found


def show_roster(console: Console, found: Sequence[Listed]) -> None:
    """A line an operator; what is missing is said."""
    made = table(f"操作员 · operators ({len(found)})", "姓名\nname", "角色\nroles", "范围\nscopes", "密钥\nkeys")
    for one in found:
        roles = "\n".join(one.roles) or Text("设置中没有 not in the settings", style="yellow")
        keys = Text("\n").join(Text.assemble(key.key_id, " ", state_text(key.state)) for key in one.keys)
        missing = Text("未登记 none: gateway operators enroll", style="yellow")
        made.add_row(
            Text(one.name, style="bold"), roles, "\n".join(one.scopes) or "全部 all", keys if one.keys else missing
        )
    console.print(made)


def _custodians(office: Office) -> list[str]:
    operators = office.settings.operators.items()
    return [name for name, one in operators if Role.KEY_CUSTODIAN in one.roles]


def _begin(office: Office, name: str, material: KeyMaterial) -> KeyEntry:
    """While there are not two people there is nobody to ask; the audit says from which account it was done."""
    before = {known for known, _ in identity.operators(office.keys)} & set(_custodians(office))
    roles = sorted(role.value for role in office.settings.operators[name].roles)
    actor = identity.newcomer(f"first-{name}")
    entry = office.admin.enroll_first(actor, name, material, _custodians(office), roles)
    if len(before) >= ENOUGH:
        _tell(office, name, entry)
    return entry


def _tell(office: Office, name: str, entry: KeyEntry) -> None:
    """There were two once: somebody may have revoked the other's key in order to be alone."""
    zh = f"密钥管理员曾有两名以上，现不足两名；{name}（密钥 {entry.key_id}）未经复核即登记为操作员：请立即核实。"
    en = (
        f"there were two key custodians once; {name} (key {entry.key_id}) has been enrolled without anybody's approval, as "
        "fewer than two can act now: find out why, and whether this is right"
    )
    now = office.clock.now_ms()
    with office.store.begin() as tx:
        alerts.raise_alert(tx, "operator-enrolled-alone", f"{name}/{entry.key_id}", zh, en, now)
