"""What is in force when a node starts (启动记录): settings, roles and every configuration file, by their digests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from gateway.core.act_values import MOST_VALUES, reference
from gateway.services import auditing
from gateway.settings import Settings
from gateway.store import audit_reading
from gateway.store.audit import canonical, sm3

ACTION: Final = "gateway.started"
_LARGEST_BYTES: Final = 64_000_000


def write_start(tx: Connection, settings: Settings, now_ms: int) -> None:
    """One entry: the files that are not what they were at the start before, and the digest of everything.

    A start with the same files as before names none of them; ``before`` is what was in force then.
    """
    files = dict(_files(settings.config))
    digest = sm3(canonical({"files": files, "settings": _settings_digest(settings)}))
    last = audit_reading.last_of(tx, ACTION)
    before = {"digest": last.after.get("digest")} if last is not None else {}
    after: dict[str, Any] = {
        "node": settings.node,
        "gateway_code": settings.gateway_code,
        "digest": digest,
        "files": len(files),
        "roles": _roles(settings),
    }
    if before.get("digest") != digest:
        shown = [f"{reference(name)}={value}" for name, value in sorted(files.items())]
        after["digests"] = [f"settings={_settings_digest(settings)}", *shown][:MOST_VALUES]
    auditing.write(tx, auditing.GATEWAY, ACTION, settings.node, now_ms, before=before, after=after)


def _files(directory: Path) -> Iterator[tuple[str, str]]:
    """(path below ``directory``, SM3) of every file."""
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.stat().st_size <= _LARGEST_BYTES:
            yield path.relative_to(directory).as_posix(), sm3(path.read_bytes())


def _settings_digest(settings: Settings) -> str:
    return sm3(canonical(settings.model_dump(mode="json")))


def _roles(settings: Settings) -> list[str]:
    """``name:role`` of everybody."""
    held: list[tuple[str, str]] = [(name, role) for name, one in settings.operators.items() for role in one.roles]
    held += [(name, role) for name, one in settings.clients.items() for role in one.roles]
    return [reference(f"{name}:{role}") for name, role in sorted(held)][:MOST_VALUES]
