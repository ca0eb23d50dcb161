"""What an endpoint is (接口的描述): one value that routing, checking and the OpenAPI document are made from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from gateway.api.clients import Client
from gateway.api.envelope import Envelope
from gateway.api.problems import Problem
from gateway.api.uploading import Upload


class Access(StrEnum):
    """Who may call."""

    PUBLIC = "PUBLIC"  # holds no data of anybody
    CLIENT = "CLIENT"  # any registered client, for what is its own
    OPERATOR = "OPERATOR"  # clients registered as operators


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
