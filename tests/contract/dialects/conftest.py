"""Every shipped bank, both sides of its wire, and lifelike items that it can carry."""

from __future__ import annotations

import shutil
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
from adapters.profile_reader import code_table_path, read_all, read_profile
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
SHIPPED = read_all(CONFIG / "banks")
SM2 = """
  scheme: sm2-sm3
  signing_key: gateway-sm2-sign
  verification_key: {bank}-verify
"""
RSA = """
  scheme: rsa-pkcs1-sha256
  signing_key: gateway-rsa-sign
  verification_key: {bank}-verify
"""
INVENTED = {
    "coop-xmldsig": (
        "coop-tcp",
        SM2
        + """
  form: raw
  envelope: xmldsig
  xml:
    signature_uri: http://www.w3.org/2000/09/xmldsig#sm2-sm3
    digest_uri: http://www.w3.org/2000/09/xmldsig#sm3
    canonicalisation: http://www.w3.org/TR/2001/REC-xml-c14n-20010315
""",
    ),
    "city-xmldsig": (
        "city-iso",
        RSA
        + """
  envelope: xmldsig
  xml:
    signature_uri: http://www.w3.org/2001/04/xmldsig-more#rsa-sha256
    digest_uri: http://www.w3.org/2001/04/xmlenc#sha256
""",
    ),
    "voucher-cms": (
        "treasury-voucher",
        SM2
        + """
  envelope: cms
  cms:
    syntax: gmt0010
    encryption: {{transport: sm2, cipher: sm4-cbc, bank_key: {bank}-encrypt, own_key: gateway-{bank}-decrypt}}
""",
    ),
    "agri-cms": (
        "agri-tcp",
        RSA
        + """
  encoding: raw
  envelope: cms
  cms:
    syntax: rfc5652
    encryption: {{transport: rsa-oaep-sha256, cipher: aes-256-gcm, bank_key: {bank}-encrypt, own_key: gateway-{bank}-decrypt}}
""",
    ),
}
"""Envelopes that no shipped bank has: by bank, whose profile it is like, and its own ``security``."""
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
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped configuration, and the invented banks."""
    place = tmp_path_factory.mktemp("config")
    for part in ("banks", "layouts", "codes", "simulators"):
        shutil.copytree(CONFIG / part, place / part)
    for bank, (like, security) in INVENTED.items():
        text = (place / f"banks/{like}.yaml").read_text("utf-8").replace(f"bank: {like}\n", f"bank: {bank}\n")
        before, _, after = text.partition("security:\n")
        rest = after[after.index("\ninquiry:") :]
        (place / f"banks/{bank}.yaml").write_text(f"{before}security:{security.format(bank=bank)}{rest}", "utf-8")
        choices = place / f"simulators/banks/{like}.yaml"
        if choices.exists():
            shutil.copy(choices, place / f"simulators/banks/{bank}.yaml")
    return place


@pytest.fixture(scope="session")
def keys(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("keys")
    create_demo_keys(place, config=config)
    return place


@pytest.fixture(scope="session")
def keystore(keys: Path) -> Keystore:
    return Keystore.open(keys / "gateway/keystore.json", (keys / PASSPHRASE).read_text("ascii"))


@pytest.fixture(scope="module", params=sorted([*SHIPPED, *INVENTED]))
def family(request: pytest.FixtureRequest, config: Path, keys: Path, keystore: Keystore) -> Family:
    profile, data = read_profile(config / f"banks/{request.param}.yaml"), read_bank(config, request.param)
    return Family(
        profile,
        DIALECTS[profile.dialect],
        CodeTable.read(code_table_path(config / "banks", profile)),
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
