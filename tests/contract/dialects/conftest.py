"""Every shipped bank, both sides of its wire, and lifelike items that it can carry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from adapters.code_table import CodeTable
from adapters.contract import Dialect, InstructionHead
from adapters.envelopes.contract import Envelope, EnvelopeKeys
from adapters.envelopes.registry import ENVELOPES
from adapters.profile import BankProfile
from adapters.profile_reader import code_table_path, read_all
from adapters.registry import DIALECTS
from crypto.keystore import Keystore
from gateway.clock import CHINA
from gateway.setup import config_directory
from gateway.wiring.bank_keys import BankKeys
from messages.batch.columns import STORED_SCHEMA
from messages.batch.numbering import batch_reference, item_references, message_id
from simulators.bank_contract import Codec, Seal
from simulators.bank_parts import codec_of, seal_of
from simulators.declaration import read_bank
from simulators.keys import PASSPHRASE, create_demo_keys
from simulators.roster import roster
from simulators.words import Words

CONFIG = config_directory()
PROFILES = read_all(CONFIG / "banks")
REFERENCE = batch_reference("GW01", "platform", "CONTRACT-1")
REQUESTED_ON = date(2026, 11, 24)


@dataclass(frozen=True, slots=True)
class Family:
    """One bank, the gateway's side and its own."""

    profile: BankProfile
    dialect: Dialect
    codes: CodeTable
    envelope: Envelope | None
    keys: EnvelopeKeys
    codec: Codec
    seal: Seal
    words: Words

    def head(self, items: pl.DataFrame) -> InstructionHead:
        return InstructionHead(
            message_id=message_id(REFERENCE, 0),
            file_no=0,
            rows=items.height,
            total_fen=int(items["amount_fen"].sum()),
            created_at=datetime(2026, 11, 23, 10, 30, 15, tzinfo=CHINA),
            requested_on=REQUESTED_ON,
            batch_no="CONTRACT-1",
            project_code="GDDL-2026",
            policy_name="耕地地力保护补贴",
            voucher_no="PZ20261123000001",
            debtor_name="楚雄市农业农村局",
            debtor_account="5300990000000000",
            debtor_bank_code=self.profile.bank_codes[0],
        )

    def built(self, items: pl.DataFrame) -> bytes:
        return b"".join(self.dialect.build(self.profile, self.head(items), [items]))

    def name(self, message: str) -> str:
        """What an inward message is called, where the bank exchanges files."""
        names = self.profile.file_names
        template = getattr(names, message) if names is not None else "{message_id}"
        return template.replace("{message_id}", message_id(REFERENCE, 0)).replace("{part}", "001")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("keys")
    create_demo_keys(place)
    return place


@pytest.fixture(scope="session")
def keystore(keys: Path) -> Keystore:
    return Keystore.open(keys / "gateway/keystore.json", (keys / PASSPHRASE).read_text("ascii"))


@pytest.fixture(scope="module", params=sorted(PROFILES))
def family(request: pytest.FixtureRequest, keys: Path, keystore: Keystore) -> Family:
    profile, data = PROFILES[request.param], read_bank(CONFIG, request.param)
    return Family(
        profile,
        DIALECTS[profile.dialect],
        CodeTable.read(code_table_path(CONFIG / "banks", profile)),
        ENVELOPES.get(profile.security.envelope),
        BankKeys(keystore, profile.security),
        codec_of(data),
        seal_of(data, keys / request.param),
        data.words,
    )


@pytest.fixture(scope="session")
def items() -> Callable[[Family, int], pl.DataFrame]:
    """Lifelike items that the bank can carry, as they are stored, with their references."""

    def made(family: Family, count: int) -> pl.DataFrame:
        (batch,) = roster(count * 2, 11, batches=1, bad_share=0)
        rows = batch.items.with_row_index("item_no").with_columns(
            pl.col("item_no").cast(pl.UInt32), (pl.col("item_no") + 2).cast(pl.UInt32).alias("line_no")
        )
        rows = rows.select(pl.col(name).cast(dtype) for name, dtype in STORED_SCHEMA.items())
        misfits = {row for row, _, _ in family.dialect.carries(family.profile, rows)}
        kept = rows.filter(~pl.int_range(pl.len()).is_in(sorted(misfits))).head(count)
        return kept.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("item_no")).with_columns(
            item_references(REFERENCE)
        )

    return made
