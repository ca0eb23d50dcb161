"""Notices: wording, lots, and that a lot's identity depends on its place alone."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from gateway.core.notices import NoticeState, Template, lots, messages

TEMPLATE = Template("SMS_1", "一卡通", "您的{policy}补贴资金{amount}元已于{date}发放至尾号{tail}的账户。", longest=70)


def test_a_notice_names_policy_amount_date_and_tail_only() -> None:
    items = pl.DataFrame(
        {
            "item_no": pl.Series([12], dtype=pl.UInt32),
            "mobile": ["13900000001"],
            "account": ["6217000000001234"],
            "amount_fen": [123_405],
            "paid_on": [date(2026, 11, 20)],
        }
    )
    (message,) = messages(items, TEMPLATE, "耕地地力保护补贴", "ABCDEFGHJKMN")
    assert message == {
        "id": "ABCDEFGHJKMN00000012",
        "mobile": "13900000001",
        "params": {"policy": "耕地地力保护补贴", "amount": "1234.05", "date": "2026-11-20", "tail": "1234"},
    }


def test_only_an_overlong_policy_name_is_shortened() -> None:
    words = TEMPLATE.words("很长的政策名称" * 20, "1.00", "2026-11-20", "1234")
    assert len(words["policy"]) < 140 and words["amount"] == "1.00"


def test_finished_lots_are_left_out_and_keep_the_names_of_the_others() -> None:
    states = np.zeros(5, dtype=np.uint8)
    before = list(lots("P", states, 2))
    states[[0, 1]] = NoticeState.TAKEN
    after = list(lots("P", states, 2))
    assert [lot.lot_id for lot in before] == ["PL0000", "PL0001", "PL0002"]
    assert [lot.lot_id for lot in after] == ["PL0001", "PL0002"]
