"""Client systems (客户端): as the settings register them, and as a request is known to come from one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """Who calls."""

    client_id: str
    operator: bool = False  # may read what concerns the gateway itself


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """How one client proves who it is."""

    client_id: str
    certificate_names: tuple[str, ...] = ()  # subject CN of its client certificates
    key_ids: tuple[str, ...] = ()  # ids of its Ed25519 signing keys
    operator: bool = False
