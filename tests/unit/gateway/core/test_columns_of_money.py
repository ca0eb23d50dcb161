"""Tallies, segments, plans and matching: the columnar cores."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.backoff import LONGEST_MS, retry_delay_ms
from gateway.core.lifecycle import ItemEvent, ItemState
from gateway.core.matching import Disposition, compare, layers, locate, step
from gateway.core.planning import plan_files, segment_rows
from gateway.core.segments import Segmenter, SegmentInfo
from gateway.core.tally import MoneyLost, Tally
from messages.batch.columns import STORED_SCHEMA
from messages.batch.numbering import batch_reference, item_references, message_id

REF = batch_reference("GW01", "platform", "B-1")


def items(count: int, start: int = 0) -> pl.DataFrame:
    base = pl.DataFrame({"line_no": pl.int_range(start + 1, start + count + 1, dtype=pl.UInt32, eager=True)})
    filled = {
        n: pl.lit(None, dtype=t) for n, t in STORED_SCHEMA.items() if n not in {"line_no", "item_no", "amount_fen"}
    }
    return base.with_columns(amount_fen=pl.col("line_no").cast(pl.Int64) * 100, **filled)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(1, 25), st.integers(1, 25), st.randoms())
@settings(max_examples=60)
def test_segments_hold_every_item_once_in_its_banks_order(blocks, size_a, size_b, random) -> None:
    segmenter, made, line = Segmenter(7, {"a": size_a, "b": size_b}), [], 0
    for count in blocks:
        block = items(count, line)
        line += count
        made += list(segmenter.add(block, pl.Series([random.choice("ab") for _ in range(count)])))
    made += list(segmenter.finish())
    lines = [n for _, frame in made for n in frame["line_no"]]
    assert sorted(lines) == list(range(1, line + 1))
    assert [info.segment_no for info, _ in made] == list(range(len(made)))
    for bank, size in (("a", size_a), ("b", size_b)):
        own = [(info, frame) for info, frame in made if info.bank == bank]
        assert all(info.rows == size for info, _ in own[:-1])
        seen = [n for _, frame in own for n in frame["line_no"]]
        assert seen == sorted(seen)
    assert sum(info.fen for info, _ in made) == sum(n * 100 for n in range(1, line + 1))


def test_references_lead_back_to_the_row() -> None:
    frame = pl.DataFrame({"item_no": [0, 10_003]}, schema={"item_no": pl.UInt32}).with_columns(item_references(REF))
    assert frame["reference"].to_list() == [f"{REF}00000000", f"{REF}00010003"]
    found = locate(frame.drop("item_no"), REF)
    assert found["segment_no"].to_list() == [0, 1] and found["row"].to_list() == [0, 3]


@pytest.mark.parametrize(
    "bad", ["", REF, REF + "0000000", REF + "000000001", "Z" * 20, REF + "0000000A", REF + "００００"]
)
def test_a_reference_of_somebody_else_is_nobody(bad: str) -> None:
    assert locate(pl.DataFrame({"reference": [bad]}), REF)["item_no"].to_list() == [None]


def test_files_are_whole_segments_within_the_limit() -> None:
    infos = [SegmentInfo(1, n, "a" if n % 2 else "b", 10_000, 5) for n in range(9)]
    files = list(plan_files(infos, {"a": 25_000, "b": 10_000}))
    assert [f.file_no for f in files] == list(range(len(files)))
    assert all(f.rows <= {"a": 25_000, "b": 10_000}[f.bank] for f in files)
    assert sorted(n for f in files for n in f.segments) == list(range(9))
    assert segment_rows(499) == 499
    assert message_id(REF, 3) == f"{REF}F0003"


def test_a_tally_counts_exactly_and_refuses_lost_money() -> None:
    states = np.array([S.PAID, S.FAILED, S.PAID], dtype=np.uint8)
    amounts = np.array([2**53 + 1, 1, 1], dtype=np.int64)
    tally = Tally.of(states, amounts)
    assert tally.in_states([S.PAID]) == (2, 2**53 + 2)
    with pytest.raises(MoneyLost):
        tally.require_same_money(Tally.of(states[:2], amounts[:2]))


S = ItemState


def test_rows_that_do_not_fit_are_set_aside() -> None:
    rows = pl.DataFrame(
        {
            "row": pl.Series([0, 1, 2, 9], dtype=pl.UInt32),
            "amount_fen": [100, 999, None, 100],
            "account": ["A", "B", "X", "A"],
        }
    )
    found = compare(rows, pl.Series(["A", "B", "C"]), np.array([100, 200, 300]))
    assert found["fault"].to_list() == [
        None,
        Disposition.AMOUNT_MISMATCH,
        Disposition.ACCOUNT_MISMATCH,
        Disposition.UNKNOWN_ITEM,
    ]


def test_repeats_within_one_message_happen_one_after_the_other() -> None:
    rows = pl.DataFrame({"item_no": [5, 6, 5], "event": [1, 2, 3]})
    assert [part["event"].to_list() for part in layers(rows)] == [[1, 2], [3]]


def test_a_step_names_what_it_did() -> None:
    states = np.array([S.SENT, S.PAID, S.FAILED], dtype=np.uint8)
    events = np.array([ItemEvent.PAID, ItemEvent.PAID, ItemEvent.PAID], dtype=np.uint8)
    done = step(states, np.array([0, 1, 2], dtype=np.uint32), events)
    assert done.dispositions == ["APPLIED", "REPEATED", "CONTRADICTED"]
    assert done.newly_paid.tolist() == [0]
    assert done.states.tolist() == [S.PAID, S.PAID, S.DISPUTED]
    assert states.tolist() == [S.SENT, S.PAID, S.FAILED]


@given(st.text(max_size=20), st.integers(0, 10_000))
def test_retries_are_bounded_and_repeatable(key: str, attempts: int) -> None:
    delay = retry_delay_ms(key, attempts)
    assert 500 <= delay <= LONGEST_MS * 5 // 4 and delay == retry_delay_ms(key, attempts)
