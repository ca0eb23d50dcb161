"""The quick way to read a field of words gives what the thorough way gives, and refuses what that refuses."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.layout.errors import CellsRefused
from messages.layout.word_cells import DIGITS, PRINTABLE, Repertoire, WordCells

CELLS = st.lists(st.text(" 0A", min_size=3, max_size=3), min_size=1, max_size=4)


def values(cells: WordCells, words: list[str], *, quick: bool) -> list[str | None] | int:
    matrix = np.array([list(word.encode()) for word in words], dtype=np.uint8)
    try:
        drawn = cells.draw(matrix) if quick else cells.joined(matrix)
    except CellsRefused as refused:
        return refused.row
    if drawn is None:
        return [None] * len(words)
    if isinstance(drawn, str):
        drawn = pl.DataFrame({"w": drawn.split("\n")}).select(cells.value(pl.col("w")))["w"]
    return drawn.to_list()


@settings(max_examples=300, deadline=None)
@given(words=CELLS, repertoire=st.sampled_from([PRINTABLE, DIGITS]), full=st.booleans(), right=st.booleans())
def test_both_ways_agree(words: list[str], repertoire: Repertoire, full: bool, right: bool) -> None:
    cells = WordCells(3, "gb18030", repertoire, full=full, right=right and not full)
    assert values(cells, words, quick=True) == values(cells, words, quick=False)


@pytest.mark.parametrize(("words", "row"), [(["AB ", " AB"], 1), (["AB ", "A B"], 1), (["AB ", "AB ", "\x7fB "], 2)])
def test_a_later_row_that_is_out_of_place_is_named(words: list[str], row: int) -> None:
    assert values(WordCells(3, "gb18030", PRINTABLE), words, quick=True) == row
