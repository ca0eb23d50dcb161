"""The shipped clearing centre, an instruction for it, and keys of both sides."""

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
from crypto.generate import generate_key
from crypto.schemes.sm2_keys import public_from_pem
from crypto.schemes.sm2_sm3 import Sm2Signer, Sm2Verifier
from messages.batch.columns import STORED_SCHEMA
from simulators.seals_cnaps2 import Cnaps2Seal
from simulators.signatures import SM2_USER_ID, Sm2Seal

CONFIG = Path(__file__).parents[4] / "config"


@dataclass(frozen=True)
class Keys:
    """``adapters.envelopes.contract.EnvelopeKeys`` over two plain keys."""

    secret: bytes
    public: bytes
    theirs: bytes

    def signer(self) -> StreamSigner:
        return Sm2Signer("ours", self.secret, self.public, SM2_USER_ID, "der")

    def verifier(self) -> StreamVerifier:
        return Sm2Verifier({"theirs": self.theirs}, SM2_USER_ID, "der")

    def cipher(self) -> MessageCipher:
        raise AssertionError("nothing is encrypted")


@pytest.fixture(scope="session")
def profile() -> BankProfile:
    return read_profile(CONFIG / "banks" / "clearing-cnaps.yaml")


@pytest.fixture(scope="session")
def sides(profile: BankProfile) -> tuple[Keys, Cnaps2Seal]:
    """The gateway's keys, and the centre's seal."""
    ours, centre = generate_key("sm2"), generate_key("sm2")
    assert ours.secret is not None and centre.secret is not None
    our_public, centre_public = public_from_pem(ours.public), public_from_pem(centre.public)
    signatures = Sm2Seal(centre.secret, centre_public, our_public)
    seal = Cnaps2Seal(signatures, profile.bank_codes[0], str(profile.security.user_code))
    return Keys(ours.secret, our_public, centre_public), seal


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
            "bank_code": "104731900015",
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
            "debtor_bank_code": "104731900015",
        }
        return InstructionHead(**{**values, **changes})

    return made
