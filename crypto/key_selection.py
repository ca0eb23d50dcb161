"""Which entries of an alias serve for something today (选用密钥), or the one reason why none does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from crypto.contract import KeyUnusable
from crypto.key_entry import KeyEntry, KeyState, Purpose
from crypto.key_material import Algorithm
from crypto.key_reasons import KeyReason

_STATE_REASONS = {
    KeyState.RETIRING: KeyReason.NO_LONGER_MAKES,
    KeyState.PENDING: KeyReason.PENDING,
    KeyState.RETIRED: KeyReason.RETIRED,
    KeyState.REVOKED: KeyReason.REVOKED,
}


def usable(
    alias: str,
    entries: Sequence[KeyEntry],
    purposes: Collection[Purpose],
    algorithm: Algorithm | None,
    states: Collection[KeyState],
    today: date,
    *,
    dated: bool,
) -> list[KeyEntry]:
    """The entries in one of the states and, if ``dated``, within their dates; KeyUnusable says why there are none."""
    if not entries:
        raise KeyUnusable(f"no key alias {alias!r} in the keystore", KeyReason.UNKNOWN_ALIAS)
    first = entries[0]  # an alias has one purpose and one algorithm
    if first.purpose not in purposes:
        raise KeyUnusable(
            f"key alias {alias!r} is for {first.purpose}, not for {' or '.join(purposes)}", KeyReason.WRONG_PURPOSE
        )
    if algorithm is not None and first.algorithm is not algorithm:
        raise KeyUnusable(
            f"key alias {alias!r} is {first.algorithm}, and {algorithm} is needed", KeyReason.WRONG_ALGORITHM
        )
    found = [entry for entry in entries if entry.state in states and (not dated or entry.current(today))]
    if not found:
        known = "; ".join(entry.described() for entry in entries)
        wanted = " or ".join(state for state in KeyState if state in states)
        raise KeyUnusable(
            f"key alias {alias!r} has no key that is {wanted} on {today}: {known}", _why_none(entries, states, today)
        )
    return found


def _why_none(entries: Sequence[KeyEntry], states: Collection[KeyState], today: date) -> KeyReason:
    """The reason nearest to use: a date that is not right, before a state that is not; the last added key decides."""
    in_state = [entry for entry in entries if entry.state in states]
    if in_state:
        latest = in_state[-1]
        early = latest.not_before is not None and today < latest.not_before
        return KeyReason.NOT_YET_VALID if early else KeyReason.EXPIRED
    present = {entry.state for entry in entries}
    return next((reason for state, reason in _STATE_REASONS.items() if state in present), KeyReason.OTHER)
