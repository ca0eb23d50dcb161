"""The shipped agency bank of the treasury, and an instruction for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from adapters.contract import InstructionHead
from adapters.profile import BankProfile
from adapters.profile_reader import read_profile
from messages.batch.columns import STORED_SCHEMA

CONFIG = Path(__file__).parents[4] / "config"


@pytest.fixture(scope="session")
def profile() -> BankProfile:
    return read_profile(CONFIG / "banks" / "treasury-voucher.yaml")


@pytest.fixture(scope="session")
def items_of() -> Callable[..., pl.DataFrame]:
    """Items from rows of a few columns."""

    def made(*rows: dict[str, Any]) -> pl.DataFrame:
        blank = {
            **dict.fromkeys(STORED_SCHEMA),
            "name": "张三",
            "account": "6217000000000000012",
            "account_kind": "BANK_CARD",
            "amount_fen": 100,
            "bank_code": "105731900013",
        }
        numbered = [
            {**blank, "item_no": number, "reference": f"7K3M9QXWZ4T2{number:08d}", **row}
            for number, row in enumerate(rows)
        ]
        return pl.DataFrame(numbered, schema={**STORED_SCHEMA, "reference": pl.String()})

    return made


@pytest.fixture(scope="session")
def head_of() -> Callable[..., InstructionHead]:
    """A head that adds up to the items."""

    def made(items: pl.DataFrame, **changes: Any) -> InstructionHead:
        values: dict[str, Any] = {
            "message_id": "7K3M9QXWZ4T2F0001",
            "file_no": 1,
            "rows": items.height,
            "total_fen": int(items["amount_fen"].sum()),
            "created_at": datetime(2026, 11, 22, 16, 30, 15, tzinfo=UTC),
            "requested_on": date(2026, 11, 25),
            "batch_no": "2026-0017",
            "project_code": "GDLBH-2026",
            "policy_name": "耕地地力保护补贴",
            "voucher_no": "532300-2026-000017",
            "debtor_name": "示范县农业农村局",
            "debtor_account": "24039001040012345",
            "debtor_bank_code": "105731900013",
        }
        return InstructionHead(**{**values, **changes})

    return made
