"""``gateway keys propose|approve|…``: changes of a key's life under four eyes (双人复核)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.keys.options import (
    DEFAULT_SETTINGS,
    Alias,
    AsJson,
    AsOperator,
    KeepOthers,
    KeyId,
    Reason,
    SettingsFile,
    Sure,
)

Number = Annotated[int, typer.Argument(min=1, help="The change's number. 变更号")]
SHORTHANDS: Final = {
    "activate": "Propose that a PENDING key comes into use; the present one starts to retire (提出启用).",
    "retire": "Propose that an ACTIVE key only checks from now on (提出开始退役).",
    "resume": "Propose that a RETIRING key comes into use again (提出恢复启用).",
    "end": "Propose that a RETIRING key neither makes nor checks any more (提出退役).",
}


def _propose(
    action: str,
    alias: str,
    key_id: str,
    reason: str,
    operator: Path | None,
    settings: Path,
    *,
    keep_others: bool,
    as_json: bool,
) -> None:
    from gateway.keys import deeds
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained

    with explained(as_json), opened(settings) as office:
        wanted = deeds.action_named(action)
        entry = office.entry(alias, key_id)
        actor = deeds.prove(office, operator, "propose", wanted, alias, entry.key_id)
        change = office.admin.propose(actor, wanted, alias, entry.key_id, reason, retire_others=not keep_others)
        deeds.show_change(office, change, as_json=as_json)


def propose(
    action: Annotated[str, typer.Argument(help="activate, retire, resume, end or revoke. 变更")],
    alias: Alias,
    key_id: KeyId,
    reason: Reason,
    keep_others: KeepOthers = False,
    operator: AsOperator = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Ask for a change of a key; somebody else approves it (提出变更)."""
    _propose(action, alias, key_id, reason, operator, settings, keep_others=keep_others, as_json=as_json)


def _shorthand(action: str) -> Callable[..., None]:
    """``gateway keys activate …`` for ``gateway keys propose activate …``."""

    def command(
        alias: Alias,
        key_id: KeyId,
        reason: Reason,
        keep_others: KeepOthers = False,
        operator: AsOperator = None,
        settings: SettingsFile = DEFAULT_SETTINGS,
        as_json: AsJson = False,
    ) -> None:
        _propose(action, alias, key_id, reason, operator, settings, keep_others=keep_others, as_json=as_json)

    return command


def approve(
    number: Number,
    operator: AsOperator = None,
    sure: Sure = False,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Approve what somebody else proposed, after seeing exactly what it does; it is in force at once (批准)."""
    from gateway.bank.shown import console
    from gateway.keys import deeds
    from gateway.keys.asking import require_confirmed
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained
    from gateway.keys.tables import show_effects

    with explained(as_json), opened(settings) as office:
        change = office.change(number)
        if change.open:
            show_effects(console(errors=True), change, office.effects(change))
        actor = deeds.prove(office, operator, "approve", number, change.alias, change.key_id)
        if change.open:
            require_confirmed("批准以上变更？ Approve?", sure=sure or as_json)
        deeds.show_change(office, office.admin.approve(actor, number), as_json=as_json)


def reject(
    number: Number,
    reason: Reason,
    operator: AsOperator = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Turn a proposal down, or take one's own back (驳回)."""
    from gateway.keys import deeds
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained

    with explained(as_json), opened(settings) as office:
        change = office.change(number)
        actor = deeds.prove(office, operator, "reject", number, change.alias, change.key_id)
        deeds.show_change(office, office.admin.reject(actor, number, reason), as_json=as_json)


def revoke(
    alias: Alias,
    key_id: KeyId,
    reason: Reason,
    now: Annotated[bool, typer.Option("--now", help="At once and alone: an emergency. 立即吊销")] = False,
    typed: Annotated[str | None, typer.Option("--confirm", help="With --now: the whole key id. 密钥编号")] = None,
    operator: AsOperator = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Propose that a key is never used again; --now does it alone and raises an alert (吊销)."""
    if not now:
        _propose("revoke", alias, key_id, reason, operator, settings, keep_others=False, as_json=as_json)
        return
    from gateway.keys.emergency import revoke_now
    from gateway.keys.office import opened
    from gateway.keys.refusals import explained

    with explained(as_json), opened(settings) as office:
        revoke_now(office, alias, key_id, reason, operator, typed, as_json=as_json)


def changes(
    state: Annotated[str | None, typer.Option("--state", help="PROPOSED, APPLIED, … 状态")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many at most. 条数")] = 50,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Proposed, decided and done changes, newest first (变更记录)."""
    from gateway.bank.shown import console
    from gateway.core.key_changes import ChangeState
    from gateway.keys.office import opened
    from gateway.keys.refusals import Unfit, explained, print_json
    from gateway.keys.tables import show_changes
    from gateway.services.key_answers import change_shown

    with explained(as_json):
        if state is not None and state.upper() not in set(ChangeState):
            raise Unfit(f"没有状态 {state[:40]!r}。", f"no state {state[:40]!r}: {', '.join(ChangeState)}")
        with opened(settings) as office:
            found = office.admin.changes(ChangeState(state.upper()) if state else None, limit)
            if as_json:
                print_json({"changes": [change_shown(one).model_dump(mode="json") for one in found]})
            else:
                show_changes(console(), found, office.clock.now_ms())


def add_to(app: typer.Typer) -> None:
    """Add these commands to ``gateway keys``."""
    for command in (propose, approve, reject, revoke, changes):
        app.command()(command)
    for action, told in SHORTHANDS.items():
        app.command(action, help=told)(_shorthand(action))
