"""What a bank says (来报), into the inbox: the exact bytes first, their reading put to work in the same transaction."""

from __future__ import annotations

from sqlalchemy import Connection

from gateway.services.context import Context
from gateway.store import alerts, inbox
from gateway.store import work as work_store
from gateway.store.inbox import Received
from gateway.store.records import Content


def keep(context: Context, bank: str, name: str, content: Content, signature: str | None) -> None:
    """Durable under its name; the same bytes again under the same name change nothing."""
    with context.store.begin() as tx:
        _received(context, tx, bank, name, content, signature)


def keep_pushed(context: Context, bank: str, name: str, data: bytes, signature: str | None) -> None:
    """A message that the bank sent of its own accord: after this returns it may be acknowledged to the bank.

    The name is the bank's: other bytes under a taken one are kept, never applied, and a person is told.
    """
    with context.vault.create("application/octet-stream") as writer:
        writer.write(data)
        content = writer.commit()
    with context.store.begin() as tx:
        if _received(context, tx, bank, name, content, signature) is Received.CONFLICT:
            _alert(context, tx, bank, name)


def _received(
    context: Context, tx: Connection, bank: str, name: str, content: Content, signature: str | None
) -> Received:
    now = context.clock.now_ms()
    signed = signature.encode("ascii", "replace") if signature is not None else None
    message, received = inbox.receive(tx, bank, name, content, signed, now)
    if received is Received.NEW:
        subject = {"inbox_id": message.inbox_id, "bank": bank}
        work_store.put(tx, "apply", str(message.inbox_id), subject, due_at_ms=now)
    return received


def _alert(context: Context, tx: Connection, bank: str, name: str) -> None:
    alerts.raise_alert(
        tx,
        "result-file-conflict",
        f"{bank}/{name}",
        f"银行 {bank} 以相同报文名 {name} 推送了不同内容，已隔离，未处理；请与银行核实。",
        f"bank {bank} pushed other content under the name {name}: quarantined, not applied; clear it up with the bank",
        context.clock.now_ms(),
    )
