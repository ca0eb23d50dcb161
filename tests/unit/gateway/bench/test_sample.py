"""The sample that everything is measured with: valid, repeatable, the same from whatever number it starts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from gateway.bench import sample
from messages.batch.checking import CheckRules, DuplicateIds, check_items
from messages.batch.columns import ITEM_SCHEMA, STORED_SCHEMA
from messages.batch.numbering import SEGMENT_STRIDE
from messages.batch.reading import parse_content_type, read_items

ROWS = 5_000


def test_every_item_passes_every_check() -> None:
    block = sample.items(ROWS).with_columns(line_no=pl.int_range(ROWS, dtype=pl.UInt32))
    checked = check_items(block, CheckRules(today=date(2026, 11, 1), amount_limit_fen=100_000_000))
    assert checked.findings.is_empty()
    assert DuplicateIds().split(checked.good)[0].height == ROWS


def test_it_has_the_variety_of_a_real_list() -> None:
    items = sample.items(ROWS)
    assert dict(items.schema) == ITEM_SCHEMA
    assert items["name"].str.contains("·").any()
    assert set(items["bank_code"]) == set(sample.BANK_CODES)
    assert items["payee_kind"].n_unique() == 2
    assert items["account_kind"].n_unique() == 3
    assert 0 < items["mobile"].null_count() < ROWS


def test_an_item_depends_on_its_number_only() -> None:
    assert sample.items(ROWS).slice(1_234, 10).equals(sample.items(10, first=1_234))


def test_segments_are_numbered_through() -> None:
    blocks = list(sample.segments(SEGMENT_STRIDE + 7))
    assert [block.height for block in blocks] == [SEGMENT_STRIDE, 7]
    assert list(blocks[0].columns) == [*STORED_SCHEMA, "reference"]
    whole = pl.concat(blocks)
    assert whole["item_no"].to_list() == list(range(SEGMENT_STRIDE + 7))
    assert whole["reference"].n_unique() == whole.height


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_csv_reads_back(tmp_path: Path, charset: str) -> None:
    octets = sample.write_csv(tmp_path / "items.csv", ROWS, charset)
    _reads_back(tmp_path / "items.csv", octets, f"text/csv; charset={charset}")


def test_ndjson_reads_back(tmp_path: Path) -> None:
    octets = sample.write_ndjson(tmp_path / "items.ndjson", ROWS)
    _reads_back(tmp_path / "items.ndjson", octets, "application/x-ndjson")


def _reads_back(path: Path, octets: int, media_type: str) -> None:
    content = path.read_bytes()
    assert len(content) == octets
    blocks = list(read_items([content], parse_content_type(media_type)))
    assert pl.concat(block.items for block in blocks).drop("line_no").equals(sample.items(ROWS))
