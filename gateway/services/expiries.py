"""What ends soon, and what waits for a second person (到期与待批告警): each said once, in time.

A key, certificate or revocation list is told of 90, 30 and 7 days ahead and when it is over; a proposal once it has
waited for a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from crypto.contract import KeyUnusable
from crypto.expiry import AHEAD_DAYS, Expiry, expiring
from crypto.key_entry import KeyState
from crypto.key_material import Algorithm
from crypto.keystore import Keystore
from crypto.revocation_lists import RevocationList, RevocationLists
from gateway.clock import Clock, business_date
from gateway.core.key_changes import ChangeState, KeyChange
from gateway.services.key_due import REQUESTS
from gateway.store import alerts, key_changes
from gateway.store.database import Store

WAITING_MS: Final = 86_400_000
WHAT: Final = {
    "key": ("密钥", "key"),
    "certificate": ("证书", "certificate of key"),
    "revocation-list": ("证书吊销列表", "revocation list"),
}


def watch(store: Store, clock: Clock, keys: Keystore, crl_directory: Path | None = None) -> None:
    """Looked at hourly; each thing is told once a level."""
    now = clock.now_ms()
    lists = lists_in(keys, crl_directory)
    found = [one for one in expiring(keys.entries(), business_date(now), AHEAD_DAYS, lists) if _matters(keys, one)]
    with store.begin() as tx:
        for one in found:
            _ending(tx, one, now)
        for change in key_changes.waiting(tx):
            _waiting(tx, change, now)


def lists_in(keys: Keystore, directory: Path | None) -> Mapping[str, Sequence[RevocationList]]:
    """The revocation lists that are kept, by alias; one that cannot be read is for whoever checks by it to say."""
    if directory is None:
        return {}
    kept, found = RevocationLists(directory), {}
    for alias in sorted({entry.alias for entry in keys.entries() if entry.algorithm is Algorithm.X509}):
        try:
            found[alias] = kept.of(alias)
        except KeyUnusable:
            continue
    return found


def _matters(keys: Keystore, one: Expiry) -> bool:
    """A key that is on its way out has been replaced, and the key of a certificate request makes nothing."""
    state = next((entry.state for entry in keys.entries(one.alias) if entry.key_id == one.key_id), None)
    return state is not KeyState.RETIRING and not one.alias.endswith(REQUESTS)


def _ending(tx: Connection, one: Expiry, now: int) -> None:
    key = f"{one.alias}/{one.key_id or 'crl'}/{one.what}/{one.ends_on}/{one.level}"
    if alerts.is_raised(tx, "key-expiry", key):
        return
    zh, en = WHAT[one.what]
    which = f"{one.alias} {one.key_id}".strip()
    if one.level == 0:
        zh_text = f"{zh} {which} 已于 {one.ends_on} 到期，不再可用；请立即更换（gateway keys status）。"
        en_text = (
            f"the {en} {which} has ended on {one.ends_on} and cannot be used: replace it now (gateway keys status)"
        )
    else:
        zh_text = f"{zh} {which} 将于 {one.ends_on} 到期，剩余 {one.days_left} 天；请安排更换（docs/runbooks）。"
        en_text = f"the {en} {which} ends on {one.ends_on}, in {one.days_left} days: rotate it (docs/runbooks)"
    alerts.raise_alert(tx, "key-expiry", key, zh_text, en_text, now)


def _waiting(tx: Connection, change: KeyChange, now: int) -> None:
    key = str(change.change_id)
    young = now - change.proposed_at_ms < WAITING_MS
    if change.state is not ChangeState.PROPOSED or young or alerts.is_raised(tx, "key-change-waiting", key):
        return
    what = f"{change.action} {change.alias} {change.key_id}"
    alerts.raise_alert(
        tx,
        "key-change-waiting",
        key,
        f"密钥变更 {key}（{what}，{change.proposed_by} 提出）已等待批准一天以上；七天未批准即失效。",
        f"key change {key} ({what}, proposed by {change.proposed_by}) has waited for over a day: approve or reject it; "
        "it ends after seven days",
        now,
    )
