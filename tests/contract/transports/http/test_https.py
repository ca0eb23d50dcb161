"""HTTPS against a bank: what goes over, what is an answer, and whom we do not talk to."""

from __future__ import annotations

import socket
import ssl
import time
import zlib
from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted
import trustme

from gateway.transports.contract import Misconfigured

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:twisted")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest_twisted.ensureDeferred
async def test_a_message_arrives_whole_and_its_answer_comes_back(tls: Any, host: str, version: Any) -> None:
    bank, sink = tls.bank(version=version), tls.sink()
    client = tls.client(bank.port, host)
    reply = await tls.submit(client, sink=sink)
    assert (reply.status, reply.headers["x-signature"], reply.body_bytes) == (202, "c2ln", 11)
    assert sink.data == b"<Document/>"
    line, headers, checksum = bank.requests[0]
    assert line == "POST /payments HTTP/1.1"
    assert (headers["x-message-id"], headers["content-type"]) == ("B2026112300000001", "application/xml")
    assert (headers["content-length"], checksum) == (str(len(tls.body)), zlib.crc32(tls.body))


@pytest_twisted.ensureDeferred
async def test_one_connection_serves_one_message_after_the_other(tls: Any) -> None:
    bank = tls.bank()
    client = tls.client(bank.port)
    for _ in range(3):
        await tls.submit(client, b"small")
    await client.inquire("B1", tls.sink(), 100)
    assert (bank.connections, len(bank.requests)) == (1, 4)


@pytest.mark.parametrize("status", [200, 304, 404, 302, 409, 500])
@pytest_twisted.ensureDeferred
async def test_any_status_is_an_answer_and_redirects_are_not_followed(tls: Any, status: int) -> None:
    bank = tls.bank()

    def script(conversation: Any) -> None:
        while (request := conversation.head()) is not None:
            bank.requests.append(request)
            if status == 304:
                conversation.raw.sendall(b'HTTP/1.1 304 Not Modified\r\nETag: "7"\r\n\r\n')
            else:
                conversation.answer(f"{status} Whatever", b"{}", 'ETag: "7"', "Location: /elsewhere")

    bank.script = script
    reply = await tls.client(bank.port).inquire("B 1/2", tls.sink(), 100, known_tag='"7"')
    assert (reply.status, reply.headers["etag"]) == (status, '"7"')
    assert [line for line, _ in bank.requests] == ["GET /payments/B%201%2F2 HTTP/1.1"]
    assert bank.requests[0][1]["if-none-match"] == '"7"'


@pytest_twisted.ensureDeferred
async def test_nobody_listening_is_surely_not_sent(tls: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        caught = await tls.fault(tls.client(unused.getsockname()[1]))
    assert caught.maybe_sent is False
    assert not isinstance(caught, Misconfigured)


@pytest_twisted.ensureDeferred
async def test_a_name_that_nobody_knows_is_surely_not_sent(tls: Any) -> None:
    assert (await tls.fault(tls.client(443, "bank.invalid"))).maybe_sent is False


def _close(raw: socket.socket) -> None:
    raw.close()


def _plain(raw: socket.socket) -> None:
    raw.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    raw.recv(100)
    raw.close()


def _mute(raw: socket.socket) -> None:
    time.sleep(1.5)
    raw.close()


@pytest.mark.parametrize("act", [_close, _plain, _mute])
@pytest_twisted.ensureDeferred
async def test_a_connection_that_breaks_before_tls_is_up_is_surely_not_sent(tls: Any, act: Callable[..., None]) -> None:
    bank = tls.bank()
    bank.before_handshake = act
    caught = await tls.fault(tls.client(bank.port))
    assert caught.maybe_sent is False
    assert not isinstance(caught, Misconfigured)


@pytest_twisted.ensureDeferred
async def test_a_server_of_another_ca_is_misconfigured(tls: Any) -> None:
    bank = tls.bank(ca=trustme.CA())
    caught = await tls.fault(tls.client(bank.port))
    assert isinstance(caught, Misconfigured)
    assert "trusted_ca" in str(caught)


@pytest.mark.parametrize(
    ("name", "host"), [("bank.example", "localhost"), ("127.0.0.2", "127.0.0.1"), ("localhost", "127.0.0.1")], ids=str
)
@pytest_twisted.ensureDeferred
async def test_a_certificate_for_another_name_is_misconfigured(tls: Any, name: str, host: str) -> None:
    bank = tls.bank(name)
    caught = await tls.fault(tls.client(bank.port, host))
    assert isinstance(caught, Misconfigured)
    assert "another name" in str(caught)
    assert bank.requests == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest_twisted.ensureDeferred
async def test_a_server_that_refuses_our_certificate_is_misconfigured(tls: Any, version: Any) -> None:
    bank = tls.bank(version=version)
    caught = await tls.fault(tls.client(bank.port, issuer=trustme.CA()), body=b"small")
    assert isinstance(caught, Misconfigured)
    assert "refuses our certificate" in str(caught)
    assert bank.requests == []


@pytest_twisted.ensureDeferred
async def test_old_tls_is_not_spoken(tls: Any) -> None:
    bank = tls.bank()
    bank.context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    bank.context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert (await tls.fault(tls.client(bank.port))).maybe_sent is False
