"""Sealing, blind index and signatures (加密封存、盲索引、签名): plain rates, beside AES-GCM, SHA-256 and HMAC."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Final

import polars as pl
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crypto.blind_index import BlindIndex
from crypto.contract import StreamSigner
from crypto.generate import generate_key
from crypto.key_material import rsa_private
from crypto.schemes.rsa import RsaSigner
from crypto.schemes.sm2_keys import public_from_pem
from crypto.schemes.sm2_sm3 import Sm2Signer
from crypto.sealing import AesSegmentSealer
from gateway.bench import sample
from gateway.bench.rows import Row, row
from gateway.bench.timing import Contender, contest
from gateway.services.frames import seal_frame, unseal_frame

STREAM_MEGABYTES: Final = 64
SIGNATURES: Final = 200
_MEGABYTE: Final = bytes(range(256)) * 4096
_KEY: Final = bytes(range(32))
_CONTEXT: Final = "bench"
_AES: Final = "AES-GCM of the same octets"
_SHA: Final = "SHA-256 of the same octets"
_HMAC: Final = "HMAC-SHA256 a value"


def measure(items: int) -> Iterator[Row]:
    """Seal, unseal, blind index, and both signature schemes over a stream."""
    frames = [block.drop("reference") for block in sample.segments(items)]
    yield from _sealing(items, frames)
    yield _blind_index(items, frames)
    yield from _signing()


def _sealing(items: int, frames: list[pl.DataFrame]) -> Iterator[Row]:
    sealer, bare = AesSegmentSealer({"k": _KEY}, "k"), AESGCM(_KEY)
    sealed = [seal_frame(sealer, frame, _CONTEXT) for frame in frames]
    plain = [sealer.unseal(octets, _CONTEXT) for octets in sealed]
    rates = contest(
        [
            Contender("seal", items, lambda: [len(seal_frame(sealer, frame, _CONTEXT)) for frame in frames]),
            Contender("unseal", items, lambda: [unseal_frame(sealer, one, _CONTEXT).height for one in sealed]),
            Contender(_AES, items, lambda: [len(bare.encrypt(bytes(12), one, None)) for one in plain]),
            Contender(_SHA, items, lambda: [hashlib.sha256(one).digest() for one in plain]),
        ]
    )
    note = f"columns and lz4; {sum(map(len, sealed)) // items} octets an item"
    yield row("seal a segment", rates, ours="seal", limit=_AES, peer=_SHA, note=note)
    yield row("unseal a segment", rates, ours="unseal", limit=_AES, peer=_SHA)


def _blind_index(items: int, frames: list[pl.DataFrame]) -> Row:
    index, values = BlindIndex(_KEY), [frame["id_number"] for frame in frames]
    octets = ["".join(column.to_list()).encode() for column in values]
    few = values[0].to_list()
    rates = contest(
        [
            Contender("ours", items, lambda: [index.tokens(column, "person").size for column in values]),
            Contender(_SHA, items, lambda: [hashlib.sha256(one).digest() for one in octets]),
            Contender(_HMAC, len(few), lambda: [hmac.digest(_KEY, value.encode(), "sha256") for value in few]),
        ]
    )
    return row("blind index token", rates, ours="ours", limit=_SHA, peer=_HMAC, unit="values")


def _signing() -> Iterator[Row]:
    sm2, rsa = generate_key("sm2"), generate_key("rsa-2048")
    assert sm2.secret is not None and rsa.secret is not None  # noqa: S101 - newly made, both halves
    secret, public, private = sm2.secret, public_from_pem(sm2.public), rsa_private(rsa.secret, trusted=True)
    yield from _scheme("SM2 with SM3", lambda: Sm2Signer("k", secret, public, "1234567812345678", "der"), hashes.SM3())
    yield from _scheme("RSA-2048 with SHA-256", lambda: RsaSigner("k", private, "rsa-pkcs1-sha256"), hashes.SHA256())


def _scheme(name: str, signer: Callable[[], StreamSigner], digest: hashes.HashAlgorithm) -> Iterator[Row]:
    bare = f"{digest.name.upper()} alone"
    rates = contest(
        [
            Contender("stream", STREAM_MEGABYTES, lambda: _signed(signer(), STREAM_MEGABYTES)),
            Contender(bare, STREAM_MEGABYTES, lambda: _digested(digest, STREAM_MEGABYTES)),
            Contender("each", SIGNATURES, lambda: [_signed(signer(), 0) for _ in range(SIGNATURES)]),
        ]
    )
    yield row(f"sign a stream, {name}", rates, ours="stream", limit=bare, unit="MB")
    yield row(f"sign, {name}", rates, ours="each", unit="signatures")


def _signed(signer: StreamSigner, megabytes: int) -> bytes:
    for _ in range(megabytes):
        signer.update(_MEGABYTE)
    return signer.signature()


def _digested(algorithm: hashes.HashAlgorithm, megabytes: int) -> bytes:
    digest = hashes.Hash(algorithm)
    for _ in range(megabytes):
        digest.update(_MEGABYTE)
    return digest.finalize()
