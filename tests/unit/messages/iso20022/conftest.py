"""Items and heads to build messages of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from messages.batch.columns import STORED_SCHEMA
from messages.iso20022.pain001 import Pain001Head

Row = dict[str, Any]

PLAIN: Row = {
    "item_id": "P1",
    "payee_kind": "PERSON",
    "name": "阿依古丽·买买提",
    "id_type": "RESIDENT_ID",
    "id_number": "11010519491231002X",
    "account": "6217000010000000018",
    "account_kind": "SOCIAL_SECURITY_CARD",
    "bank_code": "402881000012",
    "mobile": None,
    "address": None,
    "amount_fen": 12_345,
    "remark": None,
    "reissues_item_id": None,
}


@pytest.fixture(scope="session")
def block() -> Callable[..., pl.DataFrame]:
    """Rows (each what differs from a plain one) as an instruction block."""

    def made(*rows: Row) -> pl.DataFrame:
        full = [
            {**PLAIN, "line_no": number + 1, "item_no": number, "reference": f"7K2M9P4QX8RT{number:08d}", **row}
            for number, row in enumerate(rows)
        ]
        return pl.DataFrame(full, schema={**STORED_SCHEMA, "reference": pl.String()})

    return made


@pytest.fixture(scope="session")
def head() -> Callable[..., Pain001Head]:
    """The head that goes with some rows."""

    def made(items: pl.DataFrame, **changes: Any) -> Pain001Head:
        fields: dict[str, Any] = {
            "message_id": "7K2M9P4QX8RTF0000",
            "rows": items.height,
            "total_fen": int(items["amount_fen"].sum()),
            "created_at": datetime(2026, 3, 2, 1, 30, 15, 999, tzinfo=UTC),
            "requested_on": date(2026, 3, 3),
            "debtor_name": "某某县财政局",
            "debtor_account": "1002881000000000018",
            "debtor_bank_code": "103881000019",
            "policy_name": "草原生态保护补助奖励",
            "project_code": "6500002026CYBZ",
            "voucher_no": "ZF2026030200001",
        }
        return Pain001Head(**{**fields, **changes})

    return made
