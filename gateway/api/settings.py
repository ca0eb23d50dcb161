"""What can be set about the API (接口设置); every bound has a default and a reason to be there."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ClientSettings(BaseModel):
    """One client system (客户端): how it proves who it is, and what it may do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    client_id: str = Field(pattern=r"\A[a-z0-9][a-z0-9-]{0,39}\Z")
    certificate_names: tuple[str, ...] = ()  # subject CN of its client certificates
    key_ids: tuple[str, ...] = ()  # ids of its Ed25519 signing keys
    operator: bool = False  # may read alerts


class ApiSettings(BaseModel):
    """Clients and bounds of the API."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    clients: tuple[ClientSettings, ...] = ()
    public_base_url: str | None = Field(default=None, pattern=r"\Ahttps?://[^/]+\Z")  # what clients sign, behind a proxy
    open_on_loopback: bool = False  # no authentication at all; only ever on a loopback listener
    open_client_id: str = "local"  # who everybody is, when open
    max_upload_bytes: int = Field(default=2_000_000_000, gt=0)
    max_json_bytes: int = Field(default=1_000_000, gt=0, le=16_000_000)
    max_inline_items: int = Field(default=1000, gt=0, le=10_000)
    max_uploads: int = Field(default=16, gt=0)  # at a time, of all clients
    max_uploads_per_client: int = Field(default=4, gt=0)
    max_streams: int = Field(default=16, gt=0)  # result and rejection streams at a time
    max_waiting: int = Field(default=256, gt=0)  # requests that wait for a check; beyond it they are answered at once
    inline_wait_seconds: float = Field(default=10, ge=0, le=30)
    max_wait_seconds: float = Field(default=30, ge=0, le=120)
    poll_seconds: float = Field(default=0.5, gt=0, le=10)
    signature_age_seconds: int = Field(default=300, gt=0, le=3600)
    page_limit: int = Field(default=200, gt=0, le=1000)
