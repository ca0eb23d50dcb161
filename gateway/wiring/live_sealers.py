"""Sealers and blind index that follow the keystore (静态加密密钥热切换): each call goes by the keys of that moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl

from crypto.sealing import AesSegmentSealer, SealedWriter, StreamSealer
from gateway.wiring.live_keys import LiveKeys


@dataclass(frozen=True, slots=True)
class LiveSegments:
    """``crypto.contract.SegmentSealer`` over one alias."""

    keys: LiveKeys
    alias: str

    def seal(self, plain: bytes, context: str) -> bytes:
        """Under the active key; raises KeyUnusable."""
        return self._sealer().seal(plain, context)

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """Under whichever key it names; raises SealBroken, KeyUnusable."""
        return self._sealer().unseal(sealed, context)

    def _sealer(self) -> AesSegmentSealer:
        return self.keys.kept(f"segments {self.alias}", lambda keys: keys.segment_sealer(self.alias))


@dataclass(frozen=True, slots=True)
class LiveFiles:
    """``gateway.store.vault.FileSealer`` over one alias; a file that is begun is ended under the same key."""

    keys: LiveKeys
    alias: str

    def writer(self, raw: BinaryIO, context: str) -> SealedWriter:
        """Under the active key; raises KeyUnusable."""
        return self._sealer().writer(raw, context)

    def reader(self, raw: BinaryIO, context: str) -> Iterator[bytes]:
        """Under whichever key the file names; raises SealBroken, KeyUnusable."""
        return self._sealer().reader(raw, context)

    def _sealer(self) -> StreamSealer:
        return self.keys.kept(f"files {self.alias}", lambda keys: keys.stream_sealer(self.alias))


@dataclass(frozen=True, slots=True)
class LiveIndex:
    """``crypto.contract.BlindIndexer`` over one alias, under its active key."""

    keys: LiveKeys
    alias: str

    def tokens(self, values: pl.Series, label: str) -> npt.NDArray[np.uint64]:
        """See BlindIndexer; raises KeyUnusable."""
        made = self.keys.kept(f"index {self.alias}", lambda keys: keys.blind_index(self.alias))
        return made.tokens(values, label)
