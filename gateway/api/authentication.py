"""Who calls (身份认证): a client certificate that TLS has verified, or a signed request (RFC 9421, Ed25519).

A request that is signed is judged by its signature; a certificate beside it must be the same client's.
Without either nobody is let in, unless the gateway was told to be open and everything is on loopback.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from twisted.logger import Logger

from crypto.contract import CryptoError, SignatureInvalid
from crypto.http_signatures import VerifiedRequest, freshness_window, verify_request
from crypto.key_material import Algorithm, KeyMaterial
from crypto.replay_guard import ReplayGuard
from crypto.schemes.ed25519 import public_to_pem
from gateway.api.clients import Client, RegisteredClient
from gateway.api.envelope import Envelope
from gateway.api.problems import Problem
from gateway.api.refused import Note, Refused, unnoted
from gateway.clock import Clock
from gateway.core.authority import Actor, Role

SIGNATURE_AGE_SECONDS = 300
_KEY_ID = re.compile(r';keyid="([A-Za-z0-9._-]{1,64})"')

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

    def verified(self, envelope: Envelope) -> tuple[VerifiedRequest, str]:
        """What the signature vouches for, and the fingerprint of the key that made it; raises Problem."""
        now = self._clock.now_ms() // 1000
        headers = {name: envelope.header(name) or "" for name, _ in envelope.headers}
        url, used = envelope.url(self._base), _UsedKey(self._resolve)
        try:
            signed = verify_request(envelope.method, url, headers, used.remember, now, self._age)
            replayed = self._guard.seen(signed.key_id, signed.nonce, now)
        except SignatureInvalid as why:
            raise Problem("NOT_AUTHENTICATED", field="Signature", en=str(why)) from None
        except CryptoError as why:  # the guard is full: better to refuse than to take one twice
            raise Problem("BUSY", en=str(why), headers={"Retry-After": str(self._age)}) from None
        if replayed:
            raise Problem("SIGNATURE_REPLAYED", field="Signature")
        return signed, used.fingerprint


class _UsedKey:
    """Remembers the public key by which a request was verified: it may be gone a moment later."""

    def __init__(self, resolve: Callable[[str], Ed25519PublicKey | None]):
        self._resolve = resolve
        self.fingerprint = ""

    def remember(self, key_id: str) -> Ed25519PublicKey | None:
        key = self._resolve(key_id)
        if key is not None:
            self.fingerprint = KeyMaterial(Algorithm.ED25519, public_to_pem(key)).fingerprint()
        return key


class ClientRegister:
    """The authenticator of a gateway with registered clients and operators."""

    def __init__(
        self,
        clients: Iterable[RegisteredClient],
        signatures: SignatureCheck | None,
        alias_of: Callable[[str], str | None] = lambda _: None,
        note: Note = unnoted,
    ):
        """``alias_of`` tells whose a key id is in the keystore. Raises ValueError when two share a name or a key id."""
        registered = list(clients)
        self._by_name = _index((name, client) for client in registered for name in client.certificate_names)
        self._by_key = _index((key_id, client) for client in registered for key_id in client.key_ids)
        self._by_alias = _index((client.alias, client) for client in registered)
        self._signatures, self._alias_of, self._note = signatures, alias_of, note

    def identify(self, envelope: Envelope) -> Client:
        """The client; raises Problem NOT_AUTHENTICATED, SIGNATURE_REPLAYED."""
        certified = self._by_name.get(envelope.certificate_name or "")
        if self._signatures is not None and envelope.header("signature") is not None:
            return self._signed(self._signatures, envelope, certified)
        if certified is None:
            raise Problem("NOT_AUTHENTICATED")
        return certified.met(envelope.remote_address, envelope.certificate_key)

    def _signed(self, signatures: SignatureCheck, envelope: Envelope, certified: Client | None) -> Client:
        try:
            signed, fingerprint = signatures.verified(envelope)
        except Problem as problem:
            self._refused(self._owner(_claimed_key_id(envelope)), envelope, problem.code)
            raise
        signer = self._owner(signed.key_id)
        if signer is None or (certified is not None and certified != signer):
            self._refused(signer, envelope, "NOT_AUTHENTICATED")
            raise Problem("NOT_AUTHENTICATED", field="Signature")
        return signer.met(envelope.remote_address, fingerprint)

    def _owner(self, key_id: str) -> Client | None:
        return self._by_key.get(key_id) or self._by_alias.get(self._alias_of(key_id) or "")

    def _refused(self, claimed: Client | None, envelope: Envelope, code: str) -> None:
        """Only the name that was claimed is known, and nothing of it is proven."""
        if claimed is not None and claimed.person:
            who = Actor(claimed.client_id, frozenset(), origin=envelope.remote_address)
            self._note(Refused(who, code))


class OpenOnLoopback:
    """No authentication at all, for a demonstration on one machine; every request must start and end there."""

    def __init__(self, client_id: str, listen_address: str):
        """Raises ValueError unless ``listen_address`` is a loopback address."""
        require_loopback(listen_address)
        self._client = Client(client_id, frozenset({Role.PLATFORM, Role.OPERATOR}))

    def identify(self, envelope: Envelope) -> Client:
        """Everybody is the one client; raises Problem when either end is not this machine."""
        if not envelope.on_loopback:
            _log.warn("refused: an open gateway answers on loopback only")
            raise Problem("NOT_AUTHENTICATED")
        return self._client.met(envelope.remote_address, "")


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
        found[name] = client.client
    return found


def _claimed_key_id(envelope: Envelope) -> str:
    """Which key a signature says it was made with; "" where it does not say."""
    found = _KEY_ID.search((envelope.header("signature-input") or "")[:4096])
    return found[1] if found else ""
