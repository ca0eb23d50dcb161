"""Messages from banks (收件箱): kept with their exact bytes before anything is read from them.

A name means one content. Other bytes under a name that is already taken are kept and never applied; a name
whose earlier messages were all quarantined may be used again, since that is how a bank corrects a broken file.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from gateway.store import tables
from gateway.store.locks import serialize
from gateway.store.records import Content, InboxMessage, InboxState
from gateway.store.rows import content_in, content_values, row_by_id
from messages.redaction.texts import redacted

CONFLICT_REASON: Final = "conflict"
_NAMES_PER_QUERY: Final = 500
_t, _listing = tables.inbox, tables.remote_listing


class Received(Enum):
    """What a message is to us."""

    NEW = "NEW"
    SAME = "SAME"  # stored before, byte for byte
    CONFLICT = "CONFLICT"  # other bytes under a taken name; quarantined


def receive(
    tx: Connection, bank: str, name: str, content: Content, signature: bytes | None, now_ms: int
) -> tuple[InboxMessage, Received]:
    """Store a message, or recognise it; on SAME the message stored first is returned, with its own content."""
    serialize(tx, "inbox", bank, name)
    earlier = _under_name(tx, bank, name)
    for message in earlier:
        if message.content.sha256 == content.sha256:
            return _seen_again(tx, message, earlier, signature)
    conflict = any(message.state is not InboxState.QUARANTINED for message in earlier)
    values = {
        "bank": bank,
        "name": name,
        "signature": signature,
        "state": InboxState.QUARANTINED if conflict else InboxState.RECEIVED,
        "reason": CONFLICT_REASON if conflict else None,
        "received_at_ms": now_ms,
        **content_values(content),
    }
    inbox_id = tx.execute(insert(_t).values(values).returning(_t.c.inbox_id)).scalar_one()
    return by_id(tx, inbox_id), Received.CONFLICT if conflict else Received.NEW


def _seen_again(
    tx: Connection, message: InboxMessage, earlier: list[InboxMessage], signature: bytes | None
) -> tuple[InboxMessage, Received]:
    """The same bytes once more: nothing new, unless they were quarantined and now bear another signature.

    That is how a bank corrects a signature; the bytes are judged again, if no other content took the name since.
    """
    free = all(other.state is InboxState.QUARANTINED for other in earlier)
    if signature == message.signature or not free:
        return message, Received.SAME
    again = {"state": InboxState.RECEIVED, "reason": None, "signature": signature}
    tx.execute(update(_t).where(_t.c.inbox_id == message.inbox_id).values(again))
    return by_id(tx, message.inbox_id), Received.NEW


def by_id(tx: Connection, inbox_id: int) -> InboxMessage:
    """The message; raises NoSuchRow."""
    return _message(row_by_id(tx, _t, inbox_id))


def applied(tx: Connection, inbox_id: int, key_id: str | None, now_ms: int) -> bool:
    """RECEIVED becomes APPLIED, verified by ``key_id``; False where it is not RECEIVED."""
    return _move(tx, inbox_id, {"state": InboxState.APPLIED, "key_id": key_id, "applied_at_ms": now_ms})


def quarantine(tx: Connection, inbox_id: int, reason: str, now_ms: int) -> bool:  # noqa: ARG001 - told the time
    """RECEIVED becomes QUARANTINED for ``reason``; False where it is not RECEIVED."""
    return _move(tx, inbox_id, {"state": InboxState.QUARANTINED, "reason": redacted(reason)})


def waiting(tx: Connection, bank: str) -> set[str]:
    """Names of the bank's messages that are RECEIVED: nobody has looked yet whether they are sound."""
    query = select(_t.c.name).where(_t.c.bank == bank, _t.c.state == InboxState.RECEIVED)
    return set(tx.execute(query).scalars())


def quarantined(tx: Connection, limit: int) -> list[InboxMessage]:
    """The newest quarantined messages."""
    query = select(_t).where(_t.c.state == InboxState.QUARANTINED).order_by(_t.c.inbox_id.desc()).limit(limit)
    return [_message(row) for row in tx.execute(query)]


def is_sound(tx: Connection, bank: str, name: str) -> bool:
    """Whether something under this name was applied, or may still be; False where all of it was quarantined."""
    return any(message.state is not InboxState.QUARANTINED for message in _under_name(tx, bank, name))


def seen(tx: Connection, bank: str, names: Iterable[str] | None = None) -> dict[str, tuple[int, ...]]:
    """Sizes in bytes of what was received under each name, oldest first; of all names or of some."""
    query = select(_t.c.name, _t.c.content_size).where(_t.c.bank == bank).order_by(_t.c.inbox_id)
    sizes: dict[str, tuple[int, ...]] = {}
    for part in _queries(query, names):
        for row in tx.execute(part):
            sizes[row.name] = (*sizes.get(row.name, ()), row.content_size)
    return sizes


def remember_listing(tx: Connection, bank: str, name: str, size: int, modified_at: int) -> None:
    """Remember how a remote file looked when it was taken, so that it is not fetched again."""
    values = {"size": size, "modified_at": modified_at}
    mine = (_listing.c.bank == bank) & (_listing.c.name == name)
    if tx.execute(update(_listing).where(mine).values(values)).rowcount == 0:
        tx.execute(insert(_listing).values(bank=bank, name=name, **values))


def listing(tx: Connection, bank: str) -> dict[str, tuple[int, int]]:
    """(size, modified at) of every remembered remote file, by name."""
    rows = tx.execute(select(_listing).where(_listing.c.bank == bank))
    return {row.name: (row.size, row.modified_at) for row in rows}


def _queries(query: Any, names: Iterable[str] | None) -> list[Any]:
    if names is None:
        return [query]
    wanted = sorted(set(names))
    starts = range(0, len(wanted), _NAMES_PER_QUERY)
    return [query.where(_t.c.name.in_(wanted[start : start + _NAMES_PER_QUERY])) for start in starts]


def _under_name(tx: Connection, bank: str, name: str) -> list[InboxMessage]:
    query = select(_t).where(_t.c.bank == bank, _t.c.name == name).order_by(_t.c.inbox_id)
    return [_message(row) for row in tx.execute(query)]


def _move(tx: Connection, inbox_id: int, values: dict[str, Any]) -> bool:
    guarded = update(_t).where(_t.c.inbox_id == inbox_id, _t.c.state == InboxState.RECEIVED)
    return tx.execute(guarded.values(values)).rowcount == 1


def _message(row: Row[Any]) -> InboxMessage:
    content = content_in(row)
    assert content is not None  # noqa: S101 - the columns are NOT NULL
    return InboxMessage(
        inbox_id=row.inbox_id,
        bank=row.bank,
        name=row.name,
        content=content,
        signature=row.signature,
        state=InboxState(row.state),
        reason=row.reason,
        received_at_ms=row.received_at_ms,
        applied_at_ms=row.applied_at_ms,
        key_id=row.key_id,
    )
