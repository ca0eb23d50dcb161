"""The master passphrase (主口令更换): every secret sealed anew under it, data left as it is."""

from __future__ import annotations

import secrets
from pathlib import Path

from crypto.passphrase import FilePassphrase
from gateway.core.authority import Actor, Permission, require
from gateway.keys.asking import ask_passphrase, read_passphrase
from gateway.keys.office import Office
from gateway.keys.refusals import Unfit
from gateway.services import auditing
from gateway.services.key_refusals import refusals


def change_passphrase(office: Office, actor: Actor, file: Path | None, *, generate_it: bool) -> str:
    """Change it, write it down in the audit, and say what is left to do. Raises NotAllowed, Unfit, KeyUnusable."""
    in_file = isinstance(office.keys.passphrase_source, FilePassphrase)
    with refusals(office.store, office.clock, actor, "keystore", {}):
        require(actor, Permission.KEYS_CHANGE)
        passphrase = _new(file, generate_it=generate_it, in_file=in_file)
        with office.keys.changing() as draft:
            draft.change_passphrase(passphrase)
    with office.store.begin() as tx:
        auditing.write(tx, actor, "keystore.passphrase-changed", "keystore", office.clock.now_ms())
    revision = office.keys.revision
    if in_file:
        return f"口令已更换 changed (revision {revision}); 口令文件已更新 the passphrase file is written"
    return f"口令已更换 changed (revision {revision}); 请更新其来源 tell it to whatever starts the nodes"


def _new(file: Path | None, *, generate_it: bool, in_file: bool) -> str:
    if generate_it and not in_file:
        raise Unfit(
            "随机口令只能写入口令文件：设置中须有 keystore.passphrase_file。",
            "a drawn passphrase needs a file to lie in: keystore.passphrase_file in the settings",
        )
    if generate_it:
        return secrets.token_urlsafe(32)
    if file is not None:
        return read_passphrase(file)
    return ask_passphrase("新口令 new passphrase", new=True)
