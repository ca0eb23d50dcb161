"""What clients are told is composed from columns; every fen is counted once, nothing personal is shown whole."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.lifecycle import ItemState
from gateway.core.segments import SegmentInfo
from gateway.core.tally import Tally
from gateway.services import result_lines, status_answer
from gateway.services.answer_shapes import Finding, ItemResult
from gateway.services.result_history import RESULT_BLOCK_SCHEMA, history, latest_applied
from gateway.store.records import Batch, BatchState
from messages.batch.columns import REJECTION_SCHEMA, STORED_SCHEMA
from messages.batch.rejections import CATALOGUE

ITEMS = st.lists(st.tuples(st.sampled_from(list(ItemState)), st.integers(1, 10**9)), min_size=1, max_size=30)


def batch(**changes: Any) -> Batch:
    """An accepted batch."""
    known = {
        "batch_id": 1,
        "client_id": "c",
        "batch_no": "B/1",
        "reference": "ABCDEFGHJKMN",
        "header": {"declared_count": 1, "declared_total_fen": 1},
        "header_sha256": "",
        "state": BatchState.ACCEPTED,
        "urgent": False,
        "opened_at_ms": 0,
        "received_at_ms": None,
        "content": None,
        "rejected_items": 0,
        "rejected_fen": 0,
        "problems": [],
    }
    return Batch(**{**known, **changes})


def tally_of(items: list[tuple[ItemState, int]]) -> Tally:
    """The tally of some items."""
    return Tally.of(np.array([s for s, _ in items], np.uint8), np.array([a for _, a in items], np.int64))


@settings(max_examples=60, deadline=None)
@given(ITEMS, ITEMS, st.integers(0, 5), st.integers(0, 10**6))
def test_every_item_is_in_exactly_one_group(
    one: list[tuple[ItemState, int]], other: list[tuple[ItemState, int]], rejected: int, rejected_fen: int
) -> None:
    """total = ready + in flight + unknown + disputed + paid + failed + returned, and all of it is conserved."""
    tallies = {"one": tally_of(one), "other": tally_of(other)}
    infos = [SegmentInfo(1, n, "b", len(part), sum(a for _, a in part)) for n, part in enumerate((one, other))]
    fen = sum(info.fen for info in infos) + (rejected_fen if rejected else 0)
    header = {"declared_count": len(one) + len(other) + rejected, "declared_total_fen": fen}
    shown = status_answer.status(
        batch(header=header, rejected_items=rejected, rejected_fen=rejected_fen if rejected else 0), tallies, infos
    )
    groups = shown.counts.model_dump()
    total = groups.pop("total")
    assert total["items"] == sum(group["items"] for group in groups.values())
    assert total["fen"] == sum(group["fen"] for group in groups.values()) == sum(info.fen for info in infos)
    assert shown.conserved


@pytest.mark.parametrize(
    ("changes", "info", "conserved"),
    [
        ({}, SegmentInfo(1, 0, "b", 1, 1), True),
        ({}, SegmentInfo(1, 0, "b", 1, 2), False),
        ({"header": {"declared_count": 2, "declared_total_fen": 1}}, SegmentInfo(1, 0, "b", 1, 1), False),
        ({"header": {"declared_count": 1, "declared_total_fen": 5}}, SegmentInfo(1, 0, "b", 1, 1), False),
        (
            {"header": {"declared_count": 2, "declared_total_fen": 5}, "rejected_items": 1},
            SegmentInfo(1, 0, "b", 1, 1),
            True,  # the rejected amount could not be read
        ),
    ],
)
def test_money_that_is_missing_is_shown(changes: dict[str, Any], info: SegmentInfo, conserved: bool) -> None:
    """A fen that was declared and is nowhere turns the flag."""
    assert status_answer.status(batch(**changes), {"b": tally_of([(ItemState.PAID, 1)])}, [info]).conserved is conserved


def test_links_are_addresses() -> None:
    """A batch number is escaped in its address."""
    assert status_answer.status(batch(header={}), {}, []).links.results == "/v1/batches/B%2F1/results"


def said(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """A result block."""
    filled = [{**dict.fromkeys(RESULT_BLOCK_SCHEMA), **row} for row in rows]
    return pl.DataFrame(filled, schema=RESULT_BLOCK_SCHEMA)


def test_the_latest_applied_statement_wins() -> None:
    """In the order of blocks and rows; what was set aside never does."""
    blocks = [
        said([{"row": 0, "disposition": "APPLIED", "outcome": "ACCEPTED"}]),
        said([{"row": 0, "disposition": "APPLIED", "outcome": "PAID"}, {"row": 1, "disposition": "AMOUNT_MISMATCH"}]),
        said([{"row": 0, "disposition": "CONTRADICTED", "outcome": "FAILED"}]),
    ]
    assert latest_applied(history(blocks))["outcome"].to_list() == ["PAID"]
    assert history([]).height == 0


def test_result_lines_hold_no_personal_data() -> None:
    """A line has the documented fields and no others, in a segment of any size."""
    known = {**dict.fromkeys(STORED_SCHEMA), "name": "张三", "account": "622848"}
    rows = [{**known, "item_id": f"P{n}", "amount_fen": n, "line_no": n + 1, "item_no": 20_000 + n} for n in range(3)]
    items = pl.DataFrame(rows, schema=STORED_SCHEMA)
    states = bytes([ItemState.PAID, ItemState.SENT, ItemState.FAILED])
    lines = result_lines.results("ABCDEFGHJKMN", "rural", items, states, said([{"row": 2, "disposition": "APPLIED"}]))
    parsed = [json.loads(line) for line in lines.splitlines()]
    assert [line["state"] for line in parsed] == ["PAID", "SENT", "FAILED"]
    assert parsed[1]["reference"] == "ABCDEFGHJKMN00020001"
    assert all(set(line) == set(ItemResult.model_fields) for line in parsed)
    assert "张三" not in lines.decode()
    assert all(ItemResult.model_validate(line) for line in parsed)


def test_findings_speak_both_languages() -> None:
    """Every code of the catalogue has its words in the stream."""
    rows = [(n + 1, None, "line", code, "REJECT", None) for n, code in enumerate(CATALOGUE)]
    block = pl.DataFrame(rows, schema=REJECTION_SCHEMA, orient="row")
    parsed = [Finding.model_validate_json(line) for line in result_lines.findings(block).splitlines()]
    assert [finding.zh for finding in parsed] == [entry.zh for entry in CATALOGUE.values()]
    assert [finding.en for finding in parsed] == [entry.en for entry in CATALOGUE.values()]
