"""The audit for auditors (审计导出): entries as JSON lines, with a signed list of what there is.

Who has the directory and our public key can verify it without the gateway: ``verify_export``.
"""

from __future__ import annotations

import shutil
from base64 import b64encode
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives import hashes

from crypto.keystore import Keystore
from gateway.services.anchor_files import ALIAS, PARAMETERS
from gateway.services.audit_verifying import Progress, unseen
from gateway.services.chain_check import RawEntry
from gateway.store import audit, audit_reading
from gateway.store.audit import canonical
from gateway.store.audit_reading import Wanted
from gateway.store.database import Store

MANIFEST: Final = "manifest.json"
LINES_A_FILE: Final = 100_000
DOMAIN: Final = b"gateway-audit-export-1\n"


class NothingToExport(Exception):
    """There is no entry in the time that was asked for."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written."""

    directory: Path
    first_seq: int
    last_seq: int
    count: int
    manifest_digest: str  # SM3, hex


def export(
    store: Store,
    keys: Keystore,
    directory: Path,
    wanted: Wanted,
    now_ms: int,
    anchors: Path,
    progress: Progress = unseen,
) -> Exported:
    """Write the entries of the times wanted into ``directory``, which must not exist yet.

    Raises NothingToExport, KeyUnusable where there is no key to sign with, FileExistsError and other OSError.
    """
    signer = keys.signer(ALIAS, PARAMETERS)
    with store.read() as tx:
        span, head = audit_reading.seqs_in(tx, wanted), audit.head_of(tx)
    if span is None or head is None:
        raise NothingToExport
    directory.mkdir(parents=True, exist_ok=False, mode=0o700)
    files, previous, last = _written(store, directory, span, progress)
    copied = _anchors_copied(anchors, directory)
    said = {
        "gateway_code": head.gateway_code,
        "made_at_ms": now_ms,
        "first_seq": span[0],
        "last_seq": span[1],
        "count": sum(file["entries"] for file in files),
        "previous_hash": previous,
        "last_hash": last,
        "files": files,
        "anchors": copied,
        "key_id": signer.key_id,
    }
    signer.update(DOMAIN + canonical(said))
    sealed = {**said, "signature": b64encode(signer.signature()).decode()}
    octets = orjson.dumps(sealed, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    (directory / MANIFEST).write_bytes(octets)
    return Exported(directory, span[0], span[1], said["count"], audit.sm3(octets))


def _written(
    store: Store, directory: Path, span: tuple[int, int], progress: Progress
) -> tuple[list[dict[str, Any]], str, str]:
    """(files, hash before the first entry, hash of the last)."""
    files: list[dict[str, Any]] = []
    previous, last, total = None, "", span[1] - span[0] + 1
    rows = (RawEntry(*row) for row in audit_reading.rows(store, span[1], span[0]))
    for entry in rows:
        previous = entry.previous_hash if previous is None else previous
        name = f"audit-{len(files) + 1:06d}.jsonl"
        with _Lines(directory / name) as lines:
            lines.add(entry)
            last = entry.hash
            for another in islice(rows, LINES_A_FILE - 1):
                lines.add(another)
                last = another.hash
        files.append({"name": name, "entries": lines.count, "bytes": lines.size, "sm3": lines.digest})
        progress(sum(file["entries"] for file in files), total)
    return files, str(previous or ""), str(last)


class _Lines:
    """One file of entries, its digest taken while it is written."""

    def __init__(self, path: Path):
        self._path = path
        self._digest = hashes.Hash(hashes.SM3())
        self.count = self.size = 0
        self.digest = ""

    def __enter__(self) -> _Lines:
        self._file = self._path.open("xb")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.digest = self._digest.finalize().hex()

    def add(self, entry: RawEntry) -> None:
        """One entry, a line; what it was before and after stays the very text that was hashed."""
        line = orjson.dumps(entry, default=str) + b"\n"
        self._digest.update(line)
        self._file.write(line)
        self.count, self.size = self.count + 1, self.size + len(line)


def _anchors_copied(anchors: Path, directory: Path) -> list[str]:
    names = []
    for path in sorted(anchors.glob("anchor-*.json")):
        shutil.copyfile(path, directory / path.name)
        names.append(path.name)
    return names
