"""What keys ask of people (密钥待办): expiries to come, proposals that wait, aliases that cannot work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Final

from adapters.profile import BankProfile
from crypto.expiry import Expiry
from crypto.key_entry import KeyEntry, KeyState
from gateway.core.key_changes import KeyChange
from gateway.services.key_answers import aliases
from gateway.services.key_users import OWN_USES, named_aliases

HORIZON_DAYS: Final = 366
LONG_RETIRING_DAYS: Final = 30
URGENT_DAYS: Final = 7
REQUESTS: Final = ".request"
"""An alias that ends so holds the key of a certificate request; it signs nothing else."""
_COME_AND_GO: Final = ("client-*-verify", "operator-*-verify")
_IN_USE: Final = (KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRING)


@dataclass(frozen=True, slots=True)
class Ending:
    """A key that ends within the horizon, or has ended while it is in use."""

    alias: str
    key_id: str
    what: str  # key, certificate or revocation-list
    state: KeyState | None  # none: a revocation list has no life of its own
    last_day: date
    days_left: int
    replaced: bool = False  # a successor is ACTIVE or PENDING already


@dataclass(frozen=True, slots=True)
class LongRetiring:
    """A key that only checks, and has done so for long: what it checks should have arrived by now."""

    alias: str
    key_id: str
    since: date
    days: int


@dataclass(frozen=True, slots=True)
class Due:
    """All that is due on one day."""

    today: date
    endings: tuple[Ending, ...]  # soonest first
    waiting: tuple[KeyChange, ...]  # longest first
    without_active: tuple[str, ...]
    long_retiring: tuple[LongRetiring, ...]
    missing: tuple[str, ...]  # named by a bank profile, and not in the keystore at all

    @property
    def urgent(self) -> bool:
        """Whether somebody has to act now."""
        soon = any(one.days_left <= URGENT_DAYS and not one.replaced for one in self.endings)
        return soon or bool(self.without_active)


def due(
    entries: Sequence[KeyEntry],
    expiries: Iterable[Expiry],
    changes: Iterable[KeyChange],
    profiles: Mapping[str, list[BankProfile]],
    today: date,
) -> Due:
    """What is due on ``today``; ``expiries`` within HORIZON_DAYS, ``profiles`` all editions by bank."""
    known = aliases(entries)
    named = named_aliases(profiles)
    waiting = sorted((one for one in changes if one.open), key=lambda one: one.proposed_at_ms)
    return Due(
        today=today,
        endings=tuple(_ending(one, known.get(one.alias, [])) for one in _earliest(expiries)),
        waiting=tuple(waiting),
        without_active=tuple(alias for alias, keys in known.items() if _cannot_work(alias, keys, named, today)),
        long_retiring=tuple(_long_retiring(entries, today)),
        missing=tuple(sorted(named - known.keys())),
    )


def _earliest(expiries: Iterable[Expiry]) -> list[Expiry]:
    """One a key, soonest first: what ends first ends it all, and a leaf's key mostly ends with its certificate."""
    found: dict[tuple[str, str], Expiry] = {}
    for one in sorted(expiries, key=lambda one: (one.ends_on, one.alias)):
        if not one.alias.endswith(REQUESTS):
            found.setdefault((one.alias, one.key_id), one)
    return list(found.values())


def _ending(one: Expiry, keys: Sequence[KeyEntry]) -> Ending:
    entry = next((entry for entry in keys if entry.key_id == one.key_id), None)
    replaced = entry is not None and any(_succeeds(other, entry) for other in keys)
    state = None if entry is None else entry.state
    return Ending(one.alias, one.key_id, one.what, state, one.ends_on, one.days_left, replaced)


def _succeeds(other: KeyEntry, entry: KeyEntry) -> bool:
    """Whether the other key of the alias is in use, or ready to be, and lasts longer."""
    ready = other.state in (KeyState.PENDING, KeyState.ACTIVE)
    return ready and (other.not_after or date.max) > (entry.not_after or date.max)


def _cannot_work(alias: str, keys: Sequence[KeyEntry], named: set[str], today: date) -> bool:
    """Whether nothing can be made under an alias that is not given up."""
    if alias.endswith(REQUESTS) or any(one.state is KeyState.ACTIVE and one.current(today) for one in keys):
        return False
    if any(one.state in _IN_USE for one in keys):
        return not all(one.state is KeyState.PENDING for one in keys) or alias in named
    wanted = alias in named or any(fnmatchcase(alias, pattern) for pattern in OWN_USES)
    return wanted and not any(fnmatchcase(alias, pattern) for pattern in _COME_AND_GO)


def _long_retiring(entries: Iterable[KeyEntry], today: date) -> Iterable[LongRetiring]:
    for entry in entries:
        since = next((one.on for one in reversed(entry.history) if one.state is KeyState.RETIRING), None)
        if entry.state is KeyState.RETIRING and since is not None and (today - since).days > LONG_RETIRING_DAYS:
            yield LongRetiring(entry.alias, entry.key_id, since, (today - since).days)
