"""The check of a whole batch: what is paid, what is rejected alone, what is refused whole, and what can be found."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.core.lifecycle import ItemState
from gateway.services.context import Context
from gateway.services.finding import find_person
from gateway.services.frames import rejections_context, segment_context, unseal_frame
from gateway.store import batches, instructions, segments
from gateway.store.records import Batch, BatchState, InstructionState
from simulators.roster import RosterBatch

Submit = Callable[..., Batch]


def rejections(context: Context, batch: Batch) -> set[tuple[int, str, str]]:
    with context.store.read() as tx:
        blocks = list(segments.rejections(tx, batch.batch_id))
    frames = [unseal_frame(context.sealer, s, rejections_context(batch.batch_id, n)) for n, _, s in blocks]
    return {(row["line_no"], row["field"], row["code"]) for frame in frames for row in frame.iter_rows(named=True)}


def changed(batch: RosterBatch, **header: Any) -> dict[str, Any]:
    return {**batch.header, **header}


def test_a_good_batch_is_accepted_whole(context: Context, batch: RosterBatch, submit: Submit) -> None:
    done = submit(batch.header, batch.content(), batch.content_type)
    assert done.state is BatchState.ACCEPTED and done.rejected_items == 0
    with context.store.read() as tx:
        tally = batches.tally(tx, done.batch_id)
        planned = instructions.of_batch(tx, done.batch_id)
        stored = [segments.sealed(tx, done.batch_id, info.segment_no) for info in segments.infos(tx, done.batch_id)]
    assert tally.in_states([ItemState.READY]) == (60, batch.header["declared_total_fen"])
    assert {one.state for one in planned} == {InstructionState.PLANNED}
    assert {one.bank for one in planned} == {"rural-fixed", "city-iso"}
    assert sum(one.rows for one in planned) == 60
    name = batch.items["name"][0].encode()
    assert not any(name in blob for blob in stored), "a name lies in clear in the store"


def test_one_bad_item_is_rejected_alone(context: Context, batch: RosterBatch, submit: Submit) -> None:
    items = batch.items.to_dicts()
    items[7]["id_number"] = items[7]["id_number"][:-1] + ("1" if items[7]["id_number"][-1] != "1" else "2")
    items[9]["item_id"] = items[8]["item_id"]
    done = submit(batch.header, _lines(items))
    assert done.state is BatchState.ACCEPTED and done.rejected_items == 2
    found = {(line, field) for line, field, _ in rejections(context, done)}
    assert {(8, "id_number"), (10, "item_id")} <= found


def test_all_or_nothing_refuses_the_whole(batch: RosterBatch, submit: Submit) -> None:
    items = batch.items.to_dicts()
    items[0]["mobile"] = "123"
    done = submit(changed(batch, all_or_nothing=True), _lines(items))
    assert done.state is BatchState.REFUSED
    assert [problem["code"] for problem in done.problems] == ["ALL_OR_NOTHING"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"declared_count": 61}, "COUNT_MISMATCH"),
        ({"declared_total_fen": 1}, "TOTAL_MISMATCH"),
        ({"policy_name": "补" * 40}, "HEADER_NOT_CARRIED"),
        (
            {
                "funding_model": "ZERO_BALANCE",
                "paying_account": {"name": "财政局", "account": "530099", "bank_code": "102100099996"},
            },
            "PAYING_BANK_UNKNOWN",
        ),
    ],
)
def test_a_batch_that_cannot_be_right_is_refused_and_pays_nothing(
    context: Context, batch: RosterBatch, submit: Submit, header: dict[str, Any], code: str
) -> None:
    done = submit(changed(batch, **header), batch.content(), batch.content_type)
    assert done.state is BatchState.REFUSED
    (problem,) = done.problems
    assert problem["code"] == code and problem["zh"] and problem["en"]
    with context.store.read() as tx:
        assert instructions.of_batch(tx, done.batch_id) == []


def test_unreadable_content_refuses_the_batch(batch: RosterBatch, submit: Submit) -> None:
    done = submit(batch.header, "姓名,备注\n张三,无\n".encode("gb18030"), "text/csv; charset=gb18030")
    assert done.state is BatchState.REFUSED and done.problems[0]["code"].startswith("HEADER_COLUMN")


def test_zero_balance_pays_everybody_through_the_bank_of_the_account(
    context: Context, batch: RosterBatch, submit: Submit
) -> None:
    paying = {**batch.header["paying_account"], "bank_code": "313730190014"}
    done = submit(
        changed(batch, funding_model="ZERO_BALANCE", paying_account=paying), batch.content(), batch.content_type
    )
    with context.store.read() as tx:
        assert {info.bank for info in segments.infos(tx, done.batch_id)} == {"city-iso"}


def test_a_person_is_found_by_number_alone(context: Context, batch: RosterBatch, submit: Submit) -> None:
    submit(batch.header, batch.content(), batch.content_type)
    wanted = batch.items.row(5, named=True)
    found = find_person(context, wanted["id_number"])
    assert wanted["item_id"] in {one.item_id for one in found}
    assert all(one.account_tail == wanted["account"][-4:] for one in found if one.item_id == wanted["item_id"])
    assert find_person(context, "110101190001010000") == []


def test_item_numbers_lead_back_to_lines(context: Context, batch: RosterBatch, submit: Submit) -> None:
    done = submit(batch.header, _lines(batch.items.to_dicts()))
    with context.store.read() as tx:
        for info in segments.infos(tx, done.batch_id):
            sealed = segments.sealed(tx, done.batch_id, info.segment_no)
            items = unseal_frame(context.sealer, sealed, segment_context(done.batch_id, info.segment_no))
            originals = batch.items[(items["line_no"] - 1).to_list()]
            assert items["account"].to_list() == originals["account"].to_list()


def _lines(items: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(item, ensure_ascii=False).encode() + b"\n" for item in items)
