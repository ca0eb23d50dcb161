"""What the audit commands work with (审计工作台): one gateway's audit, and who is at the keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crypto.key_material import Algorithm, KeyMaterial
from crypto.keystore import Keystore
from crypto.schemes import sm2_keys
from gateway import wiring
from gateway.clock import Clock, SystemClock
from gateway.core.authority import Actor, Permission, Role, require
from gateway.keys.identity import origin, prove
from gateway.keys.office import read_own_settings
from gateway.keys.refusals import Unfit
from gateway.settings import Settings
from gateway.store.database import Store

MOST_KEYS_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class AuditOffice:
    """Everything opened."""

    settings: Settings
    keys: Keystore
    store: Store
    clock: Clock

    def reader(self, key_file: Path | None, deed: str) -> Actor:
        """Who reads, which needs the role of an auditor; raises Unfit, NotAllowed, KeyUnusable.

        Where the settings name no operator, whoever is at this machine stands in for all of them.
        """
        if not self.settings.operators:
            return Actor("local", frozenset({Role.AUDITOR}), origin=origin())
        actor = prove(self.keys, self.settings, key_file, deed)
        require(actor, Permission.AUDIT_READ)
        return actor


@contextmanager
def opened(path: Path) -> Iterator[AuditOffice]:
    """Opened, and closed again; raises Unfit, KeyUnusable, StoreError."""
    settings = read_own_settings(path)
    try:
        keys = wiring.open_keystore(settings)
    except OSError as error:
        raise Unfit("无法取得密钥库口令。", f"the keystore's passphrase cannot be read: {error.strerror}") from None
    store = wiring.open_store(settings)
    try:
        yield AuditOffice(settings, keys, store, SystemClock())
    finally:
        store.dispose()


def public_keys(path: Path) -> Mapping[str, str]:
    """SM2 public keys out of a PEM file that holds one or several, by fingerprint; raises Unfit, KeyUnusable."""
    try:
        with path.open(encoding="ascii") as file:
            text = file.read(MOST_KEYS_BYTES)
    except (OSError, ValueError) as error:
        raise Unfit(f"无法读取公钥文件 {path}。", f"{path} cannot be read as PEM") from error
    blocks = re.findall(r"-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----\n?", text)
    if not blocks:
        raise Unfit(f"{path} 中没有 PEM 公钥。", f"{path} holds no public key in PEM")
    for block in blocks:
        sm2_keys.public_from_pem(block)
    return {KeyMaterial(Algorithm.SM2, block).fingerprint(): block for block in blocks}
