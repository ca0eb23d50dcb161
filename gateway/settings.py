"""The service's settings: one TOML file, overridden by ``GATEWAY_…`` environment variables.

Every key that it does not know is an error. Secrets are never here: only where to read them from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from gateway.core.authority import Role, excluded

OperatorName = Annotated[str, StringConstraints(pattern=r"\A[a-z][a-z0-9-]{0,39}\z")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pkcs11Settings(_Part):
    """A cryptographic device (密码机) behind a PKCS#11 module."""

    module: Path
    token: str = Field(pattern=r"\A[A-Za-z0-9][A-Za-z0-9 ._-]{0,31}\z")  # its label
    pin_file: Path  # readable by its owner only


class KeystoreSettings(_Part):
    """Where keys are, and where the passphrase that opens them is: exactly one of the three."""

    path: Path
    passphrase_file: Path | None = None
    passphrase_env: str | None = Field(default=None, pattern=r"\A[A-Z][A-Z0-9_]{0,99}\z")
    passphrase_prompt: bool = False
    pkcs11: Pkcs11Settings | None = None
    crl_directory: Path | None = None  # <alias>.crl of each alias of trusted certificates; null: none are looked at
    stale_crl: Literal["strict", "alert"] = "strict"  # a list that is missing or overdue: refuse, or go on and alert

    @model_validator(mode="after")
    def _one_source(self) -> KeystoreSettings:
        given = [self.passphrase_file is not None, self.passphrase_env is not None, self.passphrase_prompt]
        if sum(given) != 1:
            raise ValueError(
                "the keystore's passphrase comes from exactly one of passphrase_file, passphrase_env, passphrase_prompt"
            )
        return self


class ApiSettings(_Part):
    """Where the platform connects."""

    host: str = "127.0.0.1"
    port: int = Field(default=8443, ge=0, lt=65536)
    tls: bool = True
    open_on_loopback: bool = False  # demonstration only; refused on any other address
    content_bytes_max: int = Field(default=2_000_000_000, gt=0)


class ClientSettings(_Part):
    """One client of the API (平台)."""

    webhook_url: str | None = None
    key_ids: tuple[str, ...] = ()  # further signing keys; those of alias client-<id>-verify are known without it
    certificate_names: tuple[str, ...] = ()  # common names of client certificates
    roles: tuple[Literal[Role.PLATFORM, Role.OPERATOR], ...] = (Role.PLATFORM,)


class OperatorSettings(_Part):
    """One person who runs or watches the gateway (操作员); their public keys are alias operator-<name>-verify."""

    roles: tuple[Literal[Role.OPERATOR, Role.KEY_CUSTODIAN, Role.AUDITOR, Role.PRIVACY_OFFICER], ...] = Field(
        min_length=1
    )
    scopes: tuple[str, ...] = ()  # patterns over keys, banks and clients; none is all of them
    certificate_names: tuple[str, ...] = ()  # common names of client certificates

    @model_validator(mode="after")
    def _duties_are_separate(self) -> OperatorSettings:
        pair = excluded(self.roles)
        if pair is not None:
            raise ValueError(f"nobody is both {' and '.join(sorted(pair))}: give the roles to two people")
        return self


class SmsSettings(_Part):
    """The SMS provider."""

    base_url: str
    client: str
    lot_size: int = Field(default=100, gt=0, le=1000)
    timeout_seconds: float = Field(default=10, gt=0)
    templates: Path = Path("notices/demo-province.yaml")  # below ``config``


class SftpServerSettings(_Part):
    """Where banks of transport ``sftp-server`` connect to; served by a process of its own, ``gateway sftp``."""

    host: str = "127.0.0.1"
    port: int = Field(default=2222, ge=0, lt=65536)
    host_keys: tuple[str, ...] = Field(
        default=("gateway-sftp-host",), min_length=1
    )  # keystore aliases; the first is shown
    login_seconds: float = Field(default=20, gt=0, le=120)


class WorkerSettings(_Part):
    """How many processes of each kind."""

    compute: int = Field(default=2, gt=0, le=64)
    transfer: int = Field(default=1, gt=0, le=16)


class AuditSettings(_Part):
    """Where the audit's daily anchors go: best on another machine, or on a medium that is written once."""

    anchor_directory: Path | None = None  # default: audit-anchors in ``state``


class Settings(BaseSettings):
    """All settings of one node."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="GATEWAY_", env_nested_delimiter="__")

    node: str = Field(default="node-1", pattern=r"\A[a-z0-9-]{1,40}\z")
    gateway_code: str = Field(
        default="GW01", pattern=r"\A[A-Z0-9]{4}\z"
    )  # part of every derived identity: never change it
    config: Path = Path("config")
    state: Path = Path("var")
    store_url: str = ""  # default: SQLite in ``state``
    amount_limit_fen: int = Field(default=100_000_000, gt=0)
    keystore: KeystoreSettings
    api: ApiSettings = ApiSettings()
    clients: dict[str, ClientSettings] = {}
    operators: dict[OperatorName, OperatorSettings] = {}
    bank_endpoints: dict[str, dict[str, Any]] = {}  # over the profiles' transport: host, port, base_url, host_keys
    sms: SmsSettings | None = None
    sftp_server: SftpServerSettings | None = None  # null: no bank connects to us
    workers: WorkerSettings = WorkerSettings()
    audit: AuditSettings = AuditSettings()

    @model_validator(mode="after")
    def _never_open_to_the_world(self) -> Settings:
        loopback = self.api.host in {"127.0.0.1", "::1", "localhost"}
        if not loopback and (self.api.open_on_loopback or not self.api.tls):
            raise ValueError(
                f"api.host {self.api.host} is not a loopback address: api.open_on_loopback must be false and api.tls true"
            )
        return self

    @model_validator(mode="after")
    def _one_name_one_party(self) -> Settings:
        both = sorted(self.operators.keys() & self.clients.keys())
        if both:
            raise ValueError(f"{both[0]} is a client and an operator: the audit could not tell them apart, rename one")
        return self

    @property
    def exchange_root(self) -> Path:
        """Below it the directories of the banks that connect to our SFTP server, one each."""
        return self.state / "sftp"

    @property
    def anchor_directory(self) -> Path:
        """Where the audit's daily anchors are."""
        return self.audit.anchor_directory or self.state / "audit-anchors"

    @property
    def database_url(self) -> str:
        """The store's URL; SQLite below ``state`` unless set."""
        return self.store_url or f"sqlite:///{self.state / 'gateway.sqlite'}"


def read_settings(path: Path, *, with_environment: bool = True) -> Settings:
    """Settings from a TOML file and the environment; raises pydantic's ValidationError naming each key."""

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=path)

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            *given: PydanticBaseSettingsSource,
            **sources: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            environment = sources["env_settings"] if sources else given[1]
            file = TomlConfigSettingsSource(settings_cls)
            return (environment, file) if with_environment else (file,)

    return Settings.model_validate(FromFile().model_dump())  # type: ignore[call-arg]
