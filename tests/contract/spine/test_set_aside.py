"""Rows that nobody can apply: each alert says which instruction they are about, whatever the message is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from adapters.contract import RESULT_SCHEMA, ParsedResult, ResultKind
from gateway.services import item_rows
from gateway.services.context import Context
from gateway.store import alerts, inbox, instructions
from gateway.store.records import Batch, InboxMessage, Instruction


@pytest.fixture
def accepted(submit: Callable[..., Batch], batch: Any) -> Batch:
    return submit(batch.header, batch.content(), batch.content_type)


@pytest.fixture
def message(context: Context) -> InboxMessage:
    """A pushed message, whose name is only the digest of its bytes."""
    with context.vault.create("application/octet-stream") as writer:
        writer.write(b"whatever")
        content = writer.commit()
    with context.store.begin() as tx:
        return inbox.receive(tx, "rural-fixed", "pushed/0f3a", content, None, 1)[0]


def stranger(made: Instruction) -> ParsedResult:
    """A result with one row, about an item that is not of this instruction."""
    values = {"reference": "NOBODYNOBODY00000001", "amount_fen": 1, "status_raw": "0"}
    rows = pl.DataFrame({name: [values.get(name)] for name in RESULT_SCHEMA}, schema=RESULT_SCHEMA)
    return ParsedResult(ResultKind.RESULT, made.message_id, blocks=(rows,))


def test_one_message_about_two_instructions_raises_an_alert_for_each(
    context: Context, accepted: Batch, message: InboxMessage
) -> None:
    with context.store.read() as tx:
        made = instructions.of_batch(tx, accepted.batch_id)[:2]
    for one in made:
        prepared = item_rows.prepare(context, context.bank_of(one), accepted, one, stranger(one))
        with context.store.begin() as tx:
            assert not item_rows.apply(context, tx, one, accepted, message, prepared)
    with context.store.read() as tx:
        raised = {alert.key: alert for alert in alerts.recent(tx, 10) if alert.kind == "result-unknown-item"}
    assert raised.keys() == {f"rural-fixed/{one.message_id}/pushed/0f3a" for one in made}
    for one in made:
        alert = raised[f"rural-fixed/{one.message_id}/pushed/0f3a"]
        assert one.message_id in alert.text_zh and one.message_id in alert.text_en
