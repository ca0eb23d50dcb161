"""Rosters: the same for the same seed, valid but for the items that are bad on purpose."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl

from messages.batch.checking import CheckRules, check_items
from messages.batch.columns import ITEM_SCHEMA
from messages.batch.header import BatchHeader
from simulators.projects import listed_projects
from simulators.roster import roster
from simulators.roster_files import write_roster

RULES = CheckRules(today=date(2026, 11, 24), amount_limit_fen=100_000_000)


def test_the_same_seed_makes_the_same_roster_and_another_another() -> None:
    first, again, other = (roster(400, seed, batches=2) for seed in (7, 7, 8))
    assert [b.content() for b in first] == [b.content() for b in again]
    assert first[0].content() != other[0].content()


def test_good_items_pass_every_check_and_bad_ones_fail_theirs() -> None:
    for batch in roster(6_000, 3, batches=3):
        assert dict(batch.items.schema) == ITEM_SCHEMA
        lines = batch.items.with_row_index("line_no", 1)
        findings = check_items(lines, RULES).findings
        duplicates = lines.filter(~pl.col("item_id").is_first_distinct())["line_no"].to_list()
        marked = batch.flaws.rows_by_key("flaw")
        assert duplicates == [line for (line,) in marked.pop("DUPLICATE_ID")]
        assert sorted(findings["line_no"]) == sorted(line for lines_ in marked.values() for (line,) in lines_)
        assert set(findings["code"]) == {"RESIDENT_ID_CHECK", "MOBILE_FORM", "BANK_CODE_CHECK", "AMOUNT_RANGE"}
        assert 0.01 < batch.flaws.height / batch.items.height < 0.03


def test_headers_are_canonical_and_use_both_funding_models() -> None:
    batches = roster(1_000, 5)
    headers = [BatchHeader.model_validate_json(json.dumps(batch.header)) for batch in batches]
    assert {str(header.funding_model) for header in headers} == {"ZERO_BALANCE", "PREFUNDED"}
    assert {str(header.funding_account.kind) for header in headers} == {
        "TREASURY_SINGLE_ACCOUNT",
        "GRAIN_RISK_FUND_ACCOUNT",
    }
    assert [header.declared_count for header in headers] == [batch.items.height for batch in batches]
    assert [header.declared_total_fen for header in headers] == [batch.items["amount_fen"].sum() for batch in batches]
    assert len({header.batch_no for header in headers}) == 6


def test_it_is_lifelike() -> None:
    (batch,) = roster(20_000, 11, batches=1, bad_share=Decimal("0.000001"))
    items = batch.items
    names = "".join(items["name"])
    assert all(character in names for character in ("·", "𠮷", "㐂", "䶮", "龘"))
    assert set(items["payee_kind"]) == {"PERSON", "ORGANISATION"}
    assert len(set(items["id_type"])) == 6
    assert len(set(items["account_kind"])) == 4
    assert {code[:3] for code in items["bank_code"]} >= {"402", "314", "403", "313"}
    assert not items["id_number"].is_duplicated().any()
    assert not items["account"].is_duplicated().any()


def test_csv_has_chinese_names_yuan_and_gb18030() -> None:
    batch = roster(300, 2, batches=2)[1]
    assert batch.content_type == "text/csv; charset=gb18030"
    rows = list(csv.DictReader(io.StringIO(batch.content().decode("gb18030"))))
    assert rows[0]["收款人户名"] == batch.items["name"][0]
    fen = [int(row["金额(元)"].replace(".", "")) for row in rows]
    assert fen == batch.items["amount_fen"].to_list()


def test_social_insurance_is_never_paid() -> None:
    assert "YLBX-2026" not in {project.code for project in listed_projects()}
    assert len(listed_projects()) == 18


def test_files(tmp_path: Path) -> None:
    paths = list(write_roster(tmp_path, 30, 1, 2, date(2026, 3, 3)))
    assert [path.suffixes[-1] for path in paths] == [".json", ".ndjson", ".csv", ".json", ".csv", ".csv"]
    assert json.loads(paths[0].read_bytes())["requested_on"] == "2026-03-03"
