"""New keys (新增密钥): one person may add one, because PENDING it does nothing.

The intent is in the audit before the keystore has the key, so that no key is there without a trace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from crypto.key_entry import KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import KeyMaterial
from crypto.keystore import Keystore
from gateway.clock import Clock
from gateway.core.authority import Actor
from gateway.services import auditing
from gateway.services.key_applying import described
from gateway.store.database import Store


@dataclass(frozen=True, slots=True)
class NewKey:
    """What is to be added, PENDING unless somebody who may says otherwise."""

    alias: str
    purpose: Purpose
    material: KeyMaterial
    owner: Owner
    key_id: str | None = None
    not_before: date | None = None
    not_after: date | None = None


@dataclass(frozen=True, slots=True)
class ActNames:
    """What the two entries are called: before the keystore has the key, and after."""

    begun: str
    done: str


GENERATED: Final = ActNames("key.generating", "key.generated")
IMPORTED: Final = ActNames("key.importing", "key.imported")


def add_key(store: Store, keys: Keystore, clock: Clock, actor: Actor, new: NewKey, names: ActNames) -> KeyEntry:
    """Put the key into the keystore, PENDING; raises KeyUnusable, and then nothing was added."""

    def begun(entry: KeyEntry) -> None:
        with store.begin() as tx:
            auditing.write(tx, actor, names.begun, entry.alias, clock.now_ms(), after=described(entry))

    entry = saved(keys, new, begun)
    with store.begin() as tx:
        auditing.write(tx, actor, names.done, entry.alias, clock.now_ms(), after=described(entry))
    return entry


def saved(
    keys: Keystore, new: NewKey, before_save: Callable[[KeyEntry], None], state: KeyState = KeyState.PENDING
) -> KeyEntry:
    """Add to the newest state and save, alone; ``before_save`` may still prevent it. Raises KeyUnusable."""
    with keys.changing() as draft:
        entry = draft.add(
            new.alias,
            new.purpose,
            new.material,
            owner=new.owner,
            key_id=new.key_id,
            state=state,
            not_before=new.not_before,
            not_after=new.not_after,
        )
        before_save(entry)
    return entry
