"""When the gateway itself is in trouble: the client is told what to do, nothing is half taken, nothing leaks."""

from __future__ import annotations

import hashlib
import socket
from typing import Any, NoReturn

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from gateway.api.bounds import Bounds
from gateway.services.answers import Answers
from gateway.store.database import Store
from gateway.store.errors import StoreUnavailable, VaultFull
from gateway.store.vault import VaultWriter

ensure = pytest_twisted.ensureDeferred


@pytest.fixture
def bounds() -> Bounds:
    """One upload at a time, of at most a hundred kilobytes."""
    return Bounds(inline_wait_seconds=0, poll_seconds=0.05, max_uploads=1, max_upload_bytes=100_000)


def raising(error: Exception) -> Any:
    """A method that only fails."""

    def fail(*args: Any, **more: Any) -> NoReturn:
        raise error

    return fail


@ensure
async def test_no_room_for_an_upload(served: Any, header: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """507, the batch stays OPEN, and the same upload is taken once there is room."""
    await served.submit(header("B"))
    with monkeypatch.context() as patch:
        patch.setattr(VaultWriter, "write", raising(VaultFull("no room in /secret/path")))
        answer = await served.upload("B", b"{}\n")
    assert (answer.status, answer.json["code"]) == (507, "STORE_FULL")
    assert b"secret" not in answer.content
    assert (await served.upload("B", b"{}\n")).status == 202
    assert len(served.vault_files()) == 1


@ensure
async def test_the_store_is_away(served: Any, header: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After, for clients and for the sign of life."""
    monkeypatch.setattr(Store, "read", raising(StoreUnavailable("host db.internal is down")))
    for path in ("/v1/batches", "/healthz"):
        answer = await served.call("GET", path)
        assert (answer.status, answer.json["code"]) == (503, "STORE_UNAVAILABLE")
        assert answer.headers.getRawHeaders("retry-after") == ["5"]
        assert b"internal" not in answer.content


@ensure
async def test_a_fault_of_ours_has_a_number_and_no_details(served: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody foresaw is logged under a number; the client sees only the number."""
    monkeypatch.setattr(Answers, "recent", raising(RuntimeError("张三 6228480000000012345")))
    answer = await served.call("GET", "/v1/batches")
    assert (answer.status, answer.json["code"]) == (500, "INTERNAL")
    assert "张三" not in answer.content.decode()


@ensure
async def test_uploads_are_bounded_in_number_and_size(served: Any, header: Any) -> None:
    """A second upload is told to come back; a chunked one that grows too large is cut off and leaves nothing."""
    await served.submit(header("B"))
    path, head = "/v1/batches/B/items", {"Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked"}
    signed = served.signed("PUT", path, head, hashlib.sha256(b"").digest(), "platform-key")
    lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    slow = socket.create_connection(("127.0.0.1", served.port))
    await deferToThread(
        slow.sendall, f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n{lines}\r\n1\r\nx\r\n".encode()
    )
    while not served.vault_files():
        await deferToThread(slow.getpeername)
    busy = await served.upload("B", b"{}\n")
    assert (busy.status, busy.json["code"]) == (503, "BUSY")
    slow.settimeout(10)
    await deferToThread(slow.sendall, b"20000\r\n" + b"x" * 0x20000 + b"\r\n")
    answer = await deferToThread(slow.recv, 65_536)
    slow.close()
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"TOO_LARGE" in answer
    assert (await served.upload("B", b"{}\n")).status == 202
    assert len(served.vault_files()) == 1


@ensure
async def test_what_is_named_in_the_length_is_believed(served: Any, header: Any) -> None:
    """A length above the limit is refused before a byte of it is read."""
    await served.submit(header("B"))
    answer = await served.upload("B", b"x" * 200_000)
    assert (answer.status, answer.json["code"], served.vault_files()) == (413, "TOO_LARGE", [])
