"""Sealed segments and files: what goes in comes out, and nothing else ever does."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.contract import KeyUnusable, SealBroken
from crypto.sealing import TAG_BYTES, AesSegmentSealer, StreamSealer

OLD, NEW = {"old": b"1" * 32}, {"new": b"2" * 32}
SEGMENTS = AesSegmentSealer(NEW, "new")
CHUNK = 16
FILES = StreamSealer(NEW, "new", chunk_bytes=CHUNK)
HEADER = 4 + 1 + 3 + 4 + 32


def sealed_file(plain: bytes, context: str = "file", sealer: StreamSealer = FILES) -> bytes:
    raw = io.BytesIO()
    writer = sealer.writer(raw, context)
    writer.write(plain)
    writer.close()
    return raw.getvalue()


def opened_file(sealed: bytes, context: str = "file", sealer: StreamSealer = FILES) -> bytes:
    return b"".join(sealer.reader(io.BytesIO(sealed), context))


@settings(max_examples=50)
@given(st.binary(max_size=500), st.text(max_size=20))
def test_segment_round_trip(plain: bytes, context: str) -> None:
    assert SEGMENTS.unseal(SEGMENTS.seal(plain, context), context) == plain


@settings(max_examples=150)
@given(st.binary(max_size=40), st.data())
def test_any_changed_octet_breaks_a_segment(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(SEGMENTS.seal(plain, "here"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        SEGMENTS.unseal(bytes(sealed), "here")


def test_segment_cut_extended_or_elsewhere() -> None:
    sealed = SEGMENTS.seal(b"plain", "batch 7 segment 1")
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            SEGMENTS.unseal(sealed[:length], "batch 7 segment 1")
    for changed, context in ((sealed + b"\x00", "batch 7 segment 1"), (sealed, "batch 7 segment 2"), (b"", "")):
        with pytest.raises(SealBroken):
            SEGMENTS.unseal(changed, context)


def test_segments_do_not_repeat_and_survive_rotation() -> None:
    before = AesSegmentSealer(OLD, "old")
    sealed = before.seal(b"plain", "c")
    assert sealed != before.seal(b"plain", "c")
    assert AesSegmentSealer({**OLD, **NEW}, "new").unseal(sealed, "c") == b"plain"
    with pytest.raises(SealBroken, match="key"):
        SEGMENTS.unseal(sealed, "c")


def test_sealing_needs_a_fit_active_key() -> None:
    for sealer in (AesSegmentSealer, StreamSealer):
        with pytest.raises(KeyUnusable):
            sealer(NEW, "old")
        with pytest.raises(KeyUnusable):
            sealer({"short": b"1" * 16}, "short")
    with pytest.raises(KeyUnusable):
        AesSegmentSealer(OLD, None).seal(b"", "c")
    with pytest.raises(KeyUnusable):
        StreamSealer(OLD, None).writer(io.BytesIO(), "c")


@settings(max_examples=100)
@given(st.lists(st.binary(max_size=3 * CHUNK), max_size=6))
def test_file_round_trip_however_it_is_written(parts: list[bytes]) -> None:
    raw = io.BytesIO()
    writer = FILES.writer(raw, "file")
    assert [writer.write(part) for part in parts] == [len(part) for part in parts]
    writer.close()
    writer.close()
    plain = b"".join(parts)
    assert opened_file(raw.getvalue()) == plain
    assert len(raw.getvalue()) == HEADER + len(plain) + TAG_BYTES * max(1, -(-len(plain) // CHUNK))


@settings(max_examples=150)
@given(st.binary(max_size=4 * CHUNK), st.data())
def test_any_changed_octet_breaks_a_file(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(sealed_file(plain))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealBroken):
        opened_file(bytes(sealed))


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_a_file_cut_anywhere_is_broken(size: int) -> None:
    sealed = sealed_file(b"p" * size)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            opened_file(sealed[:length])


def test_chunks_extended_exchanged_repeated_or_of_another_file() -> None:
    sealed, other = sealed_file(b"a" * 3 * CHUNK), sealed_file(b"b" * 3 * CHUNK)
    step = CHUNK + TAG_BYTES
    head, chunks = sealed[:HEADER], [sealed[at : at + step] for at in range(HEADER, len(sealed), step)]
    strange = other[HEADER : HEADER + step]
    for forged in (
        [chunks[1], chunks[0], chunks[2]],
        [chunks[0], chunks[0], chunks[2]],
        [chunks[0], chunks[2]],
        [*chunks, chunks[2]],
        [*chunks, b"\x00"],
        [strange, chunks[1], chunks[2]],
    ):
        with pytest.raises(SealBroken):
            opened_file(head + b"".join(forged))
    with pytest.raises(SealBroken):
        opened_file(other[:HEADER] + b"".join(chunks))
    with pytest.raises(SealBroken):
        opened_file(sealed, context="another file")


def test_a_writer_not_closed_leaves_a_broken_file() -> None:
    raw = io.BytesIO()
    FILES.writer(raw, "file").write(b"p" * 5 * CHUNK)
    with pytest.raises(SealBroken):
        opened_file(raw.getvalue())


def test_a_forged_chunk_size_does_not_take_memory() -> None:
    sealed = bytearray(sealed_file(b"plain"))
    sealed[8:12] = b"\xff\xff\xff\xff"
    with pytest.raises(SealBroken):
        opened_file(bytes(sealed))


def test_a_disk_that_takes_part_is_an_error() -> None:
    class Full(io.BytesIO):
        def write(self, data) -> int:  # type: ignore[override]
            return super().write(data[:10])

    with pytest.raises(OSError, match="part"):
        FILES.writer(Full(), "file")


def test_readers_that_return_little_at_a_time() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 7))

    sealed = sealed_file(b"0123456789" * 10)
    assert b"".join(FILES.reader(Slow(sealed), "file")) == b"0123456789" * 10


def test_64_mb_in_bounded_memory(tmp_path: Path) -> None:
    sealer, block, path = StreamSealer(NEW, "new"), bytes(range(256)) * 1024, tmp_path / "large"
    tracemalloc.start()
    with path.open("wb") as raw:
        writer = sealer.writer(raw, "large")
        for _ in range(256):
            writer.write(block)
        writer.close()
    with path.open("rb") as raw:
        assert sum(map(len, sealer.reader(raw, "large"))) == 64 * 1024 * 1024
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 1024 * 1024
