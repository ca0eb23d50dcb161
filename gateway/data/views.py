"""Data at rest on the screen and as JSON (显示)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich.console import Console

from gateway.bank.shown import table
from gateway.clock import instant
from gateway.core.retention import OBSTACLE_WORDS
from gateway.services.data_status import DataStatus
from gateway.services.erasing_person import InTheWay


def as_json(status: DataStatus) -> dict[str, Any]:
    """The whole status as JSON-ready data."""
    return asdict(status)


def show(console: Console, status: DataStatus) -> None:
    """The whole status as tables."""
    _keys(console, status)
    _runs(console, status)
    _periods(console, status)
    _holds(console, status)


def obstacles_text(found: Iterable[InTheWay]) -> tuple[str, str]:
    """Why a person cannot be erased yet, a line a batch, in Chinese and English."""
    told = [(one.batch_no, [OBSTACLE_WORDS[obstacle] for obstacle in one.obstacles]) for one in found]
    zh = "\n".join(f"  {number}：{'；'.join(words[0] for words in all_words)}" for number, all_words in told)
    en = "\n".join(f"  {number}: {'; '.join(words[1] for words in all_words)}" for number, all_words in told)
    return f"以下批次须继续保存，未删除任何内容：\n{zh}", f"these must be kept, and nothing was erased:\n{en}"


def _keys(console: Console, status: DataStatus) -> None:
    shown = table("静态数据 · data at rest", "别名 alias", "密钥 key", "数量 pieces", "", right=["数量 pieces"])
    for one in status.under:
        note = "启用 active" if one.active else "待重加密 to be renewed" if one.key_id else "无密钥标识 names no key"
        shown.add_row(one.alias, one.key_id or "-", f"{one.pieces:,}", note)
    console.print(shown)


def _runs(console: Console, status: DataStatus) -> None:
    if not status.runs:
        return
    columns = ("别名 alias", "目标密钥 towards", "已处理 done", "MB", "无法打开 unreadable", "完成 finished")
    shown = table("换密钥 · renewal", *columns, right=columns[2:5])
    for run in status.runs:
        ended = instant(run.done_at_ms).isoformat(" ", "minutes") if run.done_at_ms is not None else "进行中 running"
        size = f"{run.octets // 1_000_000:,}"
        shown.add_row(run.alias, run.key_id, f"{run.items:,}", size, str(run.unreadable), ended)
    console.print(shown)


def _periods(console: Console, status: DataStatus) -> None:
    columns = ("内容 what", "期限 kept for", "到期批次 batches due", "已删批次 batches erased", "已删 pieces erased")
    shown = table("保存期限 · retention", *columns, right=columns[2:])
    for one in status.retained:
        figures = (f"{n:,}" for n in (one.due, one.erased_batches, one.erased_pieces))
        shown.add_row(one.what.value, one.period, *figures)
    console.print(shown)


def _holds(console: Console, status: DataStatus) -> None:
    shown = table("法律保全 · legal holds", "编号 no", "批次 batch", "平台 client", "原因 reason", "由 by", "自 since")
    for one in status.holds:
        since = instant(one.placed_at_ms).isoformat(" ", "minutes")
        shown.add_row(str(one.hold_id), one.batch_no, one.client_id, one.reason, one.placed_by, since)
    if status.holds:
        console.print(shown)
