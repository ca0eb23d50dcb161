"""HTTPS against a bank that breaks off, stalls or lies: every fault says honestly whether bytes may have left."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import pytest_twisted
import trustme

from gateway.transports.contract import Misconfigured, Reply, TransportFault

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:twisted")
BODY = os.urandom(3_000_000)


class Kept:
    """A sink in memory."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


async def submit(client: Any, body: bytes = BODY, limit: int = 1000, sink: Any = None) -> Reply:
    def chunks() -> Iterator[bytes]:
        return (body[start : start + 1_000_003] for start in range(0, len(body), 1_000_003))

    headers = {"Content-Type": "application/xml", "X-Signature": "c2ln"}
    reply: Reply = await client.submit("B2026112300000001", chunks, len(body), headers, sink or Kept(), limit)
    return reply


async def fault(client: Any, **more: Any) -> TransportFault:
    with pytest.raises(TransportFault) as caught:
        await submit(client, **more)
    return caught.value


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest_twisted.ensureDeferred
async def test_a_message_arrives_whole_and_its_answer_comes_back(tls: Any, host: str, version: Any) -> None:
    bank, sink = tls.bank(version=version), Kept()
    client = tls.client(bank.port, host)
    reply = await submit(client, sink=sink)
    assert (reply.status, reply.headers["x-signature"], reply.body_bytes) == (202, "c2ln", 11)
    assert sink.data == b"<Document/>"
    line, headers, checksum = bank.requests[0]
    assert line == "POST /payments HTTP/1.1"
    assert (headers["x-message-id"], headers["content-type"]) == ("B2026112300000001", "application/xml")
    assert (headers["content-length"], checksum) == (str(len(BODY)), zlib.crc32(BODY))


@pytest_twisted.ensureDeferred
async def test_one_connection_serves_one_message_after_the_other(tls: Any) -> None:
    bank = tls.bank()
    client = tls.client(bank.port)
    for _ in range(3):
        await submit(client, b"small")
    await client.inquire("B1", Kept(), 100)
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
    reply = await tls.client(bank.port).inquire("B 1/2", Kept(), 100, known_tag='"7"')
    assert (reply.status, reply.headers["etag"]) == (status, '"7"')
    assert [line for line, _ in bank.requests] == ["GET /payments/B%201%2F2 HTTP/1.1"]
    assert bank.requests[0][1]["if-none-match"] == '"7"'


@pytest_twisted.ensureDeferred
async def test_nobody_listening_is_surely_not_sent(tls: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        caught = await fault(tls.client(unused.getsockname()[1]))
    assert caught.maybe_sent is False
    assert not isinstance(caught, Misconfigured)


@pytest_twisted.ensureDeferred
async def test_a_name_that_nobody_knows_is_surely_not_sent(tls: Any) -> None:
    assert (await fault(tls.client(443, "bank.invalid"))).maybe_sent is False


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
    caught = await fault(tls.client(bank.port))
    assert caught.maybe_sent is False
    assert not isinstance(caught, Misconfigured)


@pytest_twisted.ensureDeferred
async def test_a_server_of_another_ca_is_misconfigured(tls: Any) -> None:
    bank = tls.bank(ca=trustme.CA())
    caught = await fault(tls.client(bank.port))
    assert isinstance(caught, Misconfigured)
    assert "trusted_ca" in str(caught)


@pytest.mark.parametrize(
    ("name", "host"), [("bank.example", "localhost"), ("127.0.0.2", "127.0.0.1"), ("localhost", "127.0.0.1")], ids=str
)
@pytest_twisted.ensureDeferred
async def test_a_certificate_for_another_name_is_misconfigured(tls: Any, name: str, host: str) -> None:
    bank = tls.bank(name)
    caught = await fault(tls.client(bank.port, host))
    assert isinstance(caught, Misconfigured)
    assert "another name" in str(caught)
    assert bank.requests == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest_twisted.ensureDeferred
async def test_a_server_that_refuses_our_certificate_is_misconfigured(tls: Any, version: Any) -> None:
    bank = tls.bank(version=version)
    caught = await fault(tls.client(bank.port, issuer=trustme.CA()), body=b"small")
    assert isinstance(caught, Misconfigured)
    assert "refuses our certificate" in str(caught)
    assert bank.requests == []


@pytest_twisted.ensureDeferred
async def test_old_tls_is_not_spoken(tls: Any) -> None:
    bank = tls.bank()
    bank.context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    bank.context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert (await fault(tls.client(bank.port))).maybe_sent is False


def _reset(conversation: Any) -> None:
    raw = conversation.raw
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drop_at_once(conversation: Any) -> None:
    conversation.head()


def drop_in_the_body(conversation: Any) -> None:
    conversation.head()
    conversation.body(1_000_000)
    _reset(conversation)


def drop_after_reading(conversation: Any) -> None:
    conversation.body(int(conversation.head()[1]["content-length"]))


def stall_without_reading(conversation: Any) -> None:
    conversation.bank.stopping.wait(10)


def stall_after_reading(conversation: Any) -> None:
    drop_after_reading(conversation)
    conversation.bank.stopping.wait(10)


def answer_cut_short(conversation: Any) -> None:
    drop_after_reading(conversation)
    conversation.raw.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<Docu")


def answer_cut_in_its_head(conversation: Any) -> None:
    drop_after_reading(conversation)
    conversation.raw.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")


def answer_of_unknown_length(conversation: Any) -> None:
    drop_after_reading(conversation)
    conversation.raw.sendall(b"HTTP/1.1 200 OK\r\n\r\n<Docu")


def answer_too_large(conversation: Any) -> None:
    drop_after_reading(conversation)
    conversation.answer("200 OK", b"x" * 1001)


def answer_without_end(conversation: Any) -> None:
    drop_after_reading(conversation)
    conversation.raw.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        conversation.raw.sendall(b"400\r\n" + b"x" * 1024 + b"\r\n")


def answer_in_drops(conversation: Any) -> None:
    drop_after_reading(conversation)
    conversation.raw.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        conversation.raw.sendall(b"x")
        time.sleep(0.1)


def answer_nonsense(conversation: Any) -> None:
    drop_after_reading(conversation)
    conversation.raw.sendall(b"ERROR 17\r\n\r\n")


@pytest.mark.parametrize(
    "script",
    [
        drop_at_once, drop_in_the_body, drop_after_reading, stall_without_reading, stall_after_reading,
        answer_cut_short, answer_cut_in_its_head, answer_of_unknown_length, answer_too_large, answer_without_end,
        answer_in_drops, answer_nonsense,
    ],
)  # fmt: skip
@pytest_twisted.ensureDeferred
async def test_from_the_first_byte_on_every_fault_is_maybe_sent(tls: Any, script: Callable[[Any], None]) -> None:
    bank = tls.bank()
    bank.script = script
    started = time.monotonic()
    caught = await fault(tls.client(bank.port))
    assert caught.maybe_sent is True
    assert time.monotonic() - started < 4


@pytest_twisted.ensureDeferred
async def test_an_answer_that_is_late_but_in_time_is_taken(tls: Any) -> None:
    bank = tls.bank()

    def script(conversation: Any) -> None:
        drop_after_reading(conversation)
        bank.stopping.wait(0.6)
        conversation.answer("200 OK", b"late")

    bank.script = script
    assert (await submit(tls.client(bank.port))).status == 200


@pytest_twisted.ensureDeferred
async def test_an_answer_before_the_body_is_read_is_an_answer_and_the_next_message_goes_on(tls: Any) -> None:
    bank = tls.bank()

    def script(conversation: Any) -> None:
        conversation.head()
        conversation.answer("413 Content Too Large", b"no", "Connection: close")
        bank.stopping.wait(0.3)

    bank.script = script
    client = tls.client(bank.port)
    assert (await submit(client, os.urandom(20_000_000))).status == 413
    assert (await submit(client, os.urandom(20_000_000))).status == 413
    assert bank.connections == 2


@pytest.mark.parametrize("failing", ["body", "size", "sink"])
@pytest_twisted.ensureDeferred
async def test_trouble_on_our_side_ends_the_exchange_at_once(tls: Any, failing: str) -> None:
    bank = tls.bank()

    def chunks() -> Iterator[bytes]:
        yield b"x" * 100_000
        if failing == "body":
            raise OSError("disk gone")

    class Full:
        def write(self, _data: bytes) -> None:
            if failing == "sink":
                raise OSError("disk full")

    size = 100_000 + (1 if failing == "size" else 0)
    with pytest.raises(TransportFault) as caught:
        await tls.client(bank.port).submit("B1", chunks, size, {}, Full(), 1000)
    assert caught.value.maybe_sent is True


@pytest_twisted.ensureDeferred
async def test_an_inquiry_that_fails_has_sent_nothing_that_matters(tls: Any) -> None:
    bank = tls.bank()
    bank.script = stall_without_reading
    with pytest.raises(TransportFault, match=r"GET .*silent for 1 s") as caught:
        await tls.client(bank.port).inquire("B1", Kept(), 100)
    assert caught.value.maybe_sent is False
