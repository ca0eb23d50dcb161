"""Leading a key on in the keystore (密钥变更落实): done once, however often it is begun."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from crypto.key_entry import KeyEntry, KeyState
from crypto.key_material import KeyMaterial
from crypto.keystore import Keystore
from gateway.core.key_changes import STARTS, ChangeEvent, KeyChange, KeyPicture


def entry_of(keys: Keystore, alias: str, key_id: str) -> KeyEntry | None:
    """The key of this id under the alias, None where there is none."""
    return next((entry for entry in keys.entries(alias) if entry.key_id == key_id), None)


def picture_of(entry: KeyEntry) -> KeyPicture:
    """The key as an approval is bound to it: everything but its secret half."""
    said = {
        "alias": entry.alias,
        "key_id": entry.key_id,
        "purpose": str(entry.purpose),
        "algorithm": str(entry.algorithm),
        "owner": str(entry.owner),
        "not_before": entry.not_before.isoformat() if entry.not_before else None,
        "not_after": entry.not_after.isoformat() if entry.not_after else None,
        "provider": str(getattr(entry, "provider", "file")),
        "public": entry.public,
    }
    digest = hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return KeyPicture(entry.key_id, str(entry.state), digest)


def fingerprint_of(entry: KeyEntry) -> str:
    """What both sides of a wire can compare over another way; "" for a symmetric key."""
    return KeyMaterial(entry.algorithm, entry.public).fingerprint()


def described(entry: KeyEntry) -> dict[str, Any]:
    """The key as the audit shows it."""
    return {
        "alias": entry.alias,
        "key_id": entry.key_id,
        "key_purpose": str(entry.purpose),
        "algorithm": str(entry.algorithm),
        "owner": str(entry.owner),
        "key_state": str(entry.state),
        "not_before": entry.not_before.isoformat() if entry.not_before else None,
        "not_after": entry.not_after.isoformat() if entry.not_after else None,
        "fingerprint": fingerprint_of(entry),
        "provider": str(getattr(entry, "provider", "file")),
    }


def apply_to_keystore(keys: Keystore, change: KeyChange) -> ChangeEvent:
    """DONE when the file has it, OVERTAKEN when the key cannot be led there any more. Raises KeyUnusable, OSError.

    Nobody else changes the file meanwhile, and it is saved once, with the keys that retire in the same step.
    """
    keys.reload()
    if (outcome := _seen(keys, change)) is not None:
        return outcome
    with keys.changing() as draft:
        outcome = _seen(draft, change)
        if outcome is None:
            draft.move(change.alias, change.key_id, change.target)
            for other in draft.entries(change.alias):
                if other.key_id in change.others and other.state is KeyState.ACTIVE:
                    draft.move(change.alias, other.key_id, KeyState.RETIRING)
    return outcome or ChangeEvent.DONE


def _seen(keys: Keystore, change: KeyChange) -> ChangeEvent | None:
    """What is decided already, None where there is something to do."""
    entry = entry_of(keys, change.alias, change.key_id)
    if entry is None or picture_of(entry).digest != change.digest:
        return ChangeEvent.OVERTAKEN
    if entry.state == change.target:
        return ChangeEvent.DONE
    return None if entry.state in STARTS[change.action] else ChangeEvent.OVERTAKEN
