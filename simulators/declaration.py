"""What a simulated bank is (银行声明): read from the same data as the gateway's profile, by this side's own reader.

Only what the other side of the wire needs is looked at; keys that mean nothing to it are passed over, since
the gateway refuses them itself. Which raw code is said where several fit may stand in
``config/simulators/banks/<bank>.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from crypto.contract import CipherName, Form, SchemeName
from messages.layout.checking import checked
from messages.layout.model import Layout
from messages.layout.positions import ConfigurationRefused, read_document
from messages.layout.reader import read_layout
from messages.outcome import Outcome
from simulators.answers import Status
from simulators.words import Words, read_words

FILE_KINDS: Final = frozenset({"sftp", "sftp-server"})
Failing = Literal["missing-signature", "signature", "format", "totals", "encoding", "name"]
"""What can be wrong with a whole message."""


class Part(BaseModel):
    """A frozen piece of a declaration; what it does not know is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Wire(Part):
    """The transport as the bank sees it; which keys are given depends on ``kind``."""

    kind: Literal["sftp", "sftp-server", "https", "tcp", "amqp"]
    host: str = "127.0.0.1"
    port: int | None = None
    username: str = "gateway"
    outgoing_directory: str = "/in"
    acknowledgement_directory: str = "/ack"
    result_directory: str = "/out"
    submit_path: str = "/"
    inquiry_path: str | None = None
    content_type: str = "application/xml"
    framing: str | None = None
    frame_bytes: int = 16_000_000
    heartbeat_seconds: int = 60
    listen_host: str = "127.0.0.1"
    listen_port: int | None = None
    virtual_host: str = "/"
    send_queue: str | None = None
    receive_queue: str | None = None
    prefetch: int = 16
    client_certificate: str | None = None
    trusted_ca: str | None = None
    password: str | None = None
    user_key: str | None = None

    @property
    def by_files(self) -> bool:
        """Whether the bank exchanges files."""
        return self.kind in FILE_KINDS

    @property
    def rest(self) -> bool:
        """Whether the bank is asked by a path of its own."""
        return self.kind == "https" and self.inquiry_path is not None

    @property
    def pushes(self) -> bool:
        """Whether the bank sends messages of its own accord."""
        return self.kind == "amqp" or (self.kind == "tcp" and self.listen_port is not None)


class FileNames(Part):
    """File name patterns with ``{message_id}`` and, from the bank, ``{part}``; null where there is no such file."""

    instruction: str
    acknowledgement: str | None = None
    result: str
    returned: str | None = None


class XmlSigning(Part):
    """How an XML message is signed in itself; only whole documents are played."""

    signature_uri: str
    digest_uri: str
    digest: str | None = None
    canonicalisation: str = "http://www.w3.org/2001/10/xml-exc-c14n#"
    id_attribute: str | None = None


class CmsEncryption(Part):
    """How CMS messages are enveloped."""

    transport: Literal["rsa-oaep-sha256", "rsa-pkcs1", "sm2"]
    cipher: Literal["aes-256-cbc", "aes-256-gcm", "sm4-cbc"]
    bank_key: str
    own_key: str


class CmsSigning(Part):
    """How a message is put into CMS."""

    syntax: Literal["rfc5652", "gmt0010"]
    certificates: str | None = None
    encryption: CmsEncryption | None = None


class Signing(Part):
    """How both sides sign."""

    scheme: SchemeName
    signing_key: str
    verification_key: str | None = None
    sm2_user_id: str = "1234567812345678"
    form: Form = Field(default="der", validation_alias=AliasChoices("form", "sm2_form"))
    encoding: Literal["base64", "hex", "HEX", "raw"] = "base64"
    detached_suffix: str = ".sig"
    signature_header: str = "X-Signature"
    envelope: str = "detached"
    signature_element: str | None = None
    encryption_key: str | None = None
    cipher: CipherName = "sm4-cbc"
    user_code: str | None = None
    xml: XmlSigning | None = None
    cms: CmsSigning | None = None


class VoucherCodes(Part):
    """Which treasury's vouchers a bank takes."""

    adm_div_code: str


class Declaration(Part):
    """One bank, as its profile says."""

    bank: str
    bank_codes: tuple[str, ...] = ()
    dialect: str
    layout: str | None = None
    encoding: Literal["gb18030", "gbk", "gb2312", "utf-8"]
    code_table: str
    transport: Wire
    file_names: FileNames | None = None
    voucher: VoucherCodes | None = None
    security: Signing


class Choices(BaseModel):
    """config/simulators/banks/<bank>.yaml: which code is said where several fit; a key it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    statuses: Mapping[Status, str] = {}
    file_statuses: Mapping[Outcome, str] = {}
    refusals: Mapping[Failing, str] = {}


@dataclass(frozen=True, slots=True)
class BankData:
    """Everything about one simulated bank that is data."""

    declaration: Declaration
    layout: Layout | None
    words: Words
    refusals: Mapping[Failing, str]


def shipped_config() -> Path:
    """The configuration beside this package: of the source tree, or as installed."""
    beside = Path(__file__).resolve().parents[1]
    return next(
        (path for path in (beside / "config", beside / "gateway/data/config") if path.is_dir()), beside / "config"
    )


def read_bank(config: Path, name: str) -> BankData:
    """Bank ``name`` of ``config``: its profile ``banks/<name>.yaml`` and what that names.

    Raises ConfigurationRefused with every problem of the file, or WordsMissing for its code table.
    """
    declaration = read_declaration(config / "banks" / f"{name}.yaml")
    layout = None if declaration.layout is None else read_layout(config / "layouts" / f"{declaration.layout}.yaml")
    choices = _choices(config / "simulators" / "banks" / f"{declaration.bank}.yaml")
    table = config / "codes" / f"{declaration.code_table}.csv"
    words = read_words(table, _texts(choices.statuses), _texts(choices.file_statuses))
    return BankData(declaration, layout, words, choices.refusals)


def read_declaration(path: Path) -> Declaration:
    """The profile at ``path`` as the bank's side reads it; raises ConfigurationRefused."""
    declaration, problems = checked(read_document(path), Declaration)
    if declaration is None:
        raise ConfigurationRefused(problems)
    return declaration


def _choices(path: Path) -> Choices:
    if not path.exists():
        return Choices()
    choices, problems = checked(read_document(path), Choices)
    if choices is None:
        raise ConfigurationRefused(problems)
    return choices


def _texts(choices: Mapping[Status, str] | Mapping[Outcome, str]) -> dict[str, str]:
    return {str(meaning): code for meaning, code in choices.items()}
