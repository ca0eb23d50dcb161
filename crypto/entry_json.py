"""Entries as they lie in the keystore's file (密钥条目存储格式): JSON, readable by people, old files included."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from crypto.key_entry import IN_FILE, KeyEntry, KeyState, Owner, Purpose, StateChange
from crypto.key_material import Algorithm

_DATES = ("not_before", "not_after", "created_at")


def stored(entry: KeyEntry) -> dict[str, Any]:
    """One entry."""
    dates = {name: day.isoformat() if (day := getattr(entry, name)) else None for name in _DATES}
    history = [[change.state, change.on.isoformat()] for change in entry.history]
    return asdict(entry) | dates | {"history": history}


def read(content: dict[str, Any]) -> list[KeyEntry]:
    """Every entry of a file's content, which its MAC has vouched for."""
    return [_entry(one) for one in content["entries"]]


def _entry(one: dict[str, Any]) -> KeyEntry:
    """Format 1 had no provider, created_at and history."""
    typed = {
        "purpose": Purpose(one["purpose"]),
        "algorithm": Algorithm(one["algorithm"]),
        "owner": Owner(one["owner"]),
        "state": KeyState(one["state"]),
        "provider": one.get("provider", IN_FILE),
        "history": tuple(StateChange(KeyState(state), date.fromisoformat(on)) for state, on in one.get("history", [])),
    }
    dates = {name: date.fromisoformat(one[name]) if one.get(name) else None for name in _DATES}
    return KeyEntry(**(one | typed | dates))
