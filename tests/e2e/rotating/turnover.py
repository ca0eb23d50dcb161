"""The rotation of every key of a running world, to a whole second set of demo keys."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from crypto.key_entry import KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import Algorithm, KeyMaterial
from crypto.keystore import Keystore
from gateway.demo.world import CLIENT
from rotating.load import Load
from rotating.world import CALLER, SFTP, SecuredWorld
from simulators.keys import create_demo_keys

KEPT_IN_BOTH = ("client-ca.pem", "api-ca.pem", "gateway-sftp.pub", "gateway-host-key.pub")
"""Files that list whom somebody trusts: old and new stand side by side during the overlap."""
STILL_OPENS = {"blind-index"}  # what was indexed under its old key is looked for under it until it is indexed anew


class Turnover:
    """First we accept the others' new keys, then they ours, then both sides use them, then the old ones end."""

    def __init__(self, world: SecuredWorld, load: Load):
        self.world, self.load = world, load
        self.keys, self.fresh, self.old = (world.directory / name for name in ("keys", "fresh", "old"))
        shutil.copytree(self.keys, self.old)
        create_demo_keys(self.fresh, CLIENT, world.directory / "config")
        self._present, self._coming = _opened(self.keys), _opened(self.fresh)

    def new_ids(self, alias: str) -> set[str]:
        """Ids of the alias's keys in the second set."""
        return {entry.key_id for entry in self._coming.entries(alias)}

    def everything(self) -> None:
        """All but the end of the old keys; with an overlap, so that nothing on its way is refused."""
        self._take_over([entry for entry in self._coming.entries() if entry.owner is Owner.COUNTERPARTY])
        self._take_over_ssh()
        with self.load.key_files:
            self._install(overlap=True)
        self._tell("accept")
        self.world.broker_goes_over()
        self._take_over([entry for entry in self._coming.entries() if entry.owner is Owner.GATEWAY])
        self._tell("use")

    def end(self) -> None:
        """The old keys count no longer, on either side."""
        with self._present.changing() as draft:
            for entry in draft.entries():
                if entry.state is KeyState.RETIRING and entry.alias not in STILL_OPENS:
                    draft.move(entry.alias, entry.key_id, KeyState.RETIRED)
        with self.load.key_files:
            self._install(overlap=False)
        self._tell("only")

    def revoke(self, alias: str) -> str:
        """The retired key of the alias is REVOKED from now on; its id."""
        with self._present.changing() as draft:
            (retired,) = [entry for entry in draft.entries(alias) if entry.state is KeyState.RETIRED]
            draft.move(alias, retired.key_id, KeyState.REVOKED)
        return retired.key_id

    def _tell(self, phase: str) -> None:
        for name in self.world.simulators:
            assert self.world.ask(name, "keys", {"phase": phase}) == {"phase": phase}

    def _take_over(self, entries: list[KeyEntry]) -> None:
        """In one save: the new keys ACTIVE, those before RETIRING."""
        with self._present.changing() as draft:
            for entry in entries:
                for before in draft.entries(entry.alias):
                    draft.move(entry.alias, before.key_id, KeyState.RETIRING)
                secret = self._coming._secret(entry) if entry.sealed_secret else None
                material = KeyMaterial(entry.algorithm, entry.public, secret)
                options: Any = {"owner": entry.owner, "key_id": entry.key_id, "state": KeyState.ACTIVE}
                draft.add(entry.alias, entry.purpose, material, **options)

    def _take_over_ssh(self) -> None:
        """Keys of banks that profiles list so far come under the keystore, old and new."""
        with self._present.changing() as draft:
            for bank, alias, name in (
                (SFTP, f"{SFTP}-sftp-host", "ssh-host-key.pub"),
                (CALLER, f"{CALLER}-sftp-user", "ssh-user-key.pub"),
            ):
                for directory, state in ((self.old, KeyState.RETIRING), (self.fresh, KeyState.ACTIVE)):
                    public = " ".join((directory / bank / name).read_text("ascii").split()[:2])
                    options: Any = {"owner": Owner.COUNTERPARTY, "state": state}
                    draft.add(alias, Purpose.TRANSPORT, KeyMaterial(Algorithm.SSH, public), **options)

    def _install(self, *, overlap: bool) -> None:
        for source in self.fresh.glob("*/*"):
            where = source.relative_to(self.fresh)
            if where.parts[0] == "gateway":
                continue
            content = source.read_bytes()
            if overlap and where.name in KEPT_IN_BOTH:
                content += (self.old / where).read_bytes()
            (self.keys / where).write_bytes(content)


def _opened(directory: Path) -> Keystore:
    return Keystore.open(directory / "gateway/keystore.json", (directory / "gateway/passphrase").read_text("ascii"))
