"""HTTPS against a bank that breaks off, stalls or lies once the request has begun."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import pytest_twisted

from gateway.transports.contract import TransportFault

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:twisted")


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
    caught = await tls.fault(tls.client(bank.port))
    assert caught.maybe_sent is True
    assert time.monotonic() - started < 9


@pytest_twisted.ensureDeferred
async def test_an_answer_that_is_late_but_in_time_is_taken(tls: Any) -> None:
    bank = tls.bank()

    def script(conversation: Any) -> None:
        drop_after_reading(conversation)
        bank.stopping.wait(0.6)
        conversation.answer("200 OK", b"late")

    bank.script = script
    assert (await tls.submit(tls.client(bank.port))).status == 200


@pytest_twisted.ensureDeferred
async def test_an_answer_before_the_body_is_read_is_an_answer_and_the_next_message_goes_on(tls: Any) -> None:
    bank = tls.bank()

    def script(conversation: Any) -> None:
        conversation.head()
        conversation.answer("413 Content Too Large", b"no", "Connection: close")
        bank.stopping.wait(0.3)

    bank.script = script
    client = tls.client(bank.port)
    assert (await tls.submit(client, os.urandom(20_000_000))).status == 413
    assert (await tls.submit(client, os.urandom(20_000_000))).status == 413
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
        await tls.client(bank.port).inquire("B1", tls.sink(), 100)
    assert caught.value.maybe_sent is False
