"""A body that is made while it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twisted.internet.task import Clock

from gateway.transports.http_body import SLICE_BYTES, StreamedBody


class Connection:
    """Takes bytes."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.pieces.append(data)


class Body:
    """A streamed body on a clock that stands still until it is told."""

    def __init__(self, chunks: list[bytes | Exception]):
        self.clock: Any = Clock()
        self.connection = Connection()
        self.asked = self.moved = 0
        self.chunks = chunks
        self.body = StreamedBody(self.clock, self._make, 0, self._progress)
        self.outcomes: list[Any] = []

    def _make(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.asked += 1
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def _progress(self) -> None:
        self.moved += 1

    def start(self) -> None:
        self.body.startProducing(self.connection).addBoth(self.outcomes.append)

    def run(self) -> None:
        for _ in range(100):
            self.clock.advance(0)


def test_chunks_are_cut_into_slices_and_the_end_is_told() -> None:
    body = Body([b"a" * (2 * SLICE_BYTES + 1), b"", b"b"])
    assert body.body.started is False
    body.start()
    body.run()
    assert body.body.started is True
    assert [len(piece) for piece in body.connection.pieces] == [SLICE_BYTES, SLICE_BYTES, 1, 1]
    assert (body.outcomes, body.moved) == ([None], 4)


def test_a_full_connection_stops_it_and_nothing_is_made_ahead() -> None:
    body = Body([b"a", b"b", b"c"])
    body.start()
    body.body.pauseProducing()
    made = body.asked
    body.run()
    assert (body.asked, body.outcomes) == (made, [])
    body.body.resumeProducing()
    body.run()
    assert body.connection.pieces == [b"a", b"b", b"c"]
    assert body.outcomes == [None]


def test_a_failure_while_it_is_made_is_told() -> None:
    body = Body([b"a", OSError("disk gone")])
    body.start()
    body.run()
    assert isinstance(body.outcomes[0].value, OSError)


def test_a_lost_connection_stops_it_in_silence() -> None:
    body = Body([b"a", b"b"])
    body.start()
    body.body.stopProducing()
    body.body.stopProducing()
    body.run()
    assert body.outcomes == []
    assert body.clock.getDelayedCalls() == []


def test_it_can_be_abandoned_at_any_time() -> None:
    body = Body([b"a", b"b"])
    body.body.abandon()
    body.start()
    body.body.pauseProducing()
    body.body.abandon()
    assert body.outcomes == [None]
    body.body.abandon()
    body.run()
    assert body.outcomes == [None]
