"""What an endpoint is (接口的描述): one value that routing, checking and the OpenAPI document are made from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel

from gateway.api.clients import Client
from gateway.api.envelope import Envelope
from gateway.api.problems import Problem
from gateway.api.uploading import Upload
from gateway.core.authority import Actor, Permission


class Access(StrEnum):
    """Who may call: anybody, or whoever has a role with the permission."""

    PUBLIC = "PUBLIC"  # holds no data of anybody
    CLIENT = "CLIENT"  # reads what is its own
    SUBMIT = "SUBMIT"  # submits what is its own
    OPERATOR = "OPERATOR"  # sees alerts
    KEYS_READ = "KEYS_READ"
    KEYS_CHANGE = "KEYS_CHANGE"
    KEYS_REVOKE_NOW = "KEYS_REVOKE_NOW"
    AUDIT_READ = "AUDIT_READ"
    PERSONAL_CLEAR = "PERSONAL_CLEAR"
    PERSONAL_ERASE = "PERSONAL_ERASE"

    @property
    def permission(self) -> Permission | None:
        """What the caller needs; None where nobody is asked who they are."""
        return _NEEDS[self]


_NEEDS: Final[Mapping[Access, Permission | None]] = {
    Access.PUBLIC: None,
    Access.CLIENT: Permission.BATCHES_READ,
    Access.SUBMIT: Permission.BATCHES_SUBMIT,
    Access.OPERATOR: Permission.ALERTS_READ,
    Access.KEYS_READ: Permission.KEYS_READ,
    Access.KEYS_CHANGE: Permission.KEYS_CHANGE,
    Access.KEYS_REVOKE_NOW: Permission.KEYS_REVOKE_NOW,
    Access.AUDIT_READ: Permission.AUDIT_READ,
    Access.PERSONAL_CLEAR: Permission.PERSONAL_CLEAR,
    Access.PERSONAL_ERASE: Permission.PERSONAL_ERASE,
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request, its parameters checked; ``client`` is None only for public operations."""

    client: Client | None
    envelope: Envelope
    path: Mapping[str, str]
    query: Any  # the operation's query model
    upload: Upload | None  # the body, where the operation has one

    @property
    def client_id(self) -> str:
        """Who calls; only for operations that are not public."""
        if self.client is None:
            raise Problem("NOT_AUTHENTICATED")
        return self.client.client_id

    @property
    def actor(self) -> Actor:
        """Who calls, as services and the audit know it; only for operations that are not public."""
        if self.client is None:
            raise Problem("NOT_AUTHENTICATED")
        return self.client.actor


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is small enough to be held whole."""

    status: int
    content: BaseModel | bytes
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer produced piece by piece; ``pieces`` is advanced in threads, one call at a time."""

    pieces: Iterator[bytes]
    media_type: str = "application/x-ndjson"
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Awaitable[Reply | Stream]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the path or a header."""

    name: str
    zh: str
    en: str
    schema: Mapping[str, Any]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One status that an operation answers with."""

    status: int
    zh: str
    en: str
    shape: type[BaseModel] | None = None
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Body:
    """What a body may be; ``shape`` describes one JSON document, or one line of a stream of items."""

    media_types: tuple[str, ...]
    shape: type[BaseModel] | None = None
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint."""

    name: str  # operationId
    method: str
    path: str  # /v1/batches/{batch_no}
    zh: str
    en: str
    handler: Handler
    answers: tuple[Answer, ...]
    problems: tuple[str, ...] = ()
    access: Access = Access.CLIENT
    query: type[BaseModel] | None = None
    headers: tuple[Parameter, ...] = ()
    body: Body | None = None
    detail_zh: str = ""
    detail_en: str = ""
