"""The platform's side of a measurement: submits prepared files, streamed, signed; reads results to the end."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from crypto.http_signatures import sign_request

CHUNK_BYTES = 1 << 20


class BenchClient:
    """Signs with the platform's demo key."""

    def __init__(self, base_url: str, keys: Path):
        self._base, self._place = base_url.rstrip("/"), urlsplit(base_url)
        self._key: Any = load_pem_private_key((keys / "platform/client-sign.pem").read_bytes(), None)
        self._key_id = (keys / "platform/client-sign.keyid").read_text("ascii").strip()

    def open(self, header: dict[str, Any]) -> None:
        """Open a batch."""
        body = json.dumps({"header": header}, ensure_ascii=False).encode()
        self._require(
            "POST", "/v1/batches", iter((body,)), len(body), hashlib.sha256(body).digest(), "application/json"
        )

    def put(self, batch_no: str, content: Path, sha256: bytes, media_type: str) -> None:
        """Stream a batch's items from a file whose digest is known."""
        path = f"/v1/batches/{quote(batch_no, safe='')}/items"
        self._require("PUT", path, _chunks(content), content.stat().st_size, sha256, media_type)

    def results(self, batch_no: str) -> int:
        """Read all results; how many lines there were."""
        path = f"/v1/batches/{quote(batch_no, safe='')}/results"
        connection, reply = self._call("GET", path, None, 0, None, None)
        lines = 0
        while chunk := reply.read(CHUNK_BYTES):
            lines += chunk.count(b"\n")
        connection.close()
        return lines

    def _require(self, method: str, path: str, body: Iterator[bytes], size: int, digest: bytes, kind: str) -> None:
        connection, reply = self._call(method, path, body, size, digest, kind)
        text = reply.read()
        connection.close()
        if reply.status >= 300:
            raise RuntimeError(f"{method} {path}: HTTP {reply.status} {text[:300].decode('utf-8', 'replace')}")

    def _call(
        self, method: str, path: str, body: Iterator[bytes] | None, size: int, digest: bytes | None, kind: str | None
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        headers = {"Content-Type": kind} if kind else {}
        url = f"{self._base}{path}"
        headers |= sign_request(method, url, headers, digest, self._key_id, self._key, int(time.time()))
        if body is not None:
            headers["Content-Length"] = str(size)
        connection = http.client.HTTPConnection(self._place.hostname or "", self._place.port, timeout=600)
        connection.request(method, path, body, headers)
        return connection, connection.getresponse()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
