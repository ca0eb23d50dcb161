"""The platform as a caller of the gateway's API (平台调用方): every request signed by Ed25519 (RFC 9421)."""

from __future__ import annotations

import hashlib
import http.client
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crypto.contract import KeyUnusable
from crypto.http_signatures import sign_request
from simulators.roster import RosterBatch

_CHUNK: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What the gateway answered."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body, read."""
        return orjson.loads(self.body)


class ApiRefused(Exception):
    """The gateway answered with an error; ``answer`` has it in full."""

    def __init__(self, what: str, answer: ApiAnswer):
        self.answer = answer
        super().__init__(f"{what}: HTTP {answer.status}: {answer.body[:500].decode('utf-8', 'replace')}")


class PlatformClient:
    """Calls of one client system; ``keys`` is the platform's directory of ``simulators keys``."""

    def __init__(self, base_url: str, keys: Path, *, timeout_seconds: float = 600):
        self._base = base_url.rstrip("/")
        self._where = urlsplit(self._base)
        self._keys, self._timeout = keys, timeout_seconds
        key = serialization.load_pem_private_key((keys / "client-sign.pem").read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyUnusable("client-sign.pem is not an Ed25519 key")
        self._key, self._key_id = key, (keys / "client-sign.keyid").read_text("ascii")

    def open(self, header: dict[str, Any]) -> ApiAnswer:
        """Open a batch; its items follow by ``put_items``."""
        return self._json("POST", "/v1/batches", {"header": header})

    def submit_inline(self, header: dict[str, Any], items: list[dict[str, Any]]) -> ApiAnswer:
        """A small batch with its items in one call."""
        return self._json("POST", "/v1/batches", {"header": header, "items": items})

    def put_items(self, batch_no: str, content: bytes, content_type: str) -> ApiAnswer:
        """The items of an open batch, streamed."""
        return self._call("PUT", f"/v1/batches/{quote(batch_no, safe='')}/items", content, content_type)

    def batch(self, batch_no: str) -> ApiAnswer:
        """Where the batch stands."""
        return self._call("GET", f"/v1/batches/{quote(batch_no, safe='')}")

    def results(self, batch_no: str) -> ApiAnswer:
        """Every item's result, NDJSON."""
        return self._call("GET", f"/v1/batches/{quote(batch_no, safe='')}/results")

    def submit(self, batch: RosterBatch) -> ApiAnswer:
        """Open and fill; raises ApiRefused. The same batch again is answered alike."""
        number = batch.header["batch_no"]
        for what, answer in (
            ("opening", self.open(batch.header)),
            ("filling", self.put_items(number, batch.content(), batch.content_type)),
        ):
            if answer.status >= 300:
                raise ApiRefused(f"{what} batch {number}", answer)
        return answer

    def _json(self, method: str, path: str, data: Any) -> ApiAnswer:
        return self._call(method, path, orjson.dumps(data), "application/json")

    def _call(self, method: str, path: str, body: bytes | None = None, content_type: str | None = None) -> ApiAnswer:
        headers = {"Accept": "*/*"} | ({"Content-Type": content_type} if content_type else {})
        digest = hashlib.sha256(body).digest() if body is not None else None
        headers |= sign_request(
            method, f"{self._base}{path}", headers, digest, self._key_id, self._key, int(time.time())
        )
        if body is not None:
            headers["Content-Length"] = str(len(body))
        with self._connection() as connection:
            connection.request(method, f"{self._where.path}{path}", _chunks(body), headers)
            reply = connection.getresponse()
            return ApiAnswer(reply.status, reply.read())

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        host, port = self._where.hostname or "", self._where.port
        if self._where.scheme == "https":
            context = ssl.create_default_context(cafile=str(self._keys / "api-ca.pem"))
            context.load_cert_chain(self._keys / "tls-client.pem", self._keys / "tls-client-key.pem")
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=self._timeout, context=context
            )
        else:
            connection = http.client.HTTPConnection(host, port, timeout=self._timeout)
        try:
            yield connection
        finally:
            connection.close()


def _chunks(body: bytes | None) -> Iterator[bytes] | None:
    if body is None:
        return None
    return (body[start : start + _CHUNK] for start in range(0, len(body), _CHUNK))
