"""`gateway keys status` (密钥待办) on the screen and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from gateway.keys.calendar import show_calendar
from gateway.keys.tables import ACTION_NAMES, age
from gateway.services.key_answers import change_shown
from gateway.services.key_due import Due


def as_json(found: Due) -> dict[str, Any]:
    """All that is due, as plain values."""
    return {
        "today": found.today,
        "urgent": found.urgent,
        "expiries": [asdict(one) for one in found.endings],
        "waiting": [change_shown(one).model_dump(mode="json", exclude={"effects"}) for one in found.waiting],
        "without_active": list(found.without_active),
        "retiring_long": [asdict(one) for one in found.long_retiring],
        "missing": list(found.missing),
    }


def show_status(console: Console, found: Due, now_ms: int) -> None:
    """The calendar, then what waits for somebody; one line says so where nothing does."""
    if found.endings:
        show_calendar(console, found.endings, found.today)
    else:
        console.print("未来十二个月没有密钥到期 · nothing ends within 12 months", style="green")
    for change in found.waiting:
        what = f"{ACTION_NAMES[change.action]} {change.action} {change.alias} {change.key_id}"
        waited = age(now_ms - change.proposed_at_ms)
        _line(
            console,
            "cyan",
            f"待批准 waits #{change.change_id}",
            f"{what}, {change.proposed_by}, {waited}",
            f"gateway keys approve {change.change_id}",
        )
    for alias in found.without_active:
        _line(console, "bold red", "无启用密钥 nothing ACTIVE", alias, f"gateway keys show {alias}")
    for one in found.long_retiring:
        told = f"{one.alias} {one.key_id}, {one.since} 起 since ({one.days} 天 days)"
        _line(console, "yellow", "长期退役中 RETIRING for long", told, f"gateway keys end {one.alias} {one.key_id}")
    if found.missing:
        names = ", ".join(found.missing)
        _line(console, "dim", f"尚无密钥 no key yet ({len(found.missing)})", names, "gateway keys import|generate")
    if not (found.waiting or found.without_active or found.long_retiring):
        console.print("✓ 没有待办 nothing waits for anybody", style="bold green")


def _line(console: Console, style: str, what: str, which: str, remedy: str) -> None:
    console.print(Text.assemble((what, style), f"  {which}\n  → ", (remedy, "cyan")), soft_wrap=True)
