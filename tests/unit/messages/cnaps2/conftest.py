"""Items, and states of them, as hypothesis draws them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import strategies as st

from messages.batch.columns import STORED_SCHEMA
from messages.cnaps2.batch_credit import BatchCreditHead
from messages.cnaps2.forms import DETAIL_SCHEMA

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="\ufffd"), max_size=20
).map(str.strip)


@st.composite
def items_drawn(draw: st.DrawFn) -> pl.DataFrame:
    """Some items with a reference each."""
    rows = draw(st.integers(1, 6))
    row = st.fixed_dictionaries(
        {
            "name": TEXTS.filter(bool),
            "account": st.from_regex(r"[0-9A-Z-]{5,32}", fullmatch=True),
            "account_kind": st.sampled_from(["BANK_CARD", "PASSBOOK", "CORPORATE", "SOCIAL_SECURITY_CARD"]),
            "bank_code": st.just("104731900015"),
            "amount_fen": st.integers(1, 10**12),
            "remark": st.none() | TEXTS,
        }
    )
    drawn: list[dict[str, Any]] = [
        {**draw(row), "item_no": number, "reference": f"7K3M9QXWZ4T2{number:08d}"} for number in range(rows)
    ]
    blank = dict.fromkeys(STORED_SCHEMA)
    return pl.DataFrame([{**blank, **one} for one in drawn], schema={**STORED_SCHEMA, "reference": pl.String()})


@st.composite
def states_drawn(draw: st.DrawFn) -> pl.DataFrame:
    """Some details' states, DETAIL_SCHEMA."""
    row = st.tuples(
        st.integers(1, 10**12),
        st.sampled_from([f"PR{number:02d}" for number in range(14)]),
        st.none() | st.sampled_from(["RJ01", "RJ99"]),
        st.none() | TEXTS.filter(bool),
        st.none() | st.from_regex(r"[0-9A-Z]{1,35}", fullmatch=True),
        st.none() | st.dates(date(2000, 1, 1), date(2099, 1, 1)),
    )
    drawn = draw(st.lists(row, max_size=6))
    rows = [(f"R{number}", "6217000000000000012", *values) for number, values in enumerate(drawn)]
    return pl.DataFrame(rows, schema=DETAIL_SCHEMA, orient="row")


@pytest.fixture(scope="session")
def drawn() -> dict[str, Any]:
    """The strategies by name."""
    return {"items": items_drawn(), "states": states_drawn()}


@pytest.fixture(scope="session")
def head_of():
    """A head that adds up to the items."""

    def made(items: pl.DataFrame, **changes: Any) -> BatchCreditHead:
        values: dict[str, Any] = {
            "message_id": "7K3M9QXWZ4T2F0001",
            "created_at": datetime.fromisoformat("2026-11-23T00:30:15"),
            "requested_on": date(2026, 11, 25),
            "rows": items.height,
            "total_fen": int(items["amount_fen"].sum()),
            "voucher_no": "PZ-1",
            "project_code": "",
            "policy_name": "耕地 & 地力",
            "debtor_name": "示范县",
            "debtor_account": "2403900104",
            "debtor_bank_code": "104731900015",
        }
        return BatchCreditHead(**{**values, **changes})

    return made
