"""At the door (请求接入): who it is and where its body goes, decided from the head alone.

Nobody who is not authenticated can make the gateway keep a byte, and no body is larger than its
operation allows. What was decided travels with the request until its handler runs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from gateway.api.authentication import Authenticator
from gateway.api.bounds import Bounds
from gateway.api.clients import Client
from gateway.api.content_digest import declared_sha256
from gateway.api.envelope import Envelope
from gateway.api.operation import Operation
from gateway.api.problems import Problem
from gateway.api.refused import Note, Refused, unnoted
from gateway.api.threads import Threads
from gateway.api.uploading import MemoryUpload, Sender, SpooledUpload, Upload, Writer
from gateway.api.validation import RETRY_AFTER

OpenWriter = Callable[[Client, Envelope, str], Writer]
"""(client, envelope, batch number) -> where the items go; runs in a thread."""


@dataclass(frozen=True, slots=True)
class Reception:
    """What was decided at the door."""

    client: Client | None
    envelope: Envelope
    upload: Upload | None = None


class Receptionist:
    """Decides for every request; on the reactor."""

    def __init__(
        self,
        operations: Sequence[Operation],
        authenticator: Authenticator,
        threads: Threads,
        bounds: Bounds,
        open_writer: OpenWriter,
        note: Note = unnoted,
    ):
        self._routes = [(o, re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", o.path))) for o in operations]
        self._authenticator, self._threads, self._bounds = authenticator, threads, bounds
        self._open_writer, self._note = open_writer, note
        self._running: Counter[str] = Counter()

    def begin(self, envelope: Envelope, length: int | None, sender: Sender) -> Reception:
        """A request with a body has begun to arrive; ``length`` is None when it is chunked. Raises Problem."""
        operation, batch_no = self._route(envelope)
        client = self._admitted(operation, envelope)
        return Reception(client, envelope, self._upload(operation, client, envelope, batch_no, length, sender))

    def complete(self, operation: Operation, reception: Reception | None, envelope: Envelope) -> Reception:
        """The reception of a complete request, made now if it had no body; raises Problem when it is turned away."""
        if reception is None:
            reception = Reception(self._admitted(operation, envelope), envelope)
        return reception

    def _admitted(self, operation: Operation, envelope: Envelope) -> Client | None:
        """Who calls, once it is known that they may; None where nobody is asked. Raises Problem."""
        permission = operation.access.permission
        if permission is None:
            return None
        client = self._authenticator.identify(envelope)
        if not client.may(permission):
            self._note(Refused(client.actor, "not-allowed", permission))
            raise Problem("NOT_ALLOWED")
        return client

    def _route(self, envelope: Envelope) -> tuple[Operation, str]:
        methods: list[str] = []
        for operation, pattern in self._routes:
            found = pattern.fullmatch(envelope.path)
            if found is not None:
                if operation.method == envelope.method:
                    return operation, unquote(found.groupdict().get("batch_no", ""))
                methods.append(operation.method)
        if methods:
            raise Problem("METHOD_NOT_ALLOWED", headers={"Allow": ", ".join(methods)})
        raise Problem("NOT_FOUND")

    def _upload(
        self,
        operation: Operation,
        client: Client | None,
        envelope: Envelope,
        batch_no: str,
        length: int | None,
        sender: Sender,
    ) -> Upload:
        if operation.body is None or client is None:
            raise Problem("TOO_LARGE", en="this operation takes no body", zh="该操作不接受正文。")
        _require_media_type(envelope, operation.body.media_types)
        limit = self._bounds.max_upload_bytes if operation.body.streamed else self._bounds.max_json_bytes
        if length is not None and length > limit:
            raise _too_large(limit)
        declared_sha256(envelope.header("content-digest"))
        if not operation.body.streamed:
            return MemoryUpload(limit)
        return self._spooled(client, envelope, batch_no, limit, sender)

    def _spooled(self, client: Client, envelope: Envelope, batch_no: str, limit: int, sender: Sender) -> Upload:
        mine, all_of_them = self._running[client.client_id], sum(self._running.values())
        if mine >= self._bounds.max_uploads_per_client or all_of_them >= self._bounds.max_uploads:
            raise Problem("BUSY", headers=dict(RETRY_AFTER))
        upload = SpooledUpload(self._threads, lambda: self._open_writer(client, envelope, batch_no), limit, sender)
        self._running[client.client_id] += 1
        upload.on_end(lambda: self._running.subtract([client.client_id]))
        return upload


def _require_media_type(envelope: Envelope, allowed: Sequence[str]) -> None:
    if envelope.header("content-encoding") not in (None, "identity"):
        raise Problem("CONTENT_ENCODING", field="Content-Encoding")
    given = (envelope.header("content-type") or "").partition(";")[0].strip().lower()
    if given not in allowed:
        raise Problem("MEDIA_TYPE", field="Content-Type")


def _too_large(limit: int) -> Problem:
    return Problem("TOO_LARGE", zh=f"正文超过上限 {limit} 字节。", en=f"the body is above {limit} bytes")
