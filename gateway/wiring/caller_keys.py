"""Who signs requests to the API (调用方密钥): public keys by their id, as the keystore has them at each request."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from crypto.contract import KeyUnusable
from crypto.key_entry import Purpose
from gateway.wiring.live_keys import LiveKeys


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """Active and retiring keys of every client and operator."""

    keys: LiveKeys

    def resolve(self, key_id: str) -> Ed25519PublicKey | None:
        """The key, None where none that may be used has this id."""
        try:
            return self.keys.now().ed25519_by_key_id(key_id).key
        except KeyUnusable:
            return None

    def alias_of(self, key_id: str) -> str | None:
        """Under which alias it is: ``client-<id>-verify`` or ``operator-<name>-verify``."""
        try:
            return self.keys.now().ed25519_by_key_id(key_id).alias
        except KeyUnusable:
            return self._alias_of_unusable(key_id)

    def _alias_of_unusable(self, key_id: str) -> str | None:
        """Whose a key was that is expired or revoked: its use is refused, and the refusal has a name."""
        former = [
            one.alias for one in self.keys.now().entries() if (one.key_id, one.purpose) == (key_id, Purpose.VERIFY)
        ]
        return former[0] if former else None


@dataclass(frozen=True, slots=True)
class DoorKeys:
    """``gateway.api.door.Keys``: what the API shows and whom it trusts, at each connection."""

    keys: LiveKeys

    def tls_identity(self, alias: str) -> tuple[bytes, bytes]:
        """See KeyRing; raises KeyUnusable."""
        return self.keys.kept(f"identity {alias}", lambda now: now.tls_identity(alias))

    def trusted_certificates(self, alias: str) -> list[bytes]:
        """See KeyRing; raises KeyUnusable."""
        return self.keys.kept(f"trusted {alias}", lambda now: now.trusted_certificates(alias))
