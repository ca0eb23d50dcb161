"""The keys of data at rest, as they are now (静态数据密钥): which key seals, and every blind index to ask.

``still_sealed_under`` says what would be lost with a key: nobody revokes one under which anything lies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from crypto.contract import BlindIndexer
from crypto.key_ring import KeyRing
from gateway.store import lookup, reseal
from gateway.store.vault import Vault

SEGMENT_DATA: Final = "segment-data"
VAULT_DATA: Final = "vault-data"
BLIND_INDEX: Final = "blind-index"


@dataclass(frozen=True, slots=True)
class DataKeys:
    """One moment's keys; drawn anew for every piece of work."""

    segment_key: str  # id of the key that seals columns now
    vault_key: str  # id of the key that seals files now
    indexes: Mapping[str, BlindIndexer]  # by key id; the first one makes, all of them are asked

    @property
    def index_key(self) -> str:
        """Id of the key under which lookup runs are made now."""
        return next(iter(self.indexes))

    @property
    def index(self) -> BlindIndexer:
        """The blind index that makes lookup runs now."""
        return self.indexes[self.index_key]


def data_keys(keys: KeyRing) -> DataKeys:
    """Drawn from a keystore that the caller keeps up to date; raises KeyUnusable."""
    return DataKeys(keys.active_key_id(SEGMENT_DATA), keys.active_key_id(VAULT_DATA), keys.blind_indexes(BLIND_INDEX))


def still_sealed_under(tx: Connection, vault: Vault) -> dict[str, int]:
    """Things at rest by the key id that they need: sealed rows, vault files, parts of lookup runs.

    ``""`` counts what names no key: rows that nothing opens, and lookup runs made before their key was recorded.
    """
    total: Counter[str] = Counter(reseal.counted(tx))
    total.update(key_id or reseal.NO_KEY for _, key_id in vault.keys_in_use())
    total.update(lookup.counted(tx))
    return dict(+total)
