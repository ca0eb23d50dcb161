"""What a bank says (来报), into the inbox: the exact bytes first, their reading put to work in the same transaction."""

from __future__ import annotations

from gateway.services.context import Context
from gateway.store import inbox
from gateway.store import work as work_store
from gateway.store.inbox import Received
from gateway.store.records import Content


def keep(context: Context, bank: str, name: str, content: Content, signature: str | None) -> None:
    """Durable under its name; the same bytes again under the same name change nothing."""
    now = context.clock.now_ms()
    signed = signature.encode("ascii", "replace") if signature is not None else None
    with context.store.begin() as tx:
        message, received = inbox.receive(tx, bank, name, content, signed, now)
        if received is Received.NEW:
            subject = {"inbox_id": message.inbox_id, "bank": bank}
            work_store.put(tx, "apply", str(message.inbox_id), subject, due_at_ms=now)


def keep_pushed(context: Context, bank: str, name: str, data: bytes, signature: str | None) -> None:
    """A message that the bank sent of its own accord: after this returns it may be acknowledged to the bank."""
    with context.vault.create("application/octet-stream") as writer:
        writer.write(data)
        content = writer.commit()
    keep(context, bank, name, content, signature)
