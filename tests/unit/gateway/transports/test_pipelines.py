"""Many SFTP requests in flight: any order of answers, short answers, refusals in the middle."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paramiko.message import Message
from paramiko.sftp import CMD_DATA, CMD_READ, CMD_STATUS, CMD_WRITE, SFTPError

from gateway.transports.sftp_client import BLOCK_BYTES, WINDOW_BLOCKS, Client, PipelinedReads, PipelinedWrites, Refused


class Wire(Client):
    """A client whose server answers waiting requests in random order."""

    def __init__(self, content: bytes = b"", seed: int = 0, short: bool = False, refuse: int | None = None):
        self._random = random.Random(seed)
        self._waiting: list[tuple[int, Any, int, tuple[Any, ...]]] = []
        self._short = short
        self._refuse = refuse
        self._numbers = 0
        self.content = bytearray(content)
        self.most_waiting = 0

    def ask(self, collector: object, command: int, *arguments: object) -> int:
        self._numbers += 1
        self._waiting.append((self._numbers, collector, command, arguments))
        self.most_waiting = max(self.most_waiting, len(self._waiting))
        return self._numbers

    def hear(self) -> None:
        number, collector, command, arguments = self._waiting.pop(self._random.randrange(len(self._waiting)))
        kind, message = (self._read if command == CMD_READ else self._write)(number, arguments)
        message.rewind()
        collector._async_response(kind, message, number)

    def _status(self, code: int) -> tuple[int, Message]:
        message = Message()
        message.add_int(code)
        message.add_string("磁盘已满".encode("gbk"))
        return CMD_STATUS, message

    def _write(self, number: int, arguments: tuple[Any, ...]) -> tuple[int, Message]:
        _handle, offset, block = arguments
        if number == self._refuse:
            return self._status(4)
        self.content[offset : offset + len(block)] = block
        return self._status(0)

    def _read(self, number: int, arguments: tuple[Any, ...]) -> tuple[int, Message]:
        _handle, offset, length = arguments
        data = bytes(self.content[offset : offset + length])
        if not data or number == self._refuse:
            return self._status(1 if not data else 4)
        if self._short:
            data = data[: self._random.randint(1, len(data))]
        message = Message()
        message.add_string(data)
        return CMD_DATA, message


sizes = st.integers(0, 4 * BLOCK_BYTES) | st.sampled_from([WINDOW_BLOCKS * BLOCK_BYTES + 1])


@settings(max_examples=40, deadline=None)
@given(size=sizes, seed=st.integers(0, 1000), short=st.booleans())
def test_whatever_the_order_and_length_of_answers_the_file_is_read_in_order(size: int, seed: int, short: bool) -> None:
    content = random.Random(seed).randbytes(size)
    wire = Wire(content, seed, short and size < 100_000)
    assert b"".join(PipelinedReads(wire, b"h", size).blocks()) == content
    assert wire.most_waiting <= WINDOW_BLOCKS


@settings(max_examples=40, deadline=None)
@given(lengths=st.lists(st.integers(0, 3 * BLOCK_BYTES), max_size=6), seed=st.integers(0, 1000))
def test_whatever_the_order_of_answers_the_file_is_written_whole(lengths: list[int], seed: int) -> None:
    chunks = [random.Random(seed + number).randbytes(length) for number, length in enumerate(lengths)]
    wire = Wire(bytes(sum(lengths)), seed)
    assert PipelinedWrites(wire, b"h").write(chunks) == sum(lengths)
    assert bytes(wire.content) == b"".join(chunks)
    assert wire.most_waiting <= WINDOW_BLOCKS


@pytest.mark.parametrize("refuse", [1, 3, 5])
def test_one_refused_write_among_many_is_a_refusal(refuse: int) -> None:
    with pytest.raises(Refused, match="SFTP status 4") as caught:
        PipelinedWrites(Wire(refuse=refuse), b"h").write([b"x" * (5 * BLOCK_BYTES)])
    assert caught.value.code == 4


def test_a_file_shorter_than_stated_ends_in_an_error() -> None:
    with pytest.raises(EOFError):
        list(PipelinedReads(Wire(b"x" * 10), b"h", 11).blocks())


def test_a_refused_read_is_a_refusal() -> None:
    with pytest.raises(Refused):
        list(PipelinedReads(Wire(b"x" * (3 * BLOCK_BYTES), refuse=2), b"h", 3 * BLOCK_BYTES).blocks())


@pytest.mark.parametrize("length", [0, 11])
def test_an_answer_of_impossible_length_is_an_error(length: int) -> None:
    class Liar(Wire):
        def _read(self, _number: int, _arguments: tuple[Any, ...]) -> tuple[int, Message]:
            message = Message()
            message.add_string(b"x" * length)
            return CMD_DATA, message

    with pytest.raises(SFTPError):
        list(PipelinedReads(Liar(b"x" * 10), b"h", 10).blocks())


def test_a_write_answered_with_data_is_an_error() -> None:
    class Confused(Wire):
        def _write(self, _number: int, _arguments: tuple[Any, ...]) -> tuple[int, Message]:
            return CMD_DATA, Message()

    assert CMD_WRITE != CMD_READ
    with pytest.raises(SFTPError):
        PipelinedWrites(Confused(), b"h").write([b"x"])
