"""Tokens equal the library's own CMAC value by value, whatever shares a column with them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from cryptography.hazmat.primitives import cmac, hashes
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.blind_index import ROWS_AT_ONCE, BlindIndex, _CmacColumns
from crypto.contract import KeyUnusable

KEY = b"k" * 32
INDEX = BlindIndex(KEY)


def one_by_one(values: list[str | None], label: str) -> list[int]:
    subkey = HKDF(hashes.SHA256(), length=32, salt=None, info=b"blind index 1 " + label.encode()).derive(KEY)

    def token(value: str | None) -> int:
        if value is None:
            return 0
        mac = cmac.CMAC(algorithms.AES(subkey))
        mac.update(value.encode())
        return int.from_bytes(mac.finalize()[:8], "little") or 1

    return [token(value) for value in values]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=60)), max_size=40))
def test_columns_equal_one_by_one(values: list[str | None]) -> None:
    tokens = INDEX.tokens(pl.Series(values, dtype=pl.String), "person")
    assert tokens.dtype == np.uint64
    assert tokens.tolist() == one_by_one(values, "person")


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 31, 32, 33, 127, 128, 129, 5000])
def test_every_length_at_the_borders(length: int) -> None:
    values = ["9" * length, None, "张" * (length // 3), "650000000000000000"]
    assert INDEX.tokens(pl.Series(values), "account").tolist() == one_by_one(values, "account")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"", "028962f61b7bf89e"),
        (bytes.fromhex("6bc1bee22e409f96e93d7e117393172a"), "28a7023f452e8f82"),
        (
            bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411"),
            "aaf3d8f1de5640c2",
        ),
    ],
)
def test_the_chain_is_cmac_of_the_standard(message: bytes, expected: str) -> None:
    """SP 800-38B examples D.3 (AES-256); their messages are no text, so the joined octets go in directly."""
    key = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
    columns = _CmacColumns(key)
    lengths = np.array([len(message)])
    last = np.maximum((lengths + 15) // 16, 1) - 1
    words = columns._padded(np.frombuffer(message, np.uint8), lengths, last)
    from crypto.blind_index import _chained

    assert int(_chained(columns._aes(), words, last)[0]).to_bytes(8, "little").hex() == expected


def test_labels_and_keys_are_apart() -> None:
    values = pl.Series(["650000000000000000"])
    seen = {int(INDEX.tokens(values, label)[0]) for label in ("person", "account", "item")}
    seen.add(int(BlindIndex(b"x" * 32).tokens(values, "person")[0]))
    assert len(seen) == 4


def test_more_rows_than_one_block_and_none() -> None:
    values = [str(number) for number in range(ROWS_AT_ONCE + 3)]
    tokens = INDEX.tokens(pl.Series(values), "item")
    assert len(set(tokens.tolist())) == len(values)
    assert tokens[-2:].tolist() == one_by_one(values[-2:], "item")
    assert INDEX.tokens(pl.Series([], dtype=pl.String), "item").tolist() == []
    assert INDEX.tokens(pl.Series([None, None], dtype=pl.String), "item").tolist() == [0, 0]


def test_only_text_and_only_long_keys() -> None:
    with pytest.raises(TypeError):
        INDEX.tokens(pl.Series([1, 2]), "item")
    with pytest.raises(KeyUnusable):
        BlindIndex(b"short")
