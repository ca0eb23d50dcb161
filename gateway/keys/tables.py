"""Keys, changes and operators on the screen (显示): the state by its colour, what cannot be undone in red."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from rich.console import Console
from rich.text import Text

from crypto.key_entry import KeyEntry, KeyState, Owner
from crypto.key_material import KeyMaterial
from gateway.bank.shown import table
from gateway.clock import instant
from gateway.core.key_changes import ChangeState, KeyAction, KeyChange
from gateway.services.key_effects import Effects

STATE_STYLES: Final = {
    KeyState.PENDING: "cyan",
    KeyState.ACTIVE: "bold green",
    KeyState.RETIRING: "yellow",
    KeyState.RETIRED: "dim",
    KeyState.REVOKED: "bold red",
}
STATE_NAMES: Final = {
    KeyState.PENDING: "待启用",
    KeyState.ACTIVE: "启用",
    KeyState.RETIRING: "退役中",
    KeyState.RETIRED: "已退役",
    KeyState.REVOKED: "已吊销",
}
ACTION_NAMES: Final = {
    KeyAction.ACTIVATE: "启用",
    KeyAction.RETIRE: "开始退役",
    KeyAction.RESUME: "恢复启用",
    KeyAction.END: "退役",
    KeyAction.REVOKE: "吊销",
}
_CHANGE_STYLES: Final = {
    ChangeState.PROPOSED: "cyan",
    ChangeState.APPLYING: "yellow",
    ChangeState.APPLIED: "green",
    ChangeState.REJECTED: "red",
    ChangeState.EXPIRED: "dim",
}
_SOON, _VERY_SOON = 90, 30
_ALIAS_WIDTH: Final = 25


def state_text(state: KeyState) -> Text:
    """A state in its colour, in both languages."""
    return Text(f"{state} {STATE_NAMES[state]}", style=STATE_STYLES[state])


def left_text(last_day: date | None, today: date) -> Text:
    """How many days are left, redder as it comes nearer."""
    if last_day is None:
        return Text("-", style="dim")
    left = (last_day - today).days
    return Text(str(left), style="bold red" if left <= _VERY_SOON else "yellow" if left <= _SOON else "")


def show_keys(console: Console, entries: Sequence[KeyEntry], today: date) -> None:
    """A line a key, each alias said once; whose it is is said where it is not ours."""
    columns = ("别名\nalias", "用途·算法\nserves", "编号\nkey id", "状态\nstate", "到期（剩余）\nuntil (days)")
    made = table(f"密钥 · keys ({len(entries)})", *columns)
    made.columns[0].min_width = min(_ALIAS_WIDTH, max((len(one.alias) for one in entries), default=0))
    made.columns[2].min_width = 16
    previous = ""
    for entry in entries:
        alias = Text("" if entry.alias == previous else entry.alias, style="bold")
        serves = Text(f"{entry.purpose} {entry.algorithm}")
        if entry.owner is Owner.COUNTERPARTY:
            serves.append(" 对方", style="magenta")
        if entry.provider != "file":
            serves.append(f"\n{entry.provider}", style="dim")
        made.add_row(alias, serves, entry.key_id, state_text(entry.state), _until(entry.not_after, today))
        previous = entry.alias
    console.print(made)


def _until(last_day: date | None, today: date) -> Text:
    if last_day is None:
        return Text("-", style="dim")
    return Text.assemble(f"{last_day} (", left_text(last_day, today), ")")


def show_alias(console: Console, entries: Sequence[KeyEntry], users: Sequence[str], today: date) -> None:
    """Everything about the keys of one alias that is not secret."""
    from gateway.keys.certificate_view import certificate_lines

    for entry in entries:
        console.print(Text.assemble((entry.alias, "bold"), "  ", entry.key_id, "  ", state_text(entry.state)))
        for name, value in (*_facts(entry, today), *certificate_lines(entry.public)):
            console.print(Text.assemble("  ", (name, "cyan"), "  ", value), soft_wrap=True)
    show_users(console, users)


def _facts(entry: KeyEntry, today: date) -> Iterable[tuple[str, str]]:
    yield "用途 serves", f"{entry.purpose}, {entry.algorithm}, {entry.owner}"
    held = "含私钥或共享密钥 secret half held here" if entry.sealed_secret else "仅公钥 public half only"
    yield "存放 kept", f"{entry.provider}, {held}"
    if entry.public:
        yield "指纹 fingerprint", KeyMaterial(entry.algorithm, entry.public).fingerprint()
    if entry.not_before or entry.not_after:
        left = f"（剩余 {(entry.not_after - today).days} 天 days left）" if entry.not_after else ""
        yield "有效期 valid", f"{entry.not_before or ''} … {entry.not_after or ''}{left}"
    if entry.history:
        yield "经历 life", " → ".join(f"{one.state} {one.on}" for one in entry.history)


def show_users(console: Console, users: Sequence[str]) -> None:
    """Who works with an alias: banks together where they name it in the same place."""
    places: dict[str, list[str]] = {}
    for user in users:
        who, colon, place = user.partition(": ")
        places.setdefault(place if colon else who, []).extend([who] if colon else [])
    shown = "; ".join(f"{place} ({', '.join(who)})" if who else place for place, who in places.items()) or "无 nobody"
    console.print(Text.assemble("  ", ("使用方 used by", "cyan"), "  ", shown), soft_wrap=True)


def show_effects(console: Console, change: KeyChange, found: Effects) -> None:
    """Exactly what an approval does, before it is given."""
    number = f"#{change.change_id} " if change.change_id else ""
    console.print(Text(f"{number}{ACTION_NAMES[change.action]} {change.action} {change.alias} {change.key_id}", "bold"))
    by = Text.assemble(
        "  ", ("提出 proposed", "cyan"), f"  {change.proposed_by} {_when(change.proposed_at_ms)}: {change.reason}"
    )
    console.print(by, soft_wrap=True)
    for step in found.steps:
        console.print(Text.assemble(f"  {step.key_id}  ", state_text(step.before), " → ", state_text(step.after)))
    show_users(console, found.users)
    for remark in found.remarks:
        style = "bold red" if remark.grave else "yellow"
        console.print(Text(f"  ! {remark.zh}\n    {remark.en}", style=style), soft_wrap=True)


def show_changes(console: Console, changes: Sequence[KeyChange], now_ms: int) -> None:
    """One change a row, newest first: who proposed it above, who decided below."""
    columns = ("号\nno", "变更与密钥\nchange, key", "状态\nstate", "提出·决定\nproposed, decided", "原因\nreason")
    made = table(f"密钥变更 · key changes ({len(changes)})", *columns, right=("号\nno",))
    for one in changes:
        what = Text(f"{ACTION_NAMES[one.action]} {one.action}")
        if one.emergency:
            what.append(" 紧急 emergency", style="bold red")
        what.append(f"\n{one.alias}", style="bold").append(f"\n{one.key_id}", style="not bold")
        state = Text(one.state, style=_CHANGE_STYLES[one.state])
        if one.state is ChangeState.PROPOSED:
            state.append(f"\n{age(now_ms - one.proposed_at_ms)}", style="dim")
        by = f"{one.proposed_by} {_when(one.proposed_at_ms)}"
        if one.decided_by and one.decided_at_ms:
            by += f"\n{one.decided_by} {_when(one.decided_at_ms)}"
        reason = one.reason if not one.decided_reason else f"{one.reason}\n→ {one.decided_reason}"
        made.add_row(str(one.change_id), what, state, by, reason)
    console.print(made)


def age(elapsed_ms: int) -> str:
    """How long ago, in days or hours."""
    hours = elapsed_ms // 3_600_000
    return f"{hours // 24} 天 d" if hours >= 24 else f"{hours} 小时 h"


def _when(at_ms: int) -> str:
    return instant(at_ms).strftime("%Y-%m-%d %H:%M")
