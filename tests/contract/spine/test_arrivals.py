"""What banks say of their own accord: kept once under its name, and nothing of it lost in silence."""

from __future__ import annotations

from gateway.services.arrivals import keep, keep_pushed
from gateway.services.context import Context
from gateway.store import alerts, inbox
from gateway.store import work as work_store
from gateway.store.records import InboxState

BANK, NAME = "city-iso", "pushed/0001"


def reading(context: Context) -> int:
    """How many messages wait to be read."""
    with context.store.read() as tx:
        return work_store.counts(tx).get("apply", 0)


def told(context: Context) -> list[tuple[str, str]]:
    with context.store.read() as tx:
        return [(alert.kind, alert.key) for alert in alerts.recent(tx, 10)]


def test_the_same_push_again_is_the_same_push(context: Context) -> None:
    for _ in range(3):
        keep_pushed(context, BANK, NAME, b"<paid/>", None)
    assert (reading(context), told(context)) == (1, [])


def test_other_content_under_a_pushed_name_is_kept_never_applied_and_told(context: Context) -> None:
    keep_pushed(context, BANK, NAME, b"<paid/>", None)
    keep_pushed(context, BANK, NAME, b"<failed/>", None)
    assert reading(context) == 1
    assert told(context) == [("result-file-conflict", f"{BANK}/{NAME}")]
    with context.store.read() as tx:
        kept = inbox.quarantined(tx, 10)
    assert [(message.state, message.content.size) for message in kept] == [(InboxState.QUARANTINED, 9)]


def test_a_second_reply_to_one_sending_alarms_nobody(context: Context) -> None:
    for said in (b"taken", b"taken before"):
        with context.vault.create("application/octet-stream") as writer:
            writer.write(said)
            keep(context, BANK, "ABCDEFGHIJKLF0001/reply", writer.commit(), None)
    assert (reading(context), told(context)) == (1, [])
