"""A bank that speaks signed JSON, an instruction for it, and keys of both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from adapters.contract import InstructionHead
from adapters.profile import BankProfile
from adapters.profile_reader import read_profile
from crypto.contract import MessageCipher, StreamSigner, StreamVerifier
from crypto.schemes import sm2_library
from crypto.schemes.sm2_sm3 import Sm2Signer, Sm2Verifier
from crypto.schemes.sm4_cbc import Sm4CbcCipher
from messages.batch.columns import STORED_SCHEMA

SHIPPED = Path(__file__).parents[4] / "config" / "banks" / "merchant-json.yaml"
IDENTITY = "N530100021000000"


@dataclass
class Side:
    """One side's keys: its own pair, the other's public half, the shared SM4 key."""

    secret: bytes
    public: bytes
    other: bytes
    shared: bytes

    def signer(self) -> StreamSigner:
        return Sm2Signer("own", self.secret, self.public, IDENTITY, "raw")

    def verifier(self) -> StreamVerifier:
        return Sm2Verifier({"other": self.other}, IDENTITY, "raw")

    def cipher(self) -> MessageCipher:
        return Sm4CbcCipher({"shared": self.shared}, "shared")


@pytest.fixture(scope="session")
def sides() -> tuple[Side, Side]:
    """The gateway's keys, and the bank's."""
    (ours, our_public), (theirs, their_public) = sm2_library.generate(), sm2_library.generate()
    shared = bytes(range(16))
    return Side(ours, our_public, their_public, shared), Side(theirs, their_public, our_public, shared)


@pytest.fixture(scope="session")
def shipped() -> BankProfile:
    return read_profile(SHIPPED)


@pytest.fixture(scope="session")
def profile(shipped: BankProfile) -> Callable[..., BankProfile]:
    """The shipped profile with other limits or another ``security``."""

    def made(security: dict[str, Any] | None = None, **limits: int) -> BankProfile:
        parts = {
            "limits": shipped.limits.model_copy(update=limits),
            "security": shipped.security.model_copy(update=security or {}),
        }
        return shipped.model_copy(update=parts)

    return made


@pytest.fixture(scope="session")
def items() -> Callable[..., pl.DataFrame]:
    """So many items, with some columns changed in all of them."""

    def made(count: int, **changes: Any) -> pl.DataFrame:
        plain: dict[str, Any] = {
            **dict.fromkeys(STORED_SCHEMA),
            "payee_kind": "PERSON",
            "name": "阿依古丽·买买提",
            "account": "6217000010000000018",
            "bank_code": "402881000012",
            "amount_fen": 100,
            **changes,
        }
        rows = [
            {**plain, "item_no": 10_000 + at, "line_no": at + 1, "reference": f"7K2M9P4QX8RT{at:08d}"}
            for at in range(count)
        ]
        return pl.DataFrame(rows, schema={**STORED_SCHEMA, "reference": pl.String()})

    return made


@pytest.fixture(scope="session")
def instruction() -> Callable[..., InstructionHead]:
    """The head that goes with some items."""

    def made(block: pl.DataFrame, **changes: Any) -> InstructionHead:
        plain: dict[str, Any] = {
            "message_id": "7K2M9P4QX8RTF0000",
            "file_no": 0,
            "rows": block.height,
            "total_fen": int(block["amount_fen"].sum()),
            "created_at": datetime(2026, 3, 2, 1, 30, 15, tzinfo=UTC),
            "requested_on": date(2026, 3, 3),
            "batch_no": "B1",
            "project_code": "6500002026CYBZ",
            "policy_name": "草原生态保护补助奖励",
            "voucher_no": "ZF2026030200001",
            "debtor_name": "某某县财政局",
            "debtor_account": "1002881000000000018",
            "debtor_bank_code": "308738019001",
        }
        return InstructionHead(**{**plain, **changes})

    return made
