"""One right item, one right header, and a way to read bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from messages.batch.reading import ReadBlock, parse_content_type, read_items

Read = Callable[..., ReadBlock]


@pytest.fixture
def item() -> dict[str, Any]:
    return {
        "item_id": "A-1",
        "payee_kind": "PERSON",
        "name": "买买提·艾力",
        "id_type": "RESIDENT_ID",
        "id_number": "11010519491231002X",
        "account": "6217990000000000006",
        "account_kind": "SOCIAL_SECURITY_CARD",
        "bank_code": "403100000004",
        "mobile": "13800138000",
        "address": "楚雄市东瓜镇1号",
        "amount_fen": 150000,
        "remark": "春季",
        "reissues_item_id": None,
    }


@pytest.fixture
def header() -> dict[str, Any]:
    return {
        "batch_no": "CX2026-GDDL-0001",
        "fiscal_year": 2026,
        "division_code": "532301",
        "department_code": "126001",
        "department_name": "楚雄市农业农村局",
        "project_code": "GDDL-2026",
        "policy_name": "耕地地力保护补贴",
        "budget_document_no": "楚财农〔2026〕10号",
        "budget_indicator_no": "5323012026000123",
        "funding_model": "ZERO_BALANCE",
        "funding_account": {
            "kind": "TREASURY_SINGLE_ACCOUNT",
            "name": "楚雄市财政局",
            "account": "2490000000012",
            "bank_code": "203100000019",
        },
        "paying_account": {"name": "楚雄市农业农村局", "account": "5300161600012345", "bank_code": "103100000026"},
        "direct_funds": False,
        "benefit_mark": "惠民惠农财政补贴资金",
        "requested_on": "2026-11-24",
        "voucher_no": "5301262026000456",
        "declared_count": 2,
        "declared_total_fen": 300000,
    }


@pytest.fixture(scope="session")
def read() -> Read:
    def reading(content: bytes, media_type: str = "application/x-ndjson", size: int = 0) -> ReadBlock:
        chunks = [content[at : at + size] for at in range(0, len(content), size)] if size else [content]
        blocks = list(read_items(chunks, parse_content_type(media_type)))
        return ReadBlock(
            pl.concat([block.items for block in blocks]),
            pl.concat([block.findings for block in blocks]),
            sum(block.lines for block in blocks),
        )

    return reading
