"""A bank that speaks ISO 20022, and an instruction for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from adapters.contract import InstructionHead
from adapters.endpoints import HttpsEndpoint
from adapters.profile import BankProfile, Inquiry, Limits, Security
from messages.batch.columns import STORED_SCHEMA


@pytest.fixture(scope="session")
def profile() -> Callable[..., BankProfile]:
    """The profile with other limits, or another encoding."""

    def made(encoding: str = "utf-8", **limits: int) -> BankProfile:
        allowed = {
            "rows_per_file": 1_000,
            "bytes_per_file": 10**8,
            "result_bytes": 10**7,
            "amount_fen_per_item": 10**9,
            **limits,
        }
        return BankProfile(
            bank="city-iso",
            name="某某城市商业银行",
            bank_codes=("313881000011",),
            roles=("pays",),
            dialect="iso20022",
            encoding=encoding,
            code_table="city-iso",
            limits=Limits(**allowed),
            transport=HttpsEndpoint(
                kind="https",
                base_url="https://bank.invalid",
                submit_path="/payments",
                inquiry_path="/payments/{message_id}",
                client_certificate="city-iso-tls-client",
                trusted_ca="city-iso-ca",
            ),
            security=Security(scheme="rsa-pkcs1-sha256", signing_key="ours", verification_key="theirs"),
            inquiry=Inquiry(bank_rejects_duplicates=True),
        )

    return made


@pytest.fixture(scope="session")
def items() -> Callable[..., pl.DataFrame]:
    """So many items, with some columns changed in all of them."""

    def made(count: int, **changes: Any) -> pl.DataFrame:
        plain: dict[str, Any] = {
            **dict.fromkeys(STORED_SCHEMA),
            "payee_kind": "PERSON",
            "name": "阿依古丽·买买提",
            "id_type": "RESIDENT_ID",
            "id_number": "11010519491231002X",
            "account": "6217000010000000018",
            "account_kind": "BANK_CARD",
            "bank_code": "402881000012",
            "amount_fen": 100,
            **changes,
        }
        rows = [
            {
                **plain,
                "item_id": f"P{at}",
                "line_no": at + 1,
                "item_no": 10_000 + at,
                "reference": f"7K2M9P4QX8RT{at:08d}",
            }
            for at in range(count)
        ]
        return pl.DataFrame(rows, schema={**STORED_SCHEMA, "reference": pl.String()})

    return made


@pytest.fixture(scope="session")
def instruction() -> Callable[[pl.DataFrame], InstructionHead]:
    """The head that goes with some items."""

    def made(block: pl.DataFrame) -> InstructionHead:
        return InstructionHead(
            message_id="7K2M9P4QX8RTF0000",
            file_no=0,
            rows=block.height,
            total_fen=int(block["amount_fen"].sum()),
            created_at=datetime(2026, 3, 2, 1, 30, 15, tzinfo=UTC),
            requested_on=date(2026, 3, 3),
            batch_no="B1",
            project_code="6500002026CYBZ",
            policy_name="草原生态保护补助奖励",
            voucher_no="ZF2026030200001",
            debtor_name="某某县财政局",
            debtor_account="1002881000000000018",
            debtor_bank_code="103881000019",
        )

    return made
