"""Frames written and taken: exact heads, any cutting of the stream, and every kind of nonsense refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.framing.errors import FrameRefused
from messages.framing.frame import Frame
from messages.framing.framing import FRAMINGS, framer

NAMES = st.sampled_from(sorted(FRAMINGS))


@pytest.mark.parametrize(
    ("name", "body", "frame"),
    [
        ("length-8", "对".encode("gbk"), b"00000002\xb6\xd4"),
        ("length-8", b"", b"00000000"),
        ("length-5", b"x" * 12, b"00012" + b"x" * 12),
        ("length-6-inclusive", b"abc", b"000009abc"),
        ("length-6-inclusive", b"", b"000006"),
        ("flag-length-6", b"<ap/>", b"05     <ap/>"),
        ("flag-length-6", b"", b"00     "),
        ("flag-length-6", b"x" * 999_999, b"0999999" + b"x" * 999_999),
    ],
)
def test_the_head_is_what_the_bank_writes(name: str, body: bytes, frame: bytes) -> None:
    assert framer(name).encode(body) == frame
    assert framer(name).decoder(999_999).feed(frame) == [Frame(body)]


@pytest.mark.parametrize(("name", "frame"), [("flag-length-6", b"0000003abc"), ("flag-length-6", b"03     abc")])
def test_a_right_padded_length_may_have_leading_zeros(name: str, frame: bytes) -> None:
    assert framer(name).decoder(10).feed(frame) == [Frame(b"abc")]


@given(NAMES, st.lists(st.binary(max_size=40), max_size=6), st.data())
def test_the_pieces_in_which_a_stream_comes_do_not_matter(name: str, bodies: list[bytes], data: st.DataObject) -> None:
    framing = framer(name)
    stream = b"".join(framing.encode(body) for body in bodies)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder, frames = framing.decoder(40), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        frames += decoder.feed(stream[start:end])
    assert [frame.body for frame in frames] == bodies
    assert decoder.unfinished == 0


@given(NAMES, st.binary(min_size=1, max_size=40))
def test_every_border_but_the_last_leaves_the_frame_unfinished(name: str, body: bytes) -> None:
    frame = framer(name).encode(body)
    decoder = framer(name).decoder(40)
    for count, octet in enumerate(frame[:-1], 1):
        assert decoder.feed(bytes([octet])) == []
        assert decoder.unfinished == count
    assert decoder.feed(frame[-1:]) == [Frame(body)]


@given(NAMES, st.binary(max_size=60))
def test_any_bytes_are_frames_or_a_refusal(name: str, garbage: bytes) -> None:
    decoder = framer(name).decoder(20)
    try:
        frames = decoder.feed(garbage)
    except FrameRefused as refused:
        frames = list(refused.before)
        with pytest.raises(FrameRefused):
            decoder.feed(framer(name).heartbeat)
    assert all(len(frame.body) <= 20 for frame in frames)


@pytest.mark.parametrize(
    ("name", "start", "why"),
    [
        ("length-8", b"H", "decimal digits"),
        ("length-8", b"0000001x", "decimal digits"),
        ("length-8", b"+0000001", "decimal digits"),
        ("length-8", b" 1", "decimal digits"),
        ("length-8", "０".encode(), "decimal digits"),
        ("length-5", b"-0001", "decimal digits"),
        ("length-6-inclusive", b"000005", "counts itself"),
        ("flag-length-6", b"1", "flag"),
        ("flag-length-6", b"012 3  ", "decimal digits"),
        ("flag-length-6", b"0      ", "decimal digits"),
        ("flag-length-6", b"0 12   ", "decimal digits"),
        ("length-8", b"00000101", "above the limit of 100"),
        ("length-6-inclusive", b"000107", "above the limit of 100"),
    ],
)
def test_a_bad_head_is_refused_as_soon_as_it_is_bad(name: str, start: bytes, why: str) -> None:
    with pytest.raises(FrameRefused, match=why):
        framer(name).decoder(100).feed(start)


def test_frames_before_the_trouble_are_not_lost() -> None:
    with pytest.raises(FrameRefused) as caught:
        framer("length-5").decoder(9).feed(b"00001a00002bcHTTP/")
    assert caught.value.before == (Frame(b"a"), Frame(b"bc"))


@pytest.mark.parametrize(
    ("name", "most"),
    [("length-8", 99_999_999), ("length-5", 99_999), ("length-6-inclusive", 999_993), ("flag-length-6", 999_999)],
)
def test_a_body_that_the_head_cannot_tell_is_refused(name: str, most: int) -> None:
    framing = framer(name)
    assert framing.largest_body == most
    assert len(framing.head(most)) == framing.head_bytes
    with pytest.raises(FrameRefused, match=f"at most {most}"):
        framing.head(most + 1)


def test_the_limit_may_be_changed_between_frames() -> None:
    decoder = framer("length-5").decoder(0)
    assert decoder.feed(b"00000") == [Frame(b"")]
    assert decoder.feed(b"") == []
    decoder.limit = 3
    assert decoder.feed(b"00003abc") == [Frame(b"abc")]
    decoder.limit = 0
    with pytest.raises(FrameRefused, match="limit of 0"):
        decoder.feed(b"00001")


def test_an_unknown_framing_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"length-9.*flag-length-6"):
        framer("length-9")


def test_only_an_empty_frame_is_a_heartbeat() -> None:
    assert Frame(b"").is_heartbeat and not Frame(b" ").is_heartbeat
