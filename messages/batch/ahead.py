"""Reading one block ahead (预读一块): while a block is checked and stored, the next one is read in a second thread.

Worth it because nearly all of either work is done in native code that lets other threads run. Memory grows by one block.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def one_ahead(blocks: Iterator[T]) -> Iterator[T]:
    """The same blocks in the same order, and the same exception at the same place.

    ``blocks`` is advanced in one other thread only, never by two at once. Closing the result waits for the block
    under way, then closes ``blocks`` if it is a generator.
    """
    done = object()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead") as pool:
        coming = pool.submit(next, blocks, done)
        try:
            while (block := coming.result()) is not done:
                coming = pool.submit(next, blocks, done)
                yield block  # type: ignore[misc]  # not ``done``, hence a T
        finally:
            coming.cancel()
            pool.shutdown(wait=True)
            if close := getattr(blocks, "close", None):
                close()
