"""Anchors of the audit (审计锚): signed statements about the chain's end, kept outside the database.

Whoever rewrites the chain in the database cannot rewrite them too: keep them on another machine, or on a medium that
is written once (``docs/audit.md``).
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson

from crypto.contract import CryptoError, SchemeParameters, StreamSigner
from crypto.schemes.registry import SCHEMES
from gateway.store.audit import canonical

ALIAS: Final = "audit-anchor"
PARAMETERS: Final = SchemeParameters("sm2-sm3")
LARGEST_BYTES: Final = 16_384
_TYPES: Final = {"gateway_code": str, "day": str, "seq": int, "hash": str, "count": int, "at_ms": int, "key_id": str}


class BadAnchor(Exception):
    """A file that should be an anchor and is none, or whose signature is wrong; says which and why."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The chain's end at one moment; ``count`` is how many entries there were, ``day`` the day in China."""

    gateway_code: str
    day: str
    seq: int
    hash: str
    count: int
    at_ms: int
    key_id: str
    signature: str = ""  # SM2 with SM3, DER, Base64

    def statement(self) -> bytes:
        """What is signed."""
        said = {name: value for name, value in asdict(self).items() if name != "signature"}
        return b"gateway-audit-anchor-1\n" + canonical(said)


def signed(anchor: Anchor, signer: StreamSigner) -> Anchor:
    """The anchor with its signature."""
    anchor = replace(anchor, key_id=signer.key_id)
    signer.update(anchor.statement())
    return replace(anchor, signature=b64encode(signer.signature()).decode())


def write_once(directory: Path, anchor: Anchor) -> Path | None:
    """Put the anchor there, for the first time that day; None where the day has one. Raises OSError.

    It is complete or not there: written beside, then linked under its name, which never replaces anything.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = path_of(directory, anchor.day)
    beside = directory / f".{target.name}.{os.getpid()}"
    try:
        with beside.open("wb") as file:
            file.write(orjson.dumps(asdict(anchor), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(0o444)
        os.link(beside, target)
    except FileExistsError:
        return None
    finally:
        beside.unlink(missing_ok=True)
    return target


def path_of(directory: Path, day: str) -> Path:
    """Where the anchor of a day is."""
    return directory / f"anchor-{day}.json"


def read_anchors(directory: Path, publics: Mapping[str, str]) -> tuple[dict[int, list[Anchor]], list[BadAnchor]]:
    """Every anchor of the directory whose signature one of ``publics`` verifies, by seq; and what is wrong with others."""
    found: dict[int, list[Anchor]] = {}
    bad: list[BadAnchor] = []
    for path in sorted(directory.glob("anchor-*.json")):
        try:
            anchor = read_anchor(path, publics)
        except BadAnchor as fault:
            bad.append(fault)
        else:
            found.setdefault(anchor.seq, []).append(anchor)
    return found, bad


def read_anchor(path: Path, publics: Mapping[str, str]) -> Anchor:
    """One anchor, its signature verified; raises BadAnchor."""
    try:
        with path.open("rb") as file:
            octets = file.read(LARGEST_BYTES + 1)
        if len(octets) > LARGEST_BYTES:
            raise ValueError("too long")
        anchor = _understood(orjson.loads(octets))
    except (OSError, ValueError) as fault:
        raise BadAnchor(f"{path.name}: it cannot be read as an anchor") from fault
    if path_of(path.parent, anchor.day) != path:
        raise BadAnchor(f"{path.name}: it is the anchor of {anchor.day[:10]}, under a wrong name")
    if not verified(anchor.statement(), anchor.signature, publics):
        raise BadAnchor(f"{path.name}: its signature is wrong, or was made by a key that is not given")
    return anchor


def verified(statement: bytes, signature: str, publics: Mapping[str, str]) -> bool:
    """Whether one of the keys (PEM by key id) has signed the statement (SM2 with SM3, DER, Base64)."""
    if not publics:
        return False
    try:
        verifier = SCHEMES["sm2-sm3"].verifier(publics, PARAMETERS)
        verifier.update(statement)
        verifier.verify(b64decode(signature, validate=True))
    except (CryptoError, ValueError):
        return False
    return True


def _understood(data: Any) -> Anchor:
    if not isinstance(data, dict) or data.keys() != {*_TYPES, "signature"}:
        raise ValueError("not the fields of an anchor")
    if any(type(data[name]) is not kind for name, kind in _TYPES.items()) or not isinstance(data["signature"], str):
        raise ValueError("fields of a wrong type")
    return Anchor(**data)
