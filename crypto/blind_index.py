"""Keyed tokens of names, accounts and references (盲索引): equal values meet, and only the key leads back.

The token is AES-256-CMAC (NIST SP 800-38B), first 64 bits, under a sub-key per label. CMAC because it runs by columns:
the n-th AES block of many values is one call, where HMAC needs several Python calls for every value.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
from cryptography.hazmat.primitives import cmac, hashes
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.contract import KeyUnusable

BLOCK = 16
ROWS_AT_ONCE = 16_384  # working columns of this many rows stay in the processor's cache
LONGEST_COLUMNAR = 128  # octets; a longer value is rare and goes alone, so that it cannot widen the whole matrix
WORD = np.dtype("<u8")
Words = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]


class BlindIndex:
    """One key of at least 32 octets, a sub-key per label."""

    def __init__(self, key: bytes):
        if len(key) < 32:
            raise KeyUnusable(f"a blind index key needs at least 32 octets, this one has {len(key)}")
        self._key = key
        self._columns: dict[str, _CmacColumns] = {}

    def tokens(self, values: pl.Series, label: str) -> Words:
        """A uint64 per value of a String series: 0 for a null and only for a null; TypeError for other series."""
        if values.dtype != pl.String:
            raise TypeError(f"a blind index is over text, not {values.dtype}")
        columns = self._columns.get(label)
        if columns is None:
            columns = self._columns[label] = _CmacColumns(self._subkey(label))
        tokens = np.empty(len(values), np.uint64)
        for start in range(0, len(values), ROWS_AT_ONCE):
            part = values.slice(start, ROWS_AT_ONCE)
            tokens[start : start + len(part)] = columns.of(part)
        return tokens

    def _subkey(self, label: str) -> bytes:
        return HKDF(hashes.SHA256(), length=32, salt=None, info=b"blind index 1 " + label.encode()).derive(self._key)


class _CmacColumns:
    """CMAC of many values at once; the cipher's chaining is ours, each AES call is the library's."""

    def __init__(self, key: bytes):
        self._algorithm = algorithms.AES(key)
        zero = int.from_bytes(self._aes().update(bytes(BLOCK)), "big")
        whole = _doubled(zero)
        self._whole_mask = np.frombuffer(whole.to_bytes(BLOCK, "big"), WORD)
        self._partial_mask = np.frombuffer(_doubled(whole).to_bytes(BLOCK, "big"), WORD)

    def of(self, values: pl.Series) -> Words:
        filled = values.fill_null("")
        long = (filled.str.len_bytes() > LONGEST_COLUMNAR).rename("long")
        tokens = self._mixed(filled, long) if long.any() else self._short(filled)
        tokens[tokens == 0] = 1
        tokens[values.is_null().to_numpy()] = 0
        return tokens

    def _mixed(self, values: pl.Series, long: pl.Series) -> Words:
        tokens = np.empty(len(values), np.uint64)
        tokens[long.to_numpy()] = [self._alone(value) for value in values.filter(long)]
        tokens[(~long).to_numpy()] = self._short(values.filter(~long))
        return tokens

    def _short(self, values: pl.Series) -> Words:
        if not len(values):
            return np.empty(0, np.uint64)
        octets = np.frombuffer(values.str.join("").item().encode(), np.uint8)
        lengths = values.str.len_bytes().to_numpy().astype(np.int64)
        last = np.maximum((lengths + BLOCK - 1) // BLOCK, 1) - 1
        return _chained(self._aes(), self._padded(octets, lengths, last), last)

    def _padded(self, octets: npt.NDArray[np.uint8], lengths: Counts, last: Counts) -> Words:
        """Rows of whole blocks, padded and masked after SP 800-38B 6.2 steps 1 to 4."""
        rows, blocks = np.arange(len(lengths)), int(last.max()) + 1
        matrix = np.zeros((len(lengths), blocks * BLOCK), np.uint8)
        matrix[np.arange(blocks * BLOCK) < lengths[:, None]] = octets  # row by row, as the values were joined
        partial = lengths != (last + 1) * BLOCK
        matrix[rows[partial], lengths[partial]] = 0x80
        words = matrix.view(WORD).reshape(len(lengths), blocks, 2)
        words[rows, last] ^= np.where(partial[:, None], self._partial_mask, self._whole_mask)
        return words

    def _alone(self, value: str) -> int:
        mac = cmac.CMAC(self._algorithm)
        mac.update(value.encode())
        return int.from_bytes(mac.finalize()[:8], "little")

    def _aes(self) -> CipherContext:
        # ECB is the bare block function that CMAC is defined on; nothing is encrypted with it.
        return Cipher(self._algorithm, modes.ECB()).encryptor()  # noqa: S305


def _chained(aes: CipherContext, words: Words, last: Counts) -> Words:
    """The first word of the CBC chain where each row's last block is; shorter rows stand still."""
    state = np.zeros((len(words), 2), WORD)
    for block in range(words.shape[1]):
        chained = np.frombuffer(aes.update((state ^ words[:, block]).tobytes()), WORD).reshape(-1, 2)
        state = np.where((last >= block)[:, None], chained, state) if block else chained
    return state[:, 0].copy()  # the chain's own memory is read-only


def _doubled(block: int) -> int:
    """Multiplication by x in GF(2^128), SP 800-38B 6.1."""
    return ((block << 1) & ((1 << 128) - 1)) ^ (0x87 if block >> 127 else 0)
