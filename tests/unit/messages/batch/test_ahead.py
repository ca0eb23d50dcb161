"""Reading ahead changes nothing but the time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from messages.batch.ahead import one_ahead


def test_same_blocks_in_the_same_order_in_another_thread() -> None:
    threads = set()

    def blocks() -> Iterator[int | None]:
        for number in (1, None, 3):
            threads.add(threading.get_ident())
            yield number

    assert list(one_ahead(blocks())) == [1, None, 3]
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    assert list(one_ahead(iter([]))) == []


def test_an_exception_comes_where_it_would_have_come() -> None:
    def blocks() -> Iterator[int]:
        yield 1
        raise ValueError("here")

    reading = one_ahead(blocks())
    assert next(reading) == 1
    with pytest.raises(ValueError, match="here"):
        next(reading)


def test_closing_early_closes_the_source() -> None:
    closed = []

    def blocks() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append(True)

    reading = one_ahead(blocks())
    assert next(reading) == 0
    reading.close()  # type: ignore[attr-defined]
    assert closed == [True]
