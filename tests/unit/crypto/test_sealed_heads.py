"""Reading which key a sealed thing names, without opening it, whatever the bytes are."""

from __future__ import annotations

from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from crypto.sealing import SEGMENT_MAGIC, AesSegmentSealer, StreamSealer, key_range, named_key

KEYS = {name: bytes([number]) * 32 for number, name in enumerate(["a", "ab", "b", "key-1.x_Z", "k" * 64])}


def test_segments_and_files_name_their_key() -> None:
    for key_id in KEYS:
        sealed = AesSegmentSealer(KEYS, key_id).seal(b"plain", "c")
        assert named_key(sealed) == named_key(sealed[: 5 + len(key_id)]) == key_id
        raw = BytesIO()
        StreamSealer(KEYS, key_id).writer(raw, "c").close()
        assert named_key(raw.getvalue()) == key_id


def test_a_range_holds_its_key_and_no_other() -> None:
    for key_id in KEYS:
        first, behind = key_range(SEGMENT_MAGIC, key_id)
        for other in KEYS:
            sealed = AesSegmentSealer(KEYS, other).seal(b"plain", "c")
            assert (first <= sealed < behind) == (other == key_id)


@given(st.binary(max_size=80))
def test_any_bytes_name_a_key_or_none(data: bytes) -> None:
    for octets in (data, SEGMENT_MAGIC + data):
        found = named_key(octets)
        assert found is None or isinstance(found, str)
