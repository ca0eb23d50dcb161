"""Revoking at once (紧急吊销): one person, who sees what stops and types the key's id."""

from __future__ import annotations

from pathlib import Path

from gateway.bank.shown import console
from gateway.core.key_changes import ChangeState, KeyAction, KeyChange
from gateway.keys import deeds
from gateway.keys.asking import require_typed
from gateway.keys.office import Office
from gateway.keys.refusals import print_json
from gateway.keys.tables import show_effects, show_keys
from gateway.services.key_answers import in_full


def revoke_now(
    office: Office, alias: str, which: str, reason: str, operator: Path | None, typed: str | None, *, as_json: bool
) -> None:
    """Show, ask, revoke; raises Unfit, NotAllowed, ChangeRefused, KeyUnusable."""
    entry = office.entry(alias, which)
    found = office.effects_of(KeyAction.REVOKE, alias, entry.key_id, retire_others=False)
    actor = deeds.prove(office, operator, "revoke-now", alias, entry.key_id)
    planned = KeyChange(
        change_id=0,
        action=KeyAction.REVOKE,
        alias=alias,
        key_id=entry.key_id,
        fingerprint="",
        reason=reason,
        retire_others=False,
        proposed_by=actor.name,
        proposed_at_ms=office.clock.now_ms(),
        state=ChangeState.PROPOSED,
    )
    show_effects(console(errors=True), planned, found)
    question = f"立即吊销请输入密钥编号 to revoke it now, type its id ({entry.key_id})"
    require_typed(question, entry.key_id, typed)
    revoked = office.admin.revoke_now(actor, alias, entry.key_id, reason)
    if as_json:
        print_json({"ok": True, "key": in_full(revoked, office.today).model_dump(mode="json")})
        return
    show_keys(console(), [revoked], office.today)
    console().print("已吊销并告警 revoked; the alert key-revoked-now is raised")
