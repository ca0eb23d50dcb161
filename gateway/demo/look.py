"""``gateway status``: the books of a running node, for an operator."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from gateway import wiring
from gateway.demo.books import as_json as books_as_json
from gateway.demo.books import read_books
from gateway.demo.tables import show
from gateway.settings import read_settings


def look(settings: Path, *, as_json: bool) -> int:
    """Print where the money stands; 1 when it does not balance."""
    context = wiring.build_context(read_settings(settings))
    books = read_books(context)
    context.store.dispose()
    report = books_as_json(books, checks={"申报等于去向之和 · declared = sum of outcomes": books.balanced})
    report["alerts"] = [{"kind": kind, "zh": zh, "en": en, "count": count} for kind, zh, en, count in books.alerts]
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        console = Console()
        show(console, report)
        for alert in report["alerts"]:
            console.print(f"[yellow]{alert['kind']}[/] ×{alert['count']} {alert['zh']}\n    {alert['en']}")
    return 0 if books.balanced else 1
