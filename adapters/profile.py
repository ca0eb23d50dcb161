"""The bank profile (银行接入档案): everything about one bank that is data, typed and checked.

Loaded from ``config/banks/<bank>.yaml`` by ``adapters.profile_reader`` with every scalar as text;
unknown and duplicate keys are refused with file, line and column.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import AliasChoices, Field, field_validator, model_validator

from adapters.endpoints import FILE_KINDS, Endpoint, Part
from adapters.envelopes.cms_terms import CmsTerms
from adapters.envelopes.xmldsig_terms import XmlTerms
from crypto.contract import Form, SchemeName
from messages.layout.model import Layout

BankCode = Annotated[str, Field(pattern=r"\A[0-9]{12}\z")]
Identifier = Annotated[str, Field(pattern=r"\A[a-z][a-z0-9-]{1,39}\z")]


class Serves(Part):
    """Which items this bank pays as agency bank (代发金融机构): 行号 prefixes; the longest match wins."""

    bank_codes: tuple[Annotated[str, Field(pattern=r"\A[0-9]{0,12}\z")], ...] = ()


class Limits(Part):
    """What one file may hold, both ways."""

    rows_per_file: int = Field(gt=0, le=1_000_000)
    bytes_per_file: int = Field(gt=0, le=2_000_000_000)
    result_bytes: int = Field(gt=0, le=2_000_000_000)
    amount_fen_per_item: int = Field(gt=0)


class SignatureEncoding(StrEnum):
    """How signature bytes travel; hexadecimal is written in small letters or in capitals, and read in either."""

    BASE64 = "base64"
    HEX = "hex"
    HEX_CAPITALS = "HEX"
    RAW = "raw"


_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class SecurityException(Part):
    """What is tolerated of one bank for a while (安全例外), to be seen every day until it ends."""

    allows: Literal["sha-1", "unsigned"]  # unsigned: what the bank sends; what we send is signed all the same
    until: date  # the last day on which it holds, China Standard Time
    reason: str = Field(min_length=8)  # who agreed to it, and why

    @field_validator("until", mode="before")
    @classmethod
    def _is_a_day(cls, value: Any) -> Any:
        """A bare number would pass for seconds since 1970."""
        if isinstance(value, str) and not _DAY.fullmatch(value):
            raise ValueError("is not a day YYYY-MM-DD")
        return value


class Security(Part):
    """Signing both ways; parameters that differ by bank are data (facts D.2)."""

    scheme: SchemeName
    signing_key: str  # keystore alias, ours
    verification_key: str | None = None  # keystore alias, the bank's; null: it signs nothing (needs an exception)
    sm2_user_id: str = "1234567812345678"
    form: Form = Field(default="der", validation_alias=AliasChoices("form", "sm2_form"))  # of SM2 and ECDSA signatures
    encoding: SignatureEncoding = SignatureEncoding.BASE64
    detached_suffix: str = ".sig"  # files: name + suffix; HTTP: see signature_header
    signature_header: str = "X-Signature"
    envelope: Literal["detached", "xml-element", "form", "json-sm4", "cnaps2-block", "xmldsig", "cms"] = "detached"
    signature_element: str | None = None  # envelope xml-element: the name of the element that holds the signature
    encryption_key: str | None = None  # keystore alias of the key shared with the bank (envelope json-sm4)
    cipher: Literal["sm4-cbc", "sm4-gcm"] = "sm4-cbc"  # what is done with that key
    user_code: str | None = None  # our user or customer number at the bank, where the envelope carries one
    xml: XmlTerms | None = None  # envelope xmldsig only
    cms: CmsTerms | None = None  # envelope cms only
    exception: SecurityException | None = None

    def tolerates(self, what: Literal["sha-1", "unsigned"], today: date) -> bool:
        """Whether an exception allows this of the bank today."""
        granted = self.exception
        return granted is not None and granted.allows == what and today <= granted.until


class Inquiry(Part):
    """How and when to ask for what did not come by itself (查询)."""

    first_after_seconds: float = Field(default=5, ge=0)
    every_seconds: float = Field(default=30, gt=0)
    give_up_alert_after_seconds: float = Field(default=3600, gt=0)
    return_watch_seconds: float = Field(default=432_000, ge=0)  # how long after completion a 退汇 is still looked for
    return_watch_every_seconds: float = Field(default=3600, gt=0)
    by: Literal["path", "message", "files", "none"] = (
        "path"  # how the bank is asked; files: only by looking for its answer
    )
    per: Literal["batch", "item"] = "batch"  # item: one question per item that is still without a final word
    bank_rejects_duplicates: bool  # true: identical bytes under the identical id may be sent again


ClockTime = Annotated[str, Field(pattern=r"\A(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)\z")]


class Hours(Part):
    """When instructions may be sent (报送时间), China Standard Time; outside they wait, and the platform is told until when."""

    calendar: Identifier = "cn"  # config/calendars/<calendar>-<year>.yaml
    days: Literal["working", "every"] = "working"  # working: 工作日 with 调休
    opens: ClockTime
    cut_off: ClockTime  # 截止时间: from then on it is for the next day

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Hours:
        if self.opens >= self.cut_off:
            raise ValueError("the cut-off is not after the opening")
        return self


class FileNames(Part):
    """File name patterns with ``{message_id}`` and, inward, ``{part}`` (1 to 8 letters or digits)."""

    instruction: str
    acknowledgement: str | None = None  # null: the bank's interface has no such file
    result: str
    returned: str | None = None


class VoucherCodes(Part):
    """Which vouchers a treasury's bank is sent and sends (国库凭证参数); regional, so data (facts A.2)."""

    adm_div_code: str = Field(pattern=r"\A[0-9]{6,9}\z")  # 行政区划代码 of the treasury whose funds are paid
    vt_code: Literal["8207"]  # what an instruction is written as
    original_vt_code: str = Field(pattern=r"\A[0-9]{4}\z")  # what it details: 5201 direct, 8202 authorised payment
    return_vt_code: Literal["2252"]  # what tells that money came back


class BankProfile(Part):
    """One bank (合作银行)."""

    bank: Identifier
    name: str
    bank_codes: tuple[BankCode, ...] = Field(min_length=1)  # its own 行号s; the first is its head office
    roles: tuple[Literal["pays", "holds-cards", "clears"], ...]
    serves: Serves = Serves()
    dialect: Literal["fixed-width", "delimited", "record-xml", "iso20022", "signed-json", "cnaps2", "treasury-voucher"]
    effective_from: date | None = None  # the day from which this edition holds; null: always (file <bank>.yaml)
    misfit: Literal["reject-item", "refuse-batch"] = "reject-item"  # what an item that this format cannot carry costs
    layout: str | None = None  # config/layouts/<layout>.yaml
    record_layout: Layout | None = None  # what that file says; put here by the reader, never written in a profile
    encoding: Literal["gb18030", "gbk", "gb2312", "utf-8"]
    code_table: str  # config/codes/<table>.csv
    limits: Limits
    transport: Endpoint
    file_names: FileNames | None = None  # file transports only
    security: Security
    inquiry: Inquiry
    hours: Hours | None = None  # null: at any time
    voucher: VoucherCodes | None = None  # dialect treasury-voucher only

    @property
    def asked_by(self) -> Literal["path", "message", "files", "none"]:
        """How this bank is asked: one that exchanges files, and no inquiry messages, by looking for its files."""
        return "files" if self.by_files and self.inquiry.by == "path" else self.inquiry.by

    @property
    def by_files(self) -> bool:
        """Whether this bank exchanges files; else messages."""
        return self.transport.kind in FILE_KINDS
