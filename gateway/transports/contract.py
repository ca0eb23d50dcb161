"""What a transport is, and the one honest thing that it must say when it fails: may bytes have left?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


class TransportFault(Exception):
    """A transport could not finish.

    ``maybe_sent`` is False only where the other side *cannot* have received the whole message under
    its final name; anything else is True, and then only the bank's own word resolves it (money rule 1).
    """

    def __init__(self, what: str, *, maybe_sent: bool):
        super().__init__(what)
        self.maybe_sent = maybe_sent


class Misconfigured(TransportFault):
    """Retrying cannot help until a person changes something (host key mismatch, refused login, bad certificate)."""

    def __init__(self, what: str):
        super().__init__(what, maybe_sent=False)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as the bank's server lists it."""

    name: str
    size: int
    modified_at: int  # seconds since the epoch, the server's clock


class FileTransport(Protocol):
    """Files by name, blocking; used from worker processes only. Every call raises TransportFault."""

    def put(self, directory: str, name: str, chunks: Iterable[bytes], size: int) -> None:
        """Upload to a temporary name, verify the size, rename. The final name appears whole or not at all."""

    def find(self, directory: str, name: str) -> RemoteFile | None:
        """The file under its final name, or None."""

    def list(self, directory: str) -> list[RemoteFile]:
        """Complete files, oldest first; temporary names are left out."""

    def get(self, directory: str, name: str, limit_bytes: int) -> Iterator[bytes]:
        """The file's bytes in bounded chunks; a file above the limit is a fault."""

    def close(self) -> None:
        """Let go of the connection."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer whose body went to the sink."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body_bytes: int


class Sink(Protocol):
    """Where an answer's body goes while it arrives."""

    def write(self, data: bytes) -> None:
        """Take a chunk."""


@runtime_checkable
class MessagePost(Protocol):
    """One message out, its direct reply back, on the reactor."""

    async def submit(
        self,
        message_id: str,
        body: Callable[[], Iterator[bytes]],
        size: int,
        headers: Mapping[str, str],
        sink: Sink,
        limit_bytes: int,
    ) -> Reply:
        """Post one message; raises TransportFault (maybe_sent True from the first byte on that may have left).

        A wire without statuses says 200 with its reply in the sink, or 202 where the answer comes another way.
        """


@runtime_checkable
class MessageTransport(MessagePost, Protocol):
    """A wire on which the bank also shows what became of a message."""

    async def inquire(self, message_id: str, sink: Sink, limit_bytes: int, known_tag: str | None = None) -> Reply:
        """Ask for what became of it; 404 is an answer, not a fault, and so is 304 to ``known_tag`` (an ETag)."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that a bank brought by itself (推送报文)."""

    name: str  # the AMQP message id, else the SHA-256 of the content in hex
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case


Handler = Callable[[Arrival], Awaitable[None]]
"""Makes an arrival durable. It is acknowledged to the bank when this returns; when it raises, it is not, and comes again."""
