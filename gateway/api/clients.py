"""Who may call (调用方): client systems and operators, as the settings register them and as a request shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from gateway.core.authority import Actor, Permission, Role, may

PLATFORM: Final = frozenset({Role.PLATFORM})


@dataclass(frozen=True, slots=True)
class Client:
    """Who calls: a client system by its id, or a person by the operator's name."""

    client_id: str
    roles: frozenset[Role] = PLATFORM
    scopes: tuple[str, ...] = ()
    origin: str = ""  # the address it calls from
    key: str = ""  # fingerprint of the public key by which it proved itself
    person: bool = False

    @property
    def actor(self) -> Actor:
        """The same as services and the audit know it."""
        return Actor(self.client_id, self.roles, self.scopes, self.origin, self.key)

    def may(self, permission: Permission) -> bool:
        """Whether its roles have the permission; over which names is for whoever knows the name to ask."""
        return may(self.actor, permission)

    def met(self, origin: str, key: str) -> Client:
        """The same, calling from there with that key."""
        return replace(self, origin=origin, key=key)


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """How one client or operator proves who it is."""

    client_id: str
    certificate_names: tuple[str, ...] = ()  # subject CN of its client certificates
    key_ids: tuple[str, ...] = ()  # ids of its Ed25519 signing keys, beside those of ``alias``
    roles: frozenset[Role] = PLATFORM
    scopes: tuple[str, ...] = ()
    person: bool = False

    @property
    def alias(self) -> str:
        """Where its public keys are in the keystore: they rotate there, without a change of settings."""
        return f"{'operator' if self.person else 'client'}-{self.client_id}-verify"

    @property
    def client(self) -> Client:
        """Who a request is from once it has been proven."""
        return Client(self.client_id, self.roles, self.scopes, person=self.person)
