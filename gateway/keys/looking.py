"""What the looking commands find (密钥查询)."""

from __future__ import annotations

from fnmatch import fnmatchcase

from crypto.contract import KeyUnusable
from crypto.expiry import expiring
from crypto.key_entry import KeyEntry, KeyState
from crypto.key_reasons import KeyReason
from crypto.keystore import Keystore
from gateway.core.authority import Actor
from gateway.core.key_changes import ChangeState
from gateway.keys.identity import origin
from gateway.keys.office import Office
from gateway.services import auditing
from gateway.services.expiries import lists_in
from gateway.services.key_answers import aliases
from gateway.services.key_applying import described
from gateway.services.key_due import HORIZON_DAYS, Due, due

_MOST_CHANGES = 1000
_GIVEN_OUT = (KeyState.PENDING, KeyState.ACTIVE)


def listed(keys: Keystore, pattern: str, state: str | None) -> list[KeyEntry]:
    """Every key whose alias fits, by alias, oldest first."""
    everything = [entry for entries in aliases(keys.entries()).values() for entry in entries]
    wanted = None if state is None else KeyState(state.upper())
    return [one for one in everything if fnmatchcase(one.alias, pattern) and wanted in (None, one.state)]


def alias_keys(office: Office, alias: str, which: str | None) -> list[KeyEntry]:
    """The keys of an alias, or the one that is meant; raises KeyUnusable."""
    if which is not None:
        return [office.entry(alias, which)]
    entries = office.keys.entries(alias)
    if not entries:
        raise KeyUnusable(f"no key alias {alias!r}: gateway keys list shows them", KeyReason.UNKNOWN_ALIAS)
    return entries


def exportable(office: Office, alias: str, which: str | None) -> KeyEntry:
    """The key that is meant, or the newest that the other side should have; raises KeyUnusable."""
    entries = alias_keys(office, alias, which)
    ready = entries if which is not None else [entry for entry in entries if entry.state in _GIVEN_OUT]
    if not ready:
        known = "; ".join(entry.described() for entry in entries)
        raise KeyUnusable(f"no key of {alias!r} is PENDING or ACTIVE; name one: {known}", KeyReason.RETIRED)
    return ready[-1]


def note_export(office: Office, entry: KeyEntry) -> None:
    """In the audit: which public half was given out, and from where."""
    reader = Actor("local", frozenset(), origin=origin())
    with office.store.begin() as tx:
        after = described(entry)
        auditing.write(tx, reader, "key.exported-public", entry.alias, office.clock.now_ms(), after=after)


def what_is_due(office: Office) -> Due:
    """Everything that waits for somebody today."""
    waiting = [*office.admin.changes(ChangeState.PROPOSED, _MOST_CHANGES)]
    waiting += office.admin.changes(ChangeState.APPLYING, _MOST_CHANGES)
    entries, today = office.keys.entries(), office.today
    lists = lists_in(office.keys, office.settings.keystore.crl_directory)
    expiries = expiring(entries, today, (HORIZON_DAYS,), lists)
    return due(entries, expiries, waiting, office.profiles, today)
