"""Signing and verifying (签名、验签), scheme by scheme, as a message meets them: keys read, digest, operation.

The limit of short messages is the library's own operation over a finished digest with a key at hand; that of a stream is
the digest alone.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from crypto.contract import SchemeName, SchemeParameters, StreamSigner, StreamVerifier
from crypto.generate import Kind, generate_key
from crypto.key_material import KeyMaterial, rsa_private, rsa_public
from crypto.schemes import ecdsa_keys, ed25519, sm2_keys, sm2_library
from crypto.schemes.registry import SCHEMES
from gateway.bench.rows import Row, row
from gateway.bench.timing import Contender, contest

_MEGABYTE: Final = bytes(range(256)) * 4096
_MESSAGE: Final = _MEGABYTE[:1024]
_KINDS: Final[Mapping[SchemeName, Kind]] = {
    "sm2-sm3": "sm2",
    "rsa-pkcs1-sha256": "rsa-2048",
    "rsa-pss-sha256": "rsa-2048",
    "ecdsa-p256-sha256": "ecdsa-p256",
    "ecdsa-p384-sha384": "ecdsa-p384",
    "ed25519": "ed25519",
    "hmac-sha256": "hmac",
    "hmac-sm3": "hmac",
}
_STREAMED: Final[Mapping[SchemeName, hashes.HashAlgorithm]] = {
    "sm2-sm3": hashes.SM3(),
    "rsa-pkcs1-sha256": hashes.SHA256(),
    "ecdsa-p384-sha384": hashes.SHA384(),
    "hmac-sm3": hashes.SM3(),
}


@dataclass(frozen=True, slots=True)
class _Bare:
    """What the library does with a digest and a key that is ready."""

    sign: Callable[[], bytes]
    verify: Callable[[bytes], object]


def measure(megabytes: int, signatures: int) -> Iterator[Row]:
    """Short messages of every scheme, then streams of ``megabytes`` of those whose digests differ."""
    keys = {kind: generate_key(kind) for kind in dict.fromkeys(_KINDS.values())}
    for name, kind in _KINDS.items():
        yield from _short(name, keys[kind], signatures)
    for name, digest in _STREAMED.items():
        yield _stream(name, keys[_KINDS[name]], digest, megabytes)


def _short(name: SchemeName, key: KeyMaterial, signatures: int) -> Iterator[Row]:
    bare, again = _BARE[name](key), range(signatures)
    signature, made = _signed(_signer(name, key)), bare.sign()
    rates = contest(
        [
            Contender("sign", signatures, lambda: [_signed(_signer(name, key)) for _ in again]),
            Contender("bare sign", signatures, lambda: [bare.sign() for _ in again]),
            Contender("verify", signatures, lambda: [_verified(_verifier(name, key), signature) for _ in again]),
            Contender("bare verify", signatures, lambda: [bare.verify(made) for _ in again]),
        ]
    )
    yield row(f"sign 1 KB, {name}", rates, ours="sign", limit="bare sign", unit="signatures")
    yield row(f"verify 1 KB, {name}", rates, ours="verify", limit="bare verify", unit="signatures")


def _stream(name: SchemeName, key: KeyMaterial, digest: hashes.HashAlgorithm, megabytes: int) -> Row:
    alone = f"{digest.name.upper()} alone"
    rates = contest(
        [
            Contender("stream", megabytes, lambda: _streamed(_signer(name, key), megabytes)),
            Contender(alone, megabytes, lambda: _digested(digest, megabytes)),
        ]
    )
    return row(f"sign a stream, {name}", rates, ours="stream", limit=alone, unit="MB")


def _signer(name: SchemeName, key: KeyMaterial) -> StreamSigner:
    return SCHEMES[name].signer(key.secret or b"", SchemeParameters(name), key_id="k", public=key.public)


def _verifier(name: SchemeName, key: KeyMaterial) -> StreamVerifier:
    if SCHEMES[name].symmetric:
        return SCHEMES[name].verifier({"k": key.secret or b""}, SchemeParameters(name))
    return SCHEMES[name].verifier({"k": key.public}, SchemeParameters(name))


def _signed(signer: StreamSigner) -> bytes:
    signer.update(_MESSAGE)
    return signer.signature()


def _verified(verifier: StreamVerifier, signature: bytes) -> str:
    verifier.update(_MESSAGE)
    return verifier.verify(signature)


def _streamed(signer: StreamSigner, megabytes: int) -> bytes:
    for _ in range(megabytes):
        signer.update(_MEGABYTE)
    return signer.signature()


def _digested(algorithm: hashes.HashAlgorithm, megabytes: int) -> bytes:
    digest = hashes.Hash(algorithm)
    for _ in range(megabytes):
        digest.update(_MEGABYTE)
    return digest.finalize()


def _bare_sm2(key: KeyMaterial) -> _Bare:
    secret, public, digest = key.secret or b"", sm2_keys.public_from_pem(key.public), bytes(range(32))
    return _Bare(
        lambda: sm2_library.sign_digest(secret, digest),
        lambda made: sm2_library.verify_digest(public, digest, made),
    )


def _bare_rsa(key: KeyMaterial, *, pss: bool) -> _Bare:
    private, public = rsa_private(key.secret or b"", trusted=True), rsa_public(key.public)
    digest, hashed = bytes(range(32)), Prehashed(hashes.SHA256())
    way = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH) if pss else padding.PKCS1v15()
    return _Bare(lambda: private.sign(digest, way, hashed), lambda made: public.verify(made, digest, way, hashed))


def _bare_ecdsa(key: KeyMaterial, algorithm: hashes.HashAlgorithm) -> _Bare:
    private, public = ecdsa_keys.private_from_der(key.secret or b""), ecdsa_keys.public_from_pem(key.public)
    digest, way = bytes(range(algorithm.digest_size)), ec.ECDSA(Prehashed(algorithm))
    return _Bare(lambda: private.sign(digest, way), lambda made: public.verify(made, digest, way))


def _bare_ed25519(key: KeyMaterial) -> _Bare:
    private, public = ed25519.private_from_der(key.secret or b""), ed25519.public_from_pem(key.public)
    return _Bare(lambda: private.sign(_MESSAGE), lambda made: public.verify(made, _MESSAGE))


def _bare_hmac(key: KeyMaterial, digest: str) -> _Bare:
    """The standard library's; where its OpenSSL has no SM3, the digest alone."""
    secret = key.secret or b""
    if digest not in hashlib.algorithms_available:
        return _Bare(lambda: _digested(hashes.SM3(), 0), lambda made: hmac.compare_digest(made, made))

    def tag() -> bytes:
        return hmac.digest(secret, _MESSAGE, digest)

    return _Bare(tag, lambda made: hmac.compare_digest(tag(), made))


_BARE: Final[Mapping[SchemeName, Callable[[KeyMaterial], _Bare]]] = {
    "sm2-sm3": _bare_sm2,
    "rsa-pkcs1-sha256": lambda key: _bare_rsa(key, pss=False),
    "rsa-pss-sha256": lambda key: _bare_rsa(key, pss=True),
    "ecdsa-p256-sha256": lambda key: _bare_ecdsa(key, hashes.SHA256()),
    "ecdsa-p384-sha384": lambda key: _bare_ecdsa(key, hashes.SHA384()),
    "ed25519": _bare_ed25519,
    "hmac-sha256": lambda key: _bare_hmac(key, "sha256"),
    "hmac-sm3": lambda key: _bare_hmac(key, "sm3"),
}
