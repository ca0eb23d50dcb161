"""The bank profile (银行接入档案): everything about one bank that is data, typed and checked.

Loaded from ``config/banks/<bank>.yaml`` by ``adapters.profile_reader`` with every scalar as text;
unknown and duplicate keys are refused with file, line and column.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from messages.layout.model import Layout

BankCode = Annotated[str, Field(pattern=r"\A[0-9]{12}\z")]
Identifier = Annotated[str, Field(pattern=r"\A[a-z][a-z0-9-]{1,39}\z")]


class Part(BaseModel):
    """A frozen piece of configuration; a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Serves(Part):
    """Which items this bank pays as agency bank (代发金融机构): 行号 prefixes; the longest match wins."""

    bank_codes: tuple[Annotated[str, Field(pattern=r"\A[0-9]{0,12}\z")], ...] = ()


class Limits(Part):
    """What one file may hold, both ways."""

    rows_per_file: int = Field(gt=0, le=1_000_000)
    bytes_per_file: int = Field(gt=0, le=2_000_000_000)
    result_bytes: int = Field(gt=0, le=2_000_000_000)
    amount_fen_per_item: int = Field(gt=0)


class SftpEndpoint(Part):
    """Where and how files are exchanged. Directories are the bank's, seen from our login."""

    kind: Literal["sftp"]
    host: str
    port: int = Field(gt=0, lt=65536)
    username: str
    host_keys: tuple[str, ...] = Field(min_length=1)  # pinned: "ssh-ed25519 AAAA..."
    user_key: str  # keystore alias
    outgoing_directory: str
    acknowledgement_directory: str
    result_directory: str
    timeout_seconds: int = Field(default=30, gt=0, le=600)


class HttpsEndpoint(Part):
    """Where messages are posted and asked for."""

    kind: Literal["https"]
    base_url: str = Field(pattern=r"\Ahttps://")
    submit_path: str
    inquiry_path: str  # contains {message_id}
    client_certificate: str  # keystore alias
    trusted_ca: str  # keystore alias
    timeout_seconds: int = Field(default=30, gt=0, le=600)


class SignatureEncoding(StrEnum):
    """How signature bytes travel."""

    BASE64 = "base64"
    HEX = "hex"
    RAW = "raw"


class Security(Part):
    """Signing both ways; parameters that differ by bank are data (facts D.2)."""

    scheme: Literal["sm2-sm3", "rsa-pkcs1-sha256", "rsa-pss-sha256"]
    signing_key: str  # keystore alias, ours
    verification_key: str  # keystore alias, the bank's
    sm2_user_id: str = "1234567812345678"
    sm2_form: Literal["der", "raw"] = "der"
    encoding: SignatureEncoding = SignatureEncoding.BASE64
    detached_suffix: str = ".sig"  # files: name + suffix; HTTP: see signature_header
    signature_header: str = "X-Signature"


class Inquiry(Part):
    """How and when to ask for what did not come by itself (查询)."""

    first_after_seconds: float = Field(default=5, ge=0)
    every_seconds: float = Field(default=30, gt=0)
    give_up_alert_after_seconds: float = Field(default=3600, gt=0)
    return_watch_seconds: float = Field(default=432_000, ge=0)  # how long after completion a 退汇 is still looked for
    return_watch_every_seconds: float = Field(default=3600, gt=0)
    bank_rejects_duplicates: bool  # true: identical bytes under the identical id may be sent again


class FileNames(Part):
    """File name patterns with ``{message_id}`` and, inward, ``{part}`` (1 to 8 letters or digits)."""

    instruction: str
    acknowledgement: str
    result: str
    returned: str


class BankProfile(Part):
    """One bank (合作银行)."""

    bank: Identifier
    name: str
    bank_codes: tuple[BankCode, ...] = Field(min_length=1)  # its own 行号s; the first is its head office
    roles: tuple[Literal["pays", "holds-cards", "clears"], ...]
    serves: Serves = Serves()
    dialect: Literal["fixed-width", "iso20022"]
    layout: str | None = None  # config/layouts/<layout>.yaml
    record_layout: Layout | None = None  # what that file says; put here by the reader, never written in a profile
    encoding: Literal["gb18030", "gbk", "utf-8"]
    code_table: str  # config/codes/<table>.csv
    limits: Limits
    transport: Annotated[SftpEndpoint | HttpsEndpoint, Field(discriminator="kind")]
    file_names: FileNames | None = None  # file transports only
    security: Security
    inquiry: Inquiry
