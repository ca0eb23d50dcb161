"""Alerts about keys (密钥告警): what must not wait for somebody to look."""

from __future__ import annotations

from sqlalchemy import Connection

from gateway.core.key_changes import KeyChange
from gateway.store.alerts import raise_alert


def revoked_now(tx: Connection, change: KeyChange, now_ms: int) -> None:
    """One person has revoked a key without a second one."""
    what = f"{change.alias}/{change.key_id}"
    zh = f"{change.proposed_by} 紧急吊销了密钥 {what}（变更 {change.change_id}）：请立即核实，并安排替换。"
    en = (
        f"{change.proposed_by} has revoked key {what} alone (change {change.change_id}): confirm it and replace the key"
    )
    raise_alert(tx, "key-revoked-now", what, zh, en, now_ms)


def stuck(tx: Connection, change: KeyChange, now_ms: int) -> None:
    """An approved change does not get into the keystore."""
    zh = f"已批准的密钥变更 {change.change_id}（{change.alias}）未能写入密钥库，将自动重试：请检查密钥库文件与磁盘。"
    en = (
        f"approved key change {change.change_id} ({change.alias}) cannot be written into the keystore; "
        "it is tried again by itself: check the keystore file and its disk"
    )
    raise_alert(tx, "key-change-stuck", str(change.change_id), zh, en, now_ms)
