"""Who calls (身份认证): a client certificate that TLS has verified, or a signed request (RFC 9421, Ed25519).

A request that is signed is judged by its signature; a certificate beside it must be the same client's.
Without either nobody is let in, unless the gateway was told to be open and everything is on loopback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from twisted.logger import Logger

from crypto.contract import CryptoError, SignatureInvalid
from crypto.http_signatures import VerifiedRequest, freshness_window, verify_request
from crypto.replay_guard import ReplayGuard
from gateway.api.clients import Client, RegisteredClient
from gateway.api.envelope import Envelope
from gateway.api.problems import Problem
from gateway.clock import Clock

SIGNATURE_AGE_SECONDS = 300

_log = Logger()


class Authenticator(Protocol):
    """Decides who sent a request from its head alone, before any byte of a body is kept."""

    def identify(self, envelope: Envelope) -> Client:
        """The client; raises Problem."""


class SignatureCheck:
    """Verifies signed requests, each of them once. ``resolve`` gives the public key of a registered key id."""

    def __init__(
        self,
        resolve: Callable[[str], Ed25519PublicKey | None],
        clock: Clock,
        *,
        public_base_url: str | None = None,
        max_age_seconds: int = SIGNATURE_AGE_SECONDS,
    ):
        self._resolve, self._clock, self._base, self._age = resolve, clock, public_base_url, max_age_seconds
        self._guard = ReplayGuard(freshness_window(max_age_seconds))

    def verified(self, envelope: Envelope) -> VerifiedRequest:
        """What the signature vouches for; raises Problem."""
        now = self._clock.now_ms() // 1000
        headers = {name: envelope.header(name) or "" for name, _ in envelope.headers}
        url = envelope.url(self._base)
        try:
            signed = verify_request(envelope.method, url, headers, self._resolve, now, self._age)
            replayed = self._guard.seen(signed.key_id, signed.nonce, now)
        except SignatureInvalid as why:
            raise Problem("NOT_AUTHENTICATED", field="Signature", en=str(why)) from None
        except CryptoError as why:  # the guard is full: better to refuse than to take one twice
            raise Problem("BUSY", en=str(why), headers={"Retry-After": str(self._age)}) from None
        if replayed:
            raise Problem("SIGNATURE_REPLAYED", field="Signature")
        return signed


class ClientRegister:
    """The authenticator of a gateway with registered clients."""

    def __init__(self, clients: Iterable[RegisteredClient], signatures: SignatureCheck | None):
        """Raises ValueError when two clients share a certificate name or a key id."""
        registered = list(clients)
        self._by_name = _index((name, client) for client in registered for name in client.certificate_names)
        self._by_key = _index((key_id, client) for client in registered for key_id in client.key_ids)
        self._signatures = signatures

    def identify(self, envelope: Envelope) -> Client:
        """The client; raises Problem NOT_AUTHENTICATED, SIGNATURE_REPLAYED."""
        certified = self._by_name.get(envelope.certificate_name or "")
        if self._signatures is not None and envelope.header("signature") is not None:
            signer = self._by_key.get(self._signatures.verified(envelope).key_id)
            if signer is None or (certified is not None and certified != signer):
                raise Problem("NOT_AUTHENTICATED", field="Signature")
            return signer
        if certified is None:
            raise Problem("NOT_AUTHENTICATED")
        return certified


class OpenOnLoopback:
    """No authentication at all, for a demonstration on one machine; every request must start and end there."""

    def __init__(self, client_id: str, listen_address: str):
        """Raises ValueError unless ``listen_address`` is a loopback address."""
        require_loopback(listen_address)
        self._client = Client(client_id, operator=True)

    def identify(self, envelope: Envelope) -> Client:
        """Everybody is the one client; raises Problem when either end is not this machine."""
        if not envelope.on_loopback:
            _log.warn("refused: an open gateway answers on loopback only")
            raise Problem("NOT_AUTHENTICATED")
        return self._client


def require_loopback(listen_address: str) -> None:
    """Raise ValueError unless the address is loopback: what is open must not be reachable."""
    if listen_address not in ("127.0.0.1", "::1"):
        raise ValueError(
            f"api.open_on_loopback is set but the API would listen on {listen_address}: "
            "bind it to 127.0.0.1 or ::1, or register clients and switch api.open_on_loopback off"
        )


def _index(pairs: Iterable[tuple[str, RegisteredClient]]) -> Mapping[str, Client]:
    found: dict[str, Client] = {}
    for name, client in pairs:
        if name in found:
            raise ValueError(f"{name!r} is registered for {found[name].client_id} and for {client.client_id}")
        found[name] = Client(client.client_id, client.operator)
    return found
