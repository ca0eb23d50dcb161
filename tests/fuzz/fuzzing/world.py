"""Every shipped bank, both sides of its wire, and items with somebody in them whom no refusal may name."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Final

import polars as pl

from adapters.code_table import CodeTable
from adapters.contract import Dialect, InstructionHead
from adapters.envelopes.contract import Envelope
from adapters.envelopes.registry import ENVELOPES
from adapters.profile import BankProfile
from adapters.profile_reader import code_table_path, read_all
from adapters.registry import DIALECTS
from crypto.keystore import Keystore
from fuzzing.marker import ACCOUNT, NAME
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

CONFIG: Final = config_directory()
GOLDEN: Final = Path(__file__).parents[2] / "golden"
AT: Final = datetime(2026, 11, 23, 10, 30, 15, tzinfo=CHINA)
TODAY: Final = date(2026, 11, 24)
_REFERENCE: Final = batch_reference("GW01", "platform", "FUZZ-1")
MESSAGE_ID: Final = message_id(_REFERENCE, 0)


@dataclass(frozen=True, slots=True)
class Family:
    """One bank, the gateway's side and its own."""

    profile: BankProfile
    dialect: Dialect
    codes: CodeTable
    envelope: Envelope | None
    keys: BankKeys
    codec: Codec
    seal: Seal
    words: Words

    def head(self, items: pl.DataFrame) -> InstructionHead:
        return InstructionHead(
            message_id=MESSAGE_ID,
            file_no=0,
            rows=items.height,
            total_fen=int(items["amount_fen"].sum()),
            created_at=AT,
            requested_on=TODAY,
            batch_no="FUZZ-1",
            project_code="GDDL-2026",
            policy_name="耕地地力保护补贴",
            voucher_no="PZ20261123000001",
            debtor_name="示范县农业农村局",
            debtor_account="5300990000000000",
            debtor_bank_code=self.profile.bank_codes[0],
        )

    def built(self, items: pl.DataFrame) -> bytes:
        return b"".join(self.dialect.build(self.profile, self.head(items), [items]))

    def name(self, message: str) -> str:
        """What an inward message is called, where the bank exchanges files."""
        names = self.profile.file_names
        template = getattr(names, message) if names is not None else "{message_id}"
        return str(template).replace("{message_id}", MESSAGE_ID).replace("{part}", "001")


@cache
def place() -> Path:
    """A directory of this process, gone when it ends."""
    directory = Path(tempfile.mkdtemp(prefix="fuzz-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


@cache
def keystore() -> tuple[Path, Keystore]:
    """Demo keys of both sides, made anew for this process."""
    keys = place() / "keys"
    create_demo_keys(keys)
    return keys, Keystore.open(keys / "gateway/keystore.json", (keys / PASSPHRASE).read_text("ascii"))


@cache
def profiles() -> dict[str, BankProfile]:
    """Every shipped bank."""
    return read_all(CONFIG / "banks")


@cache
def family(bank: str) -> Family:
    """The bank called ``bank``."""
    keys, store = keystore()
    profile, data = profiles()[bank], read_bank(CONFIG, bank)
    return Family(
        profile,
        DIALECTS[profile.dialect],
        CodeTable.read(code_table_path(CONFIG / "banks", profile)),
        ENVELOPES.get(profile.security.envelope),
        BankKeys(store, profile.security),
        codec_of(data),
        seal_of(data, keys / bank),
        data.words,
    )


@cache
def items(bank: str, count: int = 3) -> pl.DataFrame:
    """Lifelike items that the bank can carry; the second is for the one who is planted."""
    one = family(bank)
    (batch,) = roster(count * 3, 11, batches=1, bad_share=0)
    rows = batch.items.with_row_index("item_no").with_columns(
        pl.col("item_no").cast(pl.UInt32), (pl.col("item_no") + 2).cast(pl.UInt32).alias("line_no")
    )
    rows = rows.select(pl.col(name).cast(dtype) for name, dtype in STORED_SCHEMA.items())
    misfits = {row for row, _, _ in one.dialect.carries(one.profile, rows)}
    kept = rows.filter(~pl.int_range(pl.len()).is_in(sorted(misfits))).head(count)
    second = pl.int_range(pl.len()) == 1
    return kept.with_columns(
        pl.when(second).then(pl.lit(NAME)).otherwise("name").alias("name"),
        pl.when(second).then(pl.lit(ACCOUNT)).otherwise("account").alias("account"),
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("item_no"),
    ).with_columns(item_references(_REFERENCE))
