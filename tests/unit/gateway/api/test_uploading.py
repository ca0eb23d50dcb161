"""Uploads: bounded memory, back-pressure, and no trace of what did not end well."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from twisted.internet.defer import Deferred, ensureDeferred

from gateway.api.problems import Problem
from gateway.api.uploading import PAUSE_BYTES, PIECE_BYTES, MemoryUpload, SpooledUpload
from gateway.store.records import Content


class Sink:
    """A writer that remembers."""

    def __init__(self) -> None:
        self.data, self.state = b"", "open"

    def write(self, data: bytes) -> None:
        self.data += data

    def commit(self) -> Content:
        self.state = "committed"
        return Content("ab/cd", hashlib.sha256(self.data).hexdigest(), len(self.data), "text/csv")

    def abandon(self) -> None:
        if self.state == "open":
            self.state = "abandoned"


class Sender:
    """The other end."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def pause(self) -> None:
        self.log.append("pause")

    def resume(self) -> None:
        self.log.append("resume")


def start(threads: Any, sink: Sink, limit: int = 100_000_000) -> tuple[SpooledUpload, Sender, list[str]]:
    """An upload into ``sink`` and what happened to its slot."""
    sender, ended = Sender(), []
    upload = SpooledUpload(threads, lambda: sink, limit, sender)
    upload.on_end(lambda: ended.append("end"))
    return upload, sender, ended


def outcome(threads: Any, upload: SpooledUpload) -> Any:
    """The result of ``finish`` once all threads have run."""
    finishing: Deferred[Content] = ensureDeferred(upload.finish())
    results: list[Any] = []
    finishing.addBoth(results.append)
    threads.run_all()
    return results[0]


def test_all_bytes_arrive_in_order(threads: Any) -> None:
    """Whatever the pieces, the content is the concatenation."""
    sink = Sink()
    upload, _, ended = start(threads, sink)
    for number in range(40):
        upload.write(bytes([number]) * (PIECE_BYTES // 3 + number))
        if number % 7 == 0:
            threads.run_all()
    content = outcome(threads, upload)
    assert sink.data == b"".join(bytes([n]) * (PIECE_BYTES // 3 + n) for n in range(40))
    assert (content.size, sink.state, ended) == (len(sink.data), "committed", ["end"])


def test_a_slow_disk_pauses_the_sender(threads: Any) -> None:
    """The sender is held back before memory grows, and let go once the disk has caught up."""
    upload, sender, _ = start(threads, Sink())
    while upload.size < PAUSE_BYTES:
        upload.write(b"x" * 65_536)
    assert sender.log == ["pause"]
    threads.run_all()
    assert sender.log == ["pause", "resume"]


def test_a_lost_connection_leaves_nothing(threads: Any) -> None:
    """Half an upload is thrown away and its slot is free again."""
    sink = Sink()
    upload, _, ended = start(threads, sink)
    threads.run_all()
    upload.write(b"x" * PIECE_BYTES)
    upload.lost()
    threads.run_all()
    assert (sink.state, ended) == ("abandoned", ["end"])


def test_lost_while_opening_leaves_nothing(threads: Any) -> None:
    """A writer that is opened after the sender went away is abandoned too."""
    sink = Sink()
    upload, _, _ = start(threads, sink)
    upload.lost()
    threads.run_all()
    assert sink.state == "abandoned"


def test_a_failing_writer_is_told_at_the_end(threads: Any) -> None:
    """What went wrong on the way stops the sender, and is what ``finish`` raises."""

    def refuse() -> Sink:
        raise Problem("NO_SUCH_BATCH")

    upload = SpooledUpload(threads, refuse, 1000, Sender())
    threads.run_all()
    with pytest.raises(Problem) as refused:
        upload.write(b"x" * 500)
    assert refused.value.code == "NO_SUCH_BATCH"
    assert outcome(threads, upload).value.code == "NO_SUCH_BATCH"


def test_too_much_is_refused(threads: Any) -> None:
    """A chunked body beyond the limit is refused and nothing of it stays."""
    sink = Sink()
    upload, _, _ = start(threads, sink, limit=10)
    upload.write(b"x" * 6)
    with pytest.raises(Problem) as refused:
        upload.write(b"x" * 6)
    assert refused.value.code == "TOO_LARGE"
    upload.lost()
    threads.run_all()
    assert sink.state == "abandoned"


def test_lost_after_finish_changes_nothing(threads: Any) -> None:
    """The clean-up that follows every request does not touch what was kept."""
    sink = Sink()
    upload, _, ended = start(threads, sink)
    upload.write(b"abc")
    outcome(threads, upload)
    upload.lost()
    threads.run_all()
    assert (sink.state, ended) == ("committed", ["end"])


def test_a_small_body_is_bounded() -> None:
    """A JSON body beyond its limit is dropped, not kept."""
    upload = MemoryUpload(limit=4)
    upload.write(b"1234")
    assert upload.body() == b"1234"
    with pytest.raises(Problem):
        upload.write(b"5")
