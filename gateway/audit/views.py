"""The audit on a terminal and as JSON (审计显示)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gateway.clock import instant
from gateway.core.acts import ACTIONS
from gateway.services.audit_verifying import Progress as Report
from gateway.services.chain_check import ChainCheck
from gateway.store.audit import AuditEntry


@contextmanager
def progress(what: str, *, shown: bool) -> Iterator[Report]:
    """A bar on the terminal's error stream, where somebody looks; nothing otherwise."""
    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield lambda _done, _total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def table_of(entries: list[AuditEntry]) -> Table:
    """Entries, one a row."""
    table = Table("#", "时间 when", "谁 who", "从 from", "操作 act", "对象 subject", "前后 before → after")
    for one in entries:
        action = ACTIONS.get(one.action)
        name = f"{one.action}\n{action.zh}" if action else one.action
        when = instant(one.at_ms).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(str(one.seq), when, one.actor, one.origin, name, one.subject, _change(one))
    return table


def as_data(entry: AuditEntry) -> dict[str, Any]:
    """An entry for programs."""
    return {**asdict(entry), "at": instant(entry.at_ms).isoformat()}


def verdict_data(check: ChainCheck) -> dict[str, Any]:
    """What came of a verification, for programs."""
    return {
        "intact": check.faults == 0,
        "gateway_code": check.gateway_code,
        "entries": check.count,
        "first_seq": check.first_seq,
        "last_seq": check.seq,
        "last_hash": check.hash,
        "anchors": check.confirmed,
        "faults": check.faults,
        "findings": [asdict(one) for one in check.findings],
    }


def say_verdict(console: Console, check: ChainCheck) -> None:
    """What came of a verification, for people."""
    for one in check.findings[:100]:
        console.print(f"[red]✗ {one.kind}[/] {one.zh}\n    {one.en}", highlight=False)
    span = f"{check.first_seq} - {check.seq}" if check.count else "-"
    if check.faults:
        console.print(
            f"[red]审计链不完整：发现 {check.faults} 处问题[/]（{check.count} 条，{span}）\n"
            f"the audit is NOT intact: {check.faults} faults in {check.count} entries ({span})"
        )
        return
    console.print(
        f"[green]审计链完整[/]：{check.count} 条（{span}），{check.confirmed} 个锚相符\n"
        f"the audit is intact: {check.count} entries ({span}), confirmed by {check.confirmed} anchors"
    )
    if not check.confirmed:
        console.print(
            "[yellow]没有锚：无法发现整链重写。请保存每日锚（gateway audit anchor）。[/]\n"
            "no anchor was found: a chain that was written anew as a whole would not be noticed"
        )


def _change(entry: AuditEntry) -> str:
    lines = []
    for key in sorted({*entry.before, *entry.after}):
        old, new = entry.before.get(key), entry.after.get(key)
        if new is None and old is None:
            continue
        shown = _short(new) if old is None or old == new else f"{_short(old)} → {_short(new)}"
        lines.append(f"{key}: {shown}")
    return "\n".join(lines)


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."
