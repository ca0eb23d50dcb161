"""Revocation lists (证书吊销列表) for aliases of trusted certificates: checked against their authority, then kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

from crypto.revocation_lists import RevocationList, RevocationLists
from gateway.clock import instant
from gateway.core.authority import Actor, Permission, require
from gateway.keys.office import Office
from gateway.keys.refusals import Unfit
from gateway.services import auditing
from gateway.services.key_refusals import refusals, shown_name

_LARGEST_FILE = 16_000_000


def take_in_lists(office: Office, actor: Actor, alias: str, file: Path) -> list[RevocationList]:
    """The lists of the file, in force at once; raises NotAllowed, KeyUnusable, Unfit."""
    directory, now = office.settings.keystore.crl_directory, office.clock.now_ms()
    if directory is None:
        raise Unfit(
            "设置中没有 keystore.crl_directory，未启用吊销检查。",
            "no revocation lists are looked at: set keystore.crl_directory in the settings first",
        )
    try:
        with file.open("rb") as opened:
            octets = opened.read(_LARGEST_FILE)
    except OSError as error:
        raise Unfit(f"无法读取 {file}。", f"{file}: {error.strerror}") from None
    with refusals(office.store, office.clock, actor, alias, {"alias": shown_name(alias)}):
        require(actor, Permission.KEYS_CHANGE, alias)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        taken = RevocationLists(directory).take_in(alias, octets, office.keys.certificates(alias), instant(now))
    with office.store.begin() as tx:
        after = {"alias": alias, "fingerprint": hashlib.sha256(octets).hexdigest()}
        auditing.write(tx, actor, "key.imported", alias, now, after=after)
    return taken
