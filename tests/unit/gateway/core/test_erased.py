"""What is left of an item, and that nothing of a person stays under a null."""

from __future__ import annotations

import io

import polars as pl

from gateway.core.erased import PERSONAL, is_erased, rebuilt, without_people, without_telling_ids
from messages.batch.columns import STORED_SCHEMA

NUMBER = "110101199003070031"


def items(*item_ids: str) -> pl.DataFrame:
    rows = [
        {
            "item_id": item_id,
            "payee_kind": "PERSON",
            "name": f"张三丰{row}",
            "id_type": "RESIDENT_ID",
            "id_number": f"11010119900307{row:04d}",
            "account": f"62284800000000{row:05d}",
            "account_kind": "BANK_CARD",
            "bank_code": "402738500017",
            "mobile": None,
            "address": None,
            "amount_fen": 100 + row,
            "remark": "补贴",
            "reissues_item_id": None,
            "line_no": row + 1,
            "item_no": row,
        }
        for row, item_id in enumerate(item_ids)
    ]
    return pl.DataFrame(rows, schema=STORED_SCHEMA)


def test_only_the_chosen_lose_their_personal_columns() -> None:
    before = items("A-1", "A-2", "A-3")
    after = without_people(before, pl.col("item_no") == 1)
    assert after.select(is_erased()).to_series().to_list() == [False, True, False]
    assert after.row(1, named=True) == before.row(1, named=True) | dict.fromkeys(PERSONAL)
    assert after[[0, 2]].equals(before[[0, 2]])
    assert after.schema == before.schema


def test_item_ids_that_tell_a_person_are_replaced() -> None:
    before = items("A-1", "X-110101199003070001", "张三丰2-7", f"old-{NUMBER}")
    after = without_people(before, pl.lit(value=True))
    assert after["item_id"].to_list() == ["A-1", "erased-1", "erased-2", "erased-3"]


def test_nothing_of_them_is_left_in_memory_that_is_stored() -> None:
    before = items(*(f"A-{row}" for row in range(2000)))
    after = rebuilt(without_people(before, pl.col("item_no") == 7))
    written = io.BytesIO()
    after.write_ipc(written, compression="uncompressed")
    assert b"110101199003070007" not in written.getvalue() and b"6228480000000000007" not in written.getvalue()
    assert b"110101199003070008" in written.getvalue()


def test_findings_lose_ids_that_tell_somebody() -> None:
    found = pl.DataFrame({"line_no": [1, 2, 3], "item_id": ["A-1", f"P{NUMBER}", None]})
    assert without_telling_ids(found)["item_id"].to_list() == ["A-1", "erased-line-2", None]
    assert without_telling_ids(found, "A-1")["item_id"].to_list() == ["erased-line-1", f"P{NUMBER}", None]
