"""The outbox keeps the first body; alerts are counted, not repeated."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from gateway.store import alerts, outbox, tables
from gateway.store.errors import NoSuchRow


def test_a_message_is_put_once_with_its_first_body(store) -> None:
    with store.begin() as tx:
        first = outbox.put(tx, "webhook", "B-1/accepted", "platform", b"{1}", 5)
        assert outbox.put(tx, "webhook", "B-1/accepted", "platform", b"{2}", 6) == first
        other = outbox.put(tx, "webhook", "B-1/completed", "platform", b"{3}", 7)
    assert (first.body, first.created_at_ms, first.delivered_at_ms, first.attempts) == (b"{1}", 5, None, 0)
    assert other.outbox_id != first.outbox_id
    with pytest.raises(NoSuchRow), store.read() as tx:
        outbox.by_id(tx, 99)


def test_attempts_are_counted_until_it_is_taken(store) -> None:
    with store.begin() as tx:
        number = outbox.put(tx, "webhook", "k", "platform", b"x", 5).outbox_id
        outbox.attempted(tx, number, "refused", 6)
        outbox.attempted(tx, number, "HTTP 503", 7)
        assert tx.execute(select(tables.outbox.c.last_error)).scalar_one() == "HTTP 503"
        assert outbox.delivered(tx, number, 8)
        assert not outbox.delivered(tx, number, 9)
        now = outbox.by_id(tx, number)
    assert (now.attempts, now.delivered_at_ms) == (3, 8)


def test_an_alert_is_raised_once_and_counted(store) -> None:
    with store.begin() as tx:
        alerts.raise_alert(tx, "bank-unreachable", "rural", "旧", "old", 5)
        alerts.raise_alert(tx, "deadline", "B-1", "期限", "deadline", 6)
        alerts.raise_alert(tx, "bank-unreachable", "rural", "新", "new", 7)
    with store.read() as tx:
        first, second = alerts.recent(tx, 9)
        assert (first.key, first.count, first.text_zh, first.text_en, first.raised_at_ms) == (
            "rural",
            2,
            "新",
            "new",
            5,
        )
        assert (second.key, second.count) == ("B-1", 1)
        assert alerts.recent(tx, 1) == [first]
