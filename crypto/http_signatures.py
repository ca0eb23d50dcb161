"""HTTP message signatures (RFC 9421) with Ed25519, and Content-Digest (RFC 9530), for requests both ways.

What must be covered is ours to say, the signature base is the library's. The body itself is compared by whoever
streams it, against ``VerifiedRequest.content_digest_sha256``.
"""

from __future__ import annotations

import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    MappingKeyResolver,
    VerifyResult,
    algorithms,
)

from crypto.contract import CryptoError, KeyUnusable, SignatureInvalid
from crypto.replay_guard import ReplayGuard, ReplayGuardFull

__all__ = [
    "ReplayGuard",
    "ReplayGuardFull",
    "VerifiedRequest",
    "content_digest",
    "freshness_window",
    "parse_content_digest",
    "sign_request",
    "verify_request",
]

CLOCK_SKEW_SECONDS = 5
LONGEST_SIGNATURE_HEADER = 4096
BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_BODY_HEADERS = ("content-type", "content-encoding")  # they change what the body means
_LABEL = "sig1"
_NONCE_LENGTH = range(8, 129)
_DIGEST_MEMBER = re.compile(r"([a-z*][a-z0-9_.*-]{0,31})=:([A-Za-z0-9+/]{0,128}={0,2}):")


@dataclass(frozen=True, slots=True)
class VerifiedRequest:
    """What the signature vouches for. Without a content digest the request must have no body: the caller sees to it."""

    key_id: str
    created: int  # epoch seconds
    nonce: str
    content_digest_sha256: bytes | None


@dataclass
class _Message:
    method: str
    url: str
    headers: dict[str, str]


class _Resolver(HTTPSignatureKeyResolver):
    def __init__(self, resolve: Callable[[str], Ed25519PublicKey | None]):
        self._resolve = resolve

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        try:
            return self._resolve(key_id)
        except (KeyUnusable, LookupError):
            return None


class _Verifier(HTTPMessageVerifier):
    """The library's verifier on a clock that is handed in."""

    def __init__(self, resolver: _Resolver, now: int, max_age_seconds: int):
        super().__init__(signature_algorithm=algorithms.ED25519, key_resolver=resolver)
        self._now = now
        self._max_age = max_age_seconds

    def validate_created_and_expires(self, sig_input: Any, max_age: object = None) -> None:  # noqa: ARG002
        created, expires = sig_input.params.get("created"), sig_input.params.get("expires")
        if type(created) is not int:
            raise InvalidSignature('it has no "created" time')
        if created > self._now + CLOCK_SKEW_SECONDS:
            raise InvalidSignature("it was made in the future: check both clocks")
        if created + self._max_age + CLOCK_SKEW_SECONDS < self._now:
            raise InvalidSignature(f"it is older than {self._max_age} s: sign again, or check both clocks")
        if expires is not None and (type(expires) is not int or expires + CLOCK_SKEW_SECONDS < self._now):
            raise InvalidSignature("it has expired")


def freshness_window(max_age_seconds: int) -> int:
    """Seconds for which a ReplayGuard must remember, if requests may be ``max_age_seconds`` old."""
    return max_age_seconds + 2 * CLOCK_SKEW_SECONDS + 1


def content_digest(sha256: bytes) -> str:
    """The Content-Digest header for a body with this SHA-256 (32 octets)."""
    if len(sha256) != 32:
        raise ValueError("a SHA-256 digest has 32 octets")
    return f"sha-256=:{b64encode(sha256).decode()}:"


def parse_content_digest(value: str) -> bytes:
    """The 32 octets of the sha-256 member; raises SignatureInvalid if there is none, or two, or it is malformed."""
    found: dict[str, bytes] = {}
    for member in value.split(","):
        match = _DIGEST_MEMBER.fullmatch(member.strip(" \t"))
        if match is None or match[1] in found:
            raise SignatureInvalid("Content-Digest is malformed: write sha-256=:<base64>:")
        try:
            found[match[1]] = b64decode(match[2], validate=True)
        except ValueError as error:
            raise SignatureInvalid("Content-Digest is not base64") from error
    if len(found.get("sha-256", b"")) != 32:
        raise SignatureInvalid("Content-Digest has no sha-256 of 32 octets")
    return found["sha-256"]


def sign_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body_sha256: bytes | None,
    key_id: str,
    private_key: Ed25519PrivateKey,
    created: int,
    *,
    nonce: str | None = None,
    also_cover: Sequence[str] = (),
) -> dict[str, str]:
    """The headers to add: Content-Digest (with a body), Signature-Input, Signature.

    ``url`` is absolute, as the other side sees it; ``created`` is epoch seconds; POST, PUT and PATCH always need
    ``body_sha256``, be the body empty. Raises ValueError, or CryptoError for what cannot be signed.
    """
    if body_sha256 is None and method in BODY_METHODS:
        raise ValueError(f"{method} needs the SHA-256 of its body")
    digest = {} if body_sha256 is None else {"Content-Digest": content_digest(body_sha256)}
    message = _Message(method, url, {**headers, **digest})
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={key_id: private_key}),
    )
    try:
        signer.sign(
            message,
            key_id=key_id,
            created=datetime.fromtimestamp(created, UTC),
            nonce=nonce or secrets.token_urlsafe(18),
            label=_LABEL,
            covered_component_ids=_covered(headers, also_cover, has_body=bool(digest)),
            use_existing_digest=bool(digest),
        )
    except HTTPMessageSignaturesException as error:
        raise CryptoError(f"the request to {url} cannot be signed: {error}") from error
    return digest | {name: message.headers[name] for name in ("Signature-Input", "Signature")}


def _covered(headers: Mapping[str, str], also_cover: Sequence[str], *, has_body: bool) -> list[str]:
    present = {name.lower() for name in headers}
    body = ["content-digest", *(name for name in _BODY_HEADERS if name in present)] if has_body else []
    return list(dict.fromkeys(["@method", "@target-uri", *body, *also_cover]))


def verify_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    resolve_public_key: Callable[[str], Ed25519PublicKey | None],
    now: int,
    max_age_seconds: int,
    *,
    also_require: Sequence[str] = (),
) -> VerifiedRequest:
    """Who signed the request; raises SignatureInvalid with the reason.

    ``headers`` in any case, repeated fields joined by ", "; ``url`` as the client wrote it; ``now`` epoch seconds.
    The resolver answers None or raises KeyUnusable or LookupError for an unknown key id. Replays are the caller's to
    refuse (``ReplayGuard``), after this.
    """
    message = _Message(method, url, {name.lower(): value for name, value in headers.items()})
    if any(len(message.headers.get(name, "")) > LONGEST_SIGNATURE_HEADER for name in ("signature", "signature-input")):
        raise SignatureInvalid("HTTP message signature: the signature headers are too long")
    verifier = _Verifier(_Resolver(resolve_public_key), now, max_age_seconds)
    try:
        (result,) = verifier.verify(message, require_components=[*_required(message), *also_require])
    except HTTPMessageSignaturesException as error:
        raise SignatureInvalid(f"HTTP message signature: {str(error)[:200] or 'it does not fit'}") from error
    return _verified(result)


def _required(message: _Message) -> list[str]:
    headers = message.headers
    has_body = (
        message.method in BODY_METHODS
        or headers.get("content-length", "0").strip() != "0"
        or "transfer-encoding" in headers
        or "content-digest" in headers
    )
    if not has_body:
        return ["@method", "@target-uri"]
    return ["@method", "@target-uri", "content-digest", *(name for name in _BODY_HEADERS if name in headers)]


def _verified(result: VerifyResult) -> VerifiedRequest:
    nonce, key_id, created = result.nonce, result.parameters["keyid"], result.parameters["created"]
    if nonce is None or len(nonce) not in _NONCE_LENGTH:
        raise SignatureInvalid("HTTP message signature: it needs a nonce of 8 to 128 characters")
    digest = result.covered_components.get('"content-digest"')
    return VerifiedRequest(str(key_id), int(created), nonce, parse_content_digest(digest) if digest else None)
