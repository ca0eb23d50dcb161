"""Sealing at rest with AES-256-GCM (静态加密): a block of columns at once, or a file of any length in chunks.

Every sealed thing starts with a header that names its format and key; header and ``context`` are authenticated, so
that sealed bytes moved to another place no longer open. Keys are 32 octets; the keys that encrypt are derived from
them (HKDF-SHA256) separately for the two formats.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.contract import KeyUnusable, SealBroken

SEGMENT_MAGIC = b"BGS\x01"
STREAM_MAGIC = b"BGV\x01"
NONCE_BYTES = 12
TAG_BYTES = 16
SALT_BYTES = 32
LARGEST_CHUNK = 16 * 1024 * 1024  # bounds what a forged header can make us allocate
HEAD_BYTES = 5 + 255  # no header that names a key is longer


def _derived(key: bytes, salt: bytes | None, info: bytes) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), length=32, salt=salt, info=info).derive(key))


def _checked(keys: Mapping[str, bytes], active: str | None) -> dict[str, bytes]:
    if active is not None and active not in keys:
        raise KeyUnusable(f"the active key {active} is not among the keys")
    for key_id, key in keys.items():
        if len(key) != 32 or not 1 <= len(key_id.encode()) <= 255:
            raise KeyUnusable(f"key {key_id[:40]}: a sealing key has 32 octets and an id of 1 to 255")
    return dict(keys)


def _header(magic: bytes, key_id: str) -> bytes:
    name = key_id.encode()
    return magic + bytes([len(name)]) + name


def key_range(magic: bytes, key_id: str) -> tuple[bytes, bytes]:
    """(first, behind the last): of sealed bytes in their order, those between the two are sealed under this key."""
    first = _header(magic, key_id)
    return first, first[:-1] + bytes([first[-1] + 1])  # a key id is UTF-8, which never ends in 0xFF


def named_key(sealed: bytes) -> str | None:
    """The key that sealed bytes name in their header, or None; nothing is opened, ``HEAD_BYTES`` octets are enough."""
    if sealed[:4] not in (SEGMENT_MAGIC, STREAM_MAGIC) or len(sealed) < 5 or not 0 < sealed[4] <= len(sealed) - 5:
        return None
    return _key_id(sealed[5 : 5 + sealed[4]])


class AesSegmentSealer:
    """Seals whole blocks: header, 96-bit random nonce, ciphertext, tag; good for 2^32 blocks a key."""

    def __init__(self, keys: Mapping[str, bytes], active: str | None):
        """``keys`` by id, any of which may open; ``active`` seals. KeyUnusable if it is not among them."""
        self._ciphers = {key_id: _derived(key, None, SEGMENT_MAGIC) for key_id, key in _checked(keys, active).items()}
        self._active = active

    def seal(self, plain: bytes, context: str) -> bytes:
        """Header, nonce, ciphertext and tag; KeyUnusable without an active key."""
        if self._active is None:
            raise KeyUnusable("no active key to seal with")
        header = _header(SEGMENT_MAGIC, self._active)
        nonce = os.urandom(NONCE_BYTES)
        return header + nonce + self._ciphers[self._active].encrypt(nonce, plain, header + context.encode())

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """The plain octets; raises SealBroken."""
        start = 5 + (sealed[4] if len(sealed) > 4 else 0)
        header, nonce = sealed[:start], sealed[start : start + NONCE_BYTES]
        if header[:4] != SEGMENT_MAGIC or len(sealed) < start + NONCE_BYTES + TAG_BYTES:
            raise SealBroken("not a sealed segment, or cut short")
        cipher = self._ciphers.get(_key_id(header[5:]))
        if cipher is None:
            raise SealBroken("sealed under a key that is not here, or its header was changed")
        try:
            return cipher.decrypt(nonce, memoryview(sealed)[start + NONCE_BYTES :], header + context.encode())
        except InvalidTag as error:
            raise SealBroken("the sealed segment was changed or belongs elsewhere") from error


class StreamSealer:
    """Seals files in constant memory, after the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015).

    A fresh salt gives every file its own key, chunks are counted, and the last one is marked: cutting, extending,
    exchanging and reordering break the seal.
    """

    def __init__(self, keys: Mapping[str, bytes], active: str | None, chunk_bytes: int = 1024 * 1024):
        """``keys`` by id, any of which may open; ``active`` seals. KeyUnusable if it is not among them."""
        if not 0 < chunk_bytes <= LARGEST_CHUNK:
            raise ValueError(f"chunk_bytes must be 1 to {LARGEST_CHUNK}")
        self._keys = _checked(keys, active)
        self._active = active
        self._chunk_bytes = chunk_bytes

    def writer(self, raw: BinaryIO, context: str) -> SealedWriter:
        """Seal what is written to it into ``raw``; KeyUnusable without an active key."""
        if self._active is None:
            raise KeyUnusable("no active key to seal with")
        header = _header(STREAM_MAGIC, self._active) + struct.pack(">I", self._chunk_bytes) + os.urandom(SALT_BYTES)
        _write(raw, header)
        return SealedWriter(raw, _file_cipher(self._keys[self._active], header, context), self._chunk_bytes)

    def reader(self, raw: BinaryIO, context: str) -> Iterator[bytes]:
        """The plain octets in chunks, each verified; raises SealBroken.

        Only an iterator that has ended without SealBroken has shown the whole file: act on its content then.
        """
        start = _exactly(raw, 5)
        if start[:4] != STREAM_MAGIC or len(start) != 5:
            raise SealBroken("not a sealed file")
        rest = _exactly(raw, start[4] + 4 + SALT_BYTES)
        if len(rest) != start[4] + 4 + SALT_BYTES:
            raise SealBroken("the sealed file is cut short")
        key = self._keys.get(_key_id(rest[: start[4]]))
        (chunk_bytes,) = struct.unpack_from(">I", rest, start[4])
        if key is None or not 0 < chunk_bytes <= LARGEST_CHUNK:
            raise SealBroken("sealed under a key that is not here, or its header was changed")
        yield from _opened(raw, _file_cipher(key, start + rest, context), chunk_bytes)


class SealedWriter:
    """What ``StreamSealer.writer`` gives. Without ``close`` the file stays visibly cut."""

    def __init__(self, raw: BinaryIO, cipher: AESGCM, chunk_bytes: int):
        self._raw = raw
        self._cipher = cipher
        # Two buffers for the whole file: memory taken anew for every chunk costs more than the cipher.
        self._plain = memoryview(bytearray(chunk_bytes))
        self._sealed = memoryview(bytearray(chunk_bytes + TAG_BYTES))
        self._filled = 0
        self._chunk_no = 0
        self._closed = False

    def write(self, data: bytes) -> int:
        """Take more plain octets, and say how many: all of them."""
        if self._closed:
            raise ValueError("write to a closed sealed file")
        taken = 0
        while taken < len(data):
            if self._filled == len(self._plain):  # only now is it known not to be the last
                self._emit(final=False)
            count = min(len(data) - taken, len(self._plain) - self._filled)
            self._plain[self._filled : self._filled + count] = data[taken : taken + count]
            self._filled += count
            taken += count
        return taken

    def close(self) -> None:
        """Seal the last chunk. The file below stays open: flushing and syncing it is its owner's."""
        if not self._closed:
            self._closed = True  # first: a failed close must not seal other octets under the same nonce later
            self._emit(final=True)

    def _emit(self, *, final: bool) -> None:
        sealed = self._sealed[: self._filled + TAG_BYTES]
        self._cipher.encrypt_into(_nonce(self._chunk_no, final=final), self._plain[: self._filled], None, sealed)
        _write(self._raw, sealed)
        self._filled = 0
        self._chunk_no += 1


def _opened(raw: BinaryIO, cipher: AESGCM, chunk_bytes: int) -> Iterator[bytes]:
    sealed = _exactly(raw, chunk_bytes + TAG_BYTES)
    chunk_no = 0
    while True:
        following = _exactly(raw, chunk_bytes + TAG_BYTES)
        try:
            plain = cipher.decrypt(_nonce(chunk_no, final=not following), sealed, None)
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"chunk {chunk_no} was changed, cut, moved or belongs elsewhere") from error
        if plain:
            yield plain
        if not following:
            return
        sealed, chunk_no = following, chunk_no + 1


def _file_cipher(key: bytes, header: bytes, context: str) -> AESGCM:
    return _derived(key, header[-SALT_BYTES:], header + context.encode())


def _nonce(chunk_no: int, *, final: bool) -> bytes:
    return struct.pack(">7xIB", chunk_no, final)  # pack refuses a counter that would wrap round


def _key_id(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _write(raw: BinaryIO, data: bytes | memoryview) -> None:
    if raw.write(data) != len(data):
        raise OSError("the file below took only part of a sealed chunk")


def _exactly(raw: BinaryIO, size: int) -> bytes:
    """``size`` octets, fewer only at the end; a file object may return less than asked for."""
    data = raw.read(size)
    if len(data) == size or not data:
        return data
    parts = [data]
    while (missing := size - sum(map(len, parts))) and (more := raw.read(missing)):
        parts.append(more)
    return b"".join(parts)
