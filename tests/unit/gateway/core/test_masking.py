"""Masks show what they say and never more, for any text; by role nobody sees anything in clear."""

from __future__ import annotations

import time
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.authority import Role
from gateway.core.masking import FIELDS, Sight, masked, masked_columns, sight

ANY = st.none() | st.text(max_size=60) | st.text(alphabet="0123456789X", max_size=40)
ITEMS = st.fixed_dictionaries(
    {"payee_kind": st.sampled_from(["PERSON", "ORGANISATION", "OTHER", None]), **dict.fromkeys(FIELDS, ANY)}
)


def allowed(item: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """By field, how many characters from the front and from the back may be seen: the rules, said once more."""

    def length(name: str) -> int:
        return len(item[name] or "")

    organisation = item["payee_kind"] == "ORGANISATION"
    return {
        "name": (min(length("name") // 4, 4) if organisation else int(length("name") > 1), 0),
        "id_number": (3 * (length("id_number") >= 15), 2 * (length("id_number") >= 8)),
        "account": (0, 4 * (length("account") > 8)),
        "mobile": (0, 4 * (length("mobile") > 8)),
        "address": (3 * (length("address") > 8), 0),
    }


@settings(max_examples=150, deadline=None)
@given(ITEMS)
def test_a_mask_shows_what_it_says_and_never_more(item: dict[str, Any]) -> None:
    """Front, stars, back: nothing between, for any text whatever."""
    shown = masked(item)
    for name, (front, back) in allowed(item).items():
        if item[name] is None:
            assert shown[name] is None
            continue
        text, mask = item[name], shown[name]
        assert mask is not None
        assert mask[:front] == text[:front]
        assert mask[len(mask) - back :] == text[len(text) - back :]
        stars = mask[front : len(mask) - back]
        assert stars and set(stars) == {"*"}, (name, text, mask)
        assert front + back < len(text) or not text
        assert len(stars) <= 4, "the length of a text is not told"


@settings(max_examples=30, deadline=None)
@given(st.lists(ITEMS, min_size=1, max_size=20))
def test_columns_and_single_items_are_masked_alike(items: list[dict[str, Any]]) -> None:
    """One definition, whole columns at once."""
    frame = pl.DataFrame(items, schema={"payee_kind": pl.String, **dict.fromkeys(FIELDS, pl.String)})
    assert frame.select(masked_columns()).rows(named=True) == [masked(item) for item in items]


@pytest.mark.parametrize(
    ("kind", "name", "shown"),
    [
        ("PERSON", "张三", "张*"),
        ("PERSON", "张三丰", "张**"),
        ("PERSON", "欧阳测试", "欧***"),
        ("PERSON", "买买提·吐尔逊", "买***"),
        ("PERSON", "𠮷田", "𠮷*"),
        ("PERSON", "张", "*"),
        ("ORGANISATION", "楚雄市东瓜镇前进种植专业合作社", "楚雄市****"),
        ("ORGANISATION", "张三店", "****"),
        ("ORGANISATION", "", "****"),
    ],
)
def test_names(kind: str, name: str, shown: str) -> None:
    """As docs and answers show them."""
    assert masked({"payee_kind": kind, "name": name})["name"] == shown


def test_numbers_and_addresses() -> None:
    """As docs and answers show them."""
    item = {
        "payee_kind": "PERSON",
        "id_number": "53009919620314002X",
        "account": "6299990000000012345",
        "mobile": "13990001234",
        "address": "云南省楚雄市东瓜镇前进村3组",
    }
    assert masked(item) == {
        "name": None,
        "id_number": "530****2X",
        "account": "****2345",
        "mobile": "****1234",
        "address": "云南省****",
    }


def test_nobody_sees_in_clear_and_some_see_nothing() -> None:
    """By role: who has business with persons sees masks."""
    assert {role for role in Role if sight([role]) is Sight.NOTHING} == {Role.KEY_CUSTODIAN, Role.BANK}
    assert sight([]) is Sight.NOTHING
    assert sight([Role.KEY_CUSTODIAN, Role.OPERATOR]) is Sight.MASKED
    assert set(masked({"name": "张三", "payee_kind": "PERSON"}, Sight.NOTHING).values()) == {None}


def test_a_hundred_thousand_items_are_masked_in_a_moment() -> None:
    """Columns, not objects: some millions of fields a second."""
    rows = 100_000
    item = {"payee_kind": "PERSON", "name": "张三丰", "id_number": "53009919620314002X"}
    item |= {"account": "6299990000000012345", "mobile": "13990001234", "address": "云南省楚雄市东瓜镇前进村"}
    frame = pl.DataFrame({name: [value] * rows for name, value in item.items()})
    begun = time.process_time()
    assert frame.select(masked_columns()).height == rows
    assert time.process_time() - begun < 2
