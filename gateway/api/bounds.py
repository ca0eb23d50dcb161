"""The API's bounds (接口上限): every one has a default, and nothing here is unlimited."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Bounds(BaseModel):
    """How much one client, or all of them together, may ask of one node."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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
    max_page: int = Field(default=200, gt=0, le=1000)
