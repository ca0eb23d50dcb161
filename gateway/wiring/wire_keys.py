"""What the wire to one bank rests on (线路密钥): certificates, authorities and passwords, drawn together at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.endpoints import AmqpEndpoint, Endpoint, HttpsEndpoint, TcpEndpoint
from crypto.key_entry import KeyState
from crypto.keystore import Keystore
from gateway.transports.contract import Misconfigured


@dataclass(frozen=True, slots=True)
class WireKeys:
    """Equal for as long as nothing has changed that the wire would notice."""

    identity: bytes | None = field(repr=False)  # PEM of our certificate, chain and key
    trusted: bytes | None  # PEM of the CAs that we trust: several while one takes over from another
    password: str | None = field(repr=False)
    made_of: tuple[tuple[str, str], ...]  # (alias, key id) of what is ours

    def revoked(self, keys: Keystore) -> bool:
        """Whether one of our keys in it has been revoked since."""
        return any(
            entry.state is KeyState.REVOKED
            for alias, key_id in self.made_of
            for entry in keys.entries(alias)
            if entry.key_id == key_id
        )


def wire_keys(keys: Keystore, endpoint: Endpoint) -> WireKeys:
    """Raises KeyUnusable, and Misconfigured for a transport that moves files."""
    if not isinstance(endpoint, HttpsEndpoint | TcpEndpoint | AmqpEndpoint):
        raise Misconfigured("the bank's profile has a transport that moves files, not messages")
    identity = trusted = password = None
    ours: list[str] = []
    if endpoint.client_certificate is not None and endpoint.trusted_ca is not None:
        certificate, key = keys.tls_identity(endpoint.client_certificate)
        identity = certificate + key
        trusted = b"".join(keys.trusted_certificates(endpoint.trusted_ca))
        ours.append(endpoint.client_certificate)
    if isinstance(endpoint, AmqpEndpoint):
        password = keys.secret(endpoint.password)
        ours.append(endpoint.password)
    return WireKeys(identity, trusted, password, tuple((alias, keys.active_key_id(alias)) for alias in ours))
