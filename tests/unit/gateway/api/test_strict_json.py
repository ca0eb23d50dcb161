"""JSON bodies are read without losing or changing anything."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.api import strict_json
from gateway.api.problems import Problem

PLAIN = st.dictionaries(
    st.text(max_size=8),
    st.one_of(st.none(), st.booleans(), st.text(max_size=12), st.integers(-(2**60), 2**60)),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PLAIN, max_size=4))
def test_items_survive_reading_and_writing(items: list[dict[str, object]]) -> None:
    """What went in as JSON comes out as the same objects, one a line."""
    encodable = all("\\ud" not in json.dumps(item) for item in items)
    body = json.dumps(items, ensure_ascii=True).encode()
    if not encodable:
        return
    written = strict_json.lines(strict_json.parse(body))
    assert [json.loads(line) for line in written.splitlines()] == items


def test_key_order_makes_no_difference() -> None:
    """The same item with its keys in another order is the same bytes, so a retry is a repeat."""
    one, other = strict_json.parse(b'{"a":1,"b":"x"}'), strict_json.parse(b'{ "b" : "x", "a" : 1 }')
    assert strict_json.lines([one]) == strict_json.lines([other]) == b'{"a":1,"b":"x"}\n'


@pytest.mark.parametrize("number", ["100.50", "1e3", "1E400", "100.0", "123456789012345678901234567890", "-0.0"])
def test_odd_numbers_stay_as_they_were_written(number: str) -> None:
    """An amount that is no integer reaches the item check exactly as it was sent."""
    parsed = strict_json.parse(f'{{"amount_fen":{number}}}'.encode())
    assert strict_json.lines([parsed]) == f'{{"amount_fen":{number}}}\n'.encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a":1,"a":2}',
        b'[{"x":{"a":1,"a":1}}]',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b"\xff\xfe",
        b'{"a":"\xb9\xfa"}',
        b"[" * 100_000,
        b'{"a":1} trailing',
    ],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    """Repeated keys, NaN, wrong encodings and endless nesting are refused, and nothing of them is repeated."""
    with pytest.raises(Problem) as refused:
        strict_json.parse(body)
    assert refused.value.code == "BAD_JSON"


def test_a_lone_surrogate_is_refused() -> None:
    """Text that has no UTF-8 form cannot be stored."""
    with pytest.raises(Problem) as refused:
        strict_json.lines([strict_json.parse(b'{"name":"\\ud800"}')])
    assert refused.value.code == "BAD_JSON"
