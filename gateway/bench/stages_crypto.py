"""Sealing, blind index and signatures (加密封存、盲索引、签名): plain rates, beside AES-GCM, SHA-256 and HMAC."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Final

import polars as pl
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crypto.blind_index import BlindIndex
from crypto.schemes.ciphers import CIPHERS
from crypto.sealing import AesSegmentSealer, StreamSealer
from gateway.bench import sample, stages_signing
from gateway.bench.rows import Row, row
from gateway.bench.timing import Contender, contest
from gateway.services.frames import seal_frame, unseal_frame

STREAM_MEGABYTES: Final = 24
MESSAGES: Final = 2
SIGNATURES: Final = 50
_MEGABYTE: Final = bytes(range(256)) * 4096
_KEY: Final = bytes(range(32))
_CONTEXT: Final = "bench"
_AES: Final = "AES-GCM of the same octets"
_SHA: Final = "SHA-256 of the same octets"
_SM4: Final = "SM4-CTR of the same octets"
_OCTETS: Final = {"sm4-cbc": 16, "sm4-gcm": 16, "aes-256-gcm": 32}
_HMAC: Final = "HMAC-SHA256 a value"


def measure(items: int) -> Iterator[Row]:
    """Seal and unseal segments, files and messages, blind index, and every signature scheme."""
    frames = [block.drop("reference") for block in sample.segments(items)]
    yield from _sealing(items, frames)
    yield _blind_index(items, frames)
    yield from _files(STREAM_MEGABYTES)
    yield from _messages(MESSAGES)
    yield from stages_signing.measure(STREAM_MEGABYTES, SIGNATURES)


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


def _messages(megabytes: int) -> Iterator[Row]:
    """Whole messages of a megabyte, under the ciphers that banks agree on."""
    bare = AESGCM(_KEY)
    ciphers = {name: kind.make({"k": _KEY[: _OCTETS[name]]}, "k") for name, kind in CIPHERS.items()}
    sealed = {name: cipher.encrypt(_MEGABYTE, bytes(16)) for name, cipher in ciphers.items()}
    contenders = [
        Contender(_AES, megabytes, lambda: [len(bare.encrypt(bytes(12), _MEGABYTE, None)) for _ in range(megabytes)]),
        Contender(_SM4, megabytes, lambda: [len(_counted(_MEGABYTE)) for _ in range(megabytes)]),
    ]
    for name, cipher in ciphers.items():
        contenders += [
            Contender(f"seal {name}", megabytes, _repeated(megabytes, cipher.encrypt, _MEGABYTE)),
            Contender(f"open {name}", megabytes, _repeated(megabytes, cipher.decrypt, sealed[name])),
        ]
    rates = contest(contenders)
    for name in ciphers:
        limit = _AES if name == "aes-256-gcm" else _SM4
        yield row(f"seal a message, {name}", rates, ours=f"seal {name}", limit=limit, unit="MB")
        yield row(f"open a message, {name}", rates, ours=f"open {name}", limit=limit, unit="MB")


def _repeated(times: int, work: Callable[[bytes, bytes], bytes], octets: bytes) -> Callable[[], object]:
    return lambda: [len(work(octets, bytes(16))) for _ in range(times)]


def _counted(octets: bytes) -> bytes:
    """SM4 in counter mode: what SM4 costs without padding and without a tag."""
    cipher = Cipher(algorithms.SM4(_KEY[:16]), modes.CTR(bytes(16))).encryptor()
    return cipher.update(octets) + cipher.finalize()


def _files(megabytes: int) -> Iterator[Row]:
    """A file of the vault, in memory: the disk is measured elsewhere."""
    sealer, bare = StreamSealer({"k": _KEY}, "k"), AESGCM(_KEY)
    whole = _sealed_file(sealer, megabytes)
    rates = contest(
        [
            Contender("seal", megabytes, lambda: len(_sealed_file(sealer, megabytes))),
            Contender("open", megabytes, lambda: sum(map(len, sealer.reader(BytesIO(whole), _CONTEXT)))),
            Contender(
                _AES, megabytes, lambda: [len(bare.encrypt(bytes(12), _MEGABYTE, None)) for _ in range(megabytes)]
            ),
        ]
    )
    yield row("seal a file stream", rates, ours="seal", limit=_AES, unit="MB")
    yield row("open a file stream", rates, ours="open", limit=_AES, unit="MB")


def _sealed_file(sealer: StreamSealer, megabytes: int) -> bytes:
    raw = BytesIO()
    writer = sealer.writer(raw, _CONTEXT)
    for _ in range(megabytes):
        writer.write(_MEGABYTE)
    writer.close()
    return raw.getvalue()
