"""Alerts (告警): what a person must know; one row per kind and key, counted when it happens again."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from gateway.store import tables
from gateway.store.records import Alert
from gateway.store.rows import insert_once
from messages.redaction.texts import redacted

_t = tables.alert


def raise_alert(tx: Connection, kind: str, key: str, text_zh: str, text_en: str, now_ms: int) -> None:
    """Raise an alert; again under the same kind and key it is counted, and its text becomes the newest.

    The texts are redacted, whatever they were made of; ``key`` consists of names of ours.
    """
    names = (key, *key.split("/"))
    told = {"text_zh": redacted(text_zh, names), "text_en": redacted(text_en, names)}
    texts = {**told, "last_raised_at_ms": now_ms}
    if insert_once(tx, _t, {"kind": kind, "key": key, "raised_at_ms": now_ms, "count": 1, **texts}):
        return
    mine = (_t.c.kind == kind) & (_t.c.key == key)
    tx.execute(update(_t).where(mine).values(count=_t.c["count"] + 1, **texts))


def is_raised(tx: Connection, kind: str, key: str) -> bool:
    """Whether there is such an alert already."""
    return tx.execute(select(_t.c.alert_id).where((_t.c.kind == kind) & (_t.c.key == key))).first() is not None


def recent(tx: Connection, limit: int) -> list[Alert]:
    """The alerts that were raised last, newest first; ``raised_at_ms`` is when each was raised first."""
    query = select(_t).order_by(_t.c.last_raised_at_ms.desc(), _t.c.alert_id.desc()).limit(limit)
    return [
        Alert(
            alert_id=row["alert_id"],
            kind=row["kind"],
            key=row["key"],
            text_zh=row["text_zh"],
            text_en=row["text_en"],
            raised_at_ms=row["raised_at_ms"],
            count=row["count"],
        )
        for row in tx.execute(query).mappings()
    ]
