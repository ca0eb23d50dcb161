"""Verifying an export (导出件验证): from its directory and the gateway's public key alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives import hashes

from gateway.services.anchor_files import read_anchors, verified
from gateway.services.audit_export import DOMAIN, MANIFEST
from gateway.services.audit_verifying import Progress, bad_anchor, unseen
from gateway.services.chain_check import ChainCheck, Finding, RawEntry, walk
from gateway.store.audit import canonical

LARGEST_MANIFEST: Final = 8_000_000
LONGEST_LINE: Final = 1_000_000
_TYPES: Final = {
    **dict.fromkeys(("made_at_ms", "first_seq", "last_seq", "count"), int),
    **dict.fromkeys(("gateway_code", "previous_hash", "last_hash", "key_id", "signature"), str),
    **dict.fromkeys(("files", "anchors"), list),
}
_FILE_TYPES: Final = {"name": str, "entries": int, "bytes": int, "sm3": str}
_NOTHING: Final = RawEntry(*([None] * 10))


class NotAnExport(Exception):
    """The directory has no manifest that could be read; says why."""


def verify_export(directory: Path, publics: Mapping[str, str], progress: Progress = unseen) -> ChainCheck:
    """Walk the exported chain; what is wrong is in the answer's ``findings``. Raises NotAnExport."""
    manifest = _manifest(directory)
    anchors, bad = read_anchors(directory, publics)
    reach = {seq: group for seq, group in anchors.items() if seq <= manifest["last_seq"]}
    check = ChainCheck(manifest["gateway_code"], reach)
    for fault in bad:
        check.add(bad_anchor(fault))
    for name in manifest["anchors"]:
        if not isinstance(name, str) or not _plain(name) or not (directory / name).is_file():
            check.add(_lost(str(name)[:80]))
    if not _signed(manifest, publics):
        zh, en = (
            "清单签名无效，或签名密钥未提供。",
            "the manifest's signature is wrong, or made by a key that is not given",
        )
        check.add(Finding(0, "bad-signature", zh, en))
    if manifest["first_seq"] > 1:  # where it begins is vouched for by the signed manifest
        check.begin_after(manifest["first_seq"] - 1, manifest["previous_hash"])
    for done in walk(check, _entries(directory, manifest, check)):
        progress(done, manifest["count"])
    _finish(check, manifest)
    return check


def _finish(check: ChainCheck, manifest: Mapping[str, Any]) -> None:
    if (check.seq, check.hash) != (manifest["last_seq"], manifest["last_hash"]):
        last = manifest["last_seq"]
        zh = f"导出止于第 {check.seq} 条，与清单的末条（第 {last} 条）不符。"
        en = f"the export ends at entry {check.seq}, and not with the one that the manifest names last ({last})"
        check.add(Finding(check.seq, "end-differs", zh, en))


def _entries(directory: Path, manifest: Mapping[str, Any], check: ChainCheck) -> Iterator[RawEntry]:
    for file in manifest["files"]:
        digest = hashes.Hash(hashes.SM3())
        try:
            with (directory / file["name"]).open("rb") as lines:
                while line := lines.readline(LONGEST_LINE):
                    digest.update(line)
                    yield _entry(line)
        except OSError:
            check.add(_lost(file["name"]))
            continue
        if digest.finalize().hex() != file["sm3"]:
            zh = f"文件 {file['name']} 与清单摘要不符。"
            check.add(Finding(check.seq, "file-changed", zh, f"{file['name']} does not have the manifest's digest"))


def _lost(name: str) -> Finding:
    return Finding(0, "file-missing", f"缺少文件 {name}。", f"{name} is missing, or cannot be read")


def _entry(line: bytes) -> RawEntry:
    try:
        return RawEntry(**orjson.loads(line))
    except (ValueError, TypeError):
        return _NOTHING


def _manifest(directory: Path) -> dict[str, Any]:
    path = directory / MANIFEST
    try:
        with path.open("rb") as file:
            data = orjson.loads(file.read(LARGEST_MANIFEST))
    except (OSError, ValueError) as fault:
        raise NotAnExport(f"{path}: there is no manifest that could be read") from fault
    if not isinstance(data, dict) or data.keys() != _TYPES.keys():
        raise NotAnExport(f"{path}: not the manifest of an audit export")
    fits = all(type(data[name]) is kind for name, kind in _TYPES.items())
    if not fits or not all(_file(file) for file in data["files"]):
        raise NotAnExport(f"{path}: not the manifest of an audit export")
    return data


def _file(file: Any) -> bool:
    """Names are plain: a manifest leads nowhere else."""
    if not isinstance(file, dict) or file.keys() != _FILE_TYPES.keys():
        return False
    typed = all(type(file[name]) is kind for name, kind in _FILE_TYPES.items())
    return typed and _plain(file["name"])


def _plain(name: str) -> bool:
    return Path(name).name == name and name not in ("", ".", "..")


def _signed(manifest: Mapping[str, Any], publics: Mapping[str, str]) -> bool:
    said = {name: value for name, value in manifest.items() if name != "signature"}
    return verified(DOMAIN + canonical(said), manifest["signature"], publics)
