"""Where and how a bank is reached (接入端点): one model per transport, told apart by ``kind``."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(gt=0, lt=65536)]
TimeoutSeconds = Annotated[int, Field(gt=0, le=600)]


class Part(BaseModel):
    """A frozen piece of configuration; a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SftpEndpoint(Part):
    """Files on the bank's own server. Directories are the bank's, seen from our login."""

    kind: Literal["sftp"]
    host: str
    port: Port
    username: str
    host_keys: tuple[str, ...] = Field(min_length=1)  # pinned: "ssh-ed25519 AAAA..."
    user_key: str  # keystore alias
    outgoing_directory: str
    acknowledgement_directory: str
    result_directory: str
    timeout_seconds: TimeoutSeconds = 30
    legacy_until: date | None = None  # until then SHA-1 and CBC servers are spoken to (alerts daily); null: never


class SftpServerEndpoint(Part):
    """Files on our own SFTP server (内置 SFTP 服务): the bank connects, fetches and lays down. Directories are its root's."""

    kind: Literal["sftp-server"]
    username: str = Field(pattern=r"\A[a-z][a-z0-9-]{1,31}\z")  # the bank's login, also its directory
    user_keys: tuple[str, ...] = Field(min_length=1)  # the bank's public keys: "ssh-ed25519 AAAA..."
    outgoing_directory: str  # we lay down, the bank fetches
    acknowledgement_directory: str
    result_directory: str
    quota_bytes: int = Field(default=2_000_000_000, gt=0)


class HttpsEndpoint(Part):
    """Messages over HTTPS with mutual TLS."""

    kind: Literal["https"]
    base_url: str = Field(pattern=r"\Ahttps://")
    submit_path: str
    inquiry_path: str | None = None  # contains {message_id}; null: an inquiry is a message posted to submit_path
    content_type: str = "application/xml"
    client_certificate: str  # keystore alias
    trusted_ca: str  # keystore alias
    timeout_seconds: TimeoutSeconds = 30


class TcpEndpoint(Part):
    """Framed messages over one TCP connection (长度前缀报文): request and reply; the bank may also call us to push."""

    kind: Literal["tcp"]
    host: str
    port: Port
    framing: Literal["length-8", "length-5", "length-6-inclusive", "flag-length-6"]  # messages.framing
    frame_bytes: int = Field(default=16_000_000, gt=0, le=99_999_999)  # longest frame taken or sent
    client_certificate: str | None = None  # keystore aliases: TLS both ways
    trusted_ca: str | None = None
    leased_line: bool = False  # true: plain TCP is accepted, because the line itself is closed (专线)
    heartbeat_seconds: int = Field(default=60, ge=0, le=3600)  # 0: none
    timeout_seconds: TimeoutSeconds = 30
    listen_host: str = "127.0.0.1"
    listen_port: Port | None = None  # where this bank connects to push results; null: it does not


class AmqpEndpoint(Part):
    """Messages over queues of a RabbitMQ broker (消息队列): publisher confirms one way, acknowledged consumption the other."""

    kind: Literal["amqp"]
    host: str
    port: Port = 5671
    virtual_host: str = "/"
    username: str
    password: str  # keystore alias
    client_certificate: str | None = None
    trusted_ca: str | None = None
    leased_line: bool = False
    send_queue: str
    receive_queue: str
    prefetch: int = Field(default=16, gt=0, le=1000)
    heartbeat_seconds: int = Field(default=30, ge=0, le=600)
    timeout_seconds: TimeoutSeconds = 30


Endpoint = Annotated[
    SftpEndpoint | SftpServerEndpoint | HttpsEndpoint | TcpEndpoint | AmqpEndpoint, Field(discriminator="kind")
]
FILE_KINDS = frozenset({"sftp", "sftp-server"})
"""Transports that move files by name; the others move messages."""
