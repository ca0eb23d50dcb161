"""``gateway status`` and ``gateway find``: what an operator asks of a node, on the terminal."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gateway import wiring
from gateway.core.authority import Actor
from gateway.core.notices import yuan
from gateway.demo.books import as_json as books_as_json
from gateway.demo.books import read_books
from gateway.demo.tables import show
from gateway.keys.identity import origin
from gateway.services import auditing
from gateway.services.finding import find_person
from gateway.settings import read_settings


def look_for(settings: Path, id_number: str, *, as_json: bool) -> int:
    """Print a person's payments, masked; 1 when there are none."""
    context = wiring.build_context(read_settings(settings))
    found = find_person(context, id_number)
    with context.store.begin() as tx:
        who, after = Actor("local", frozenset(), origin=origin()), {"count": len(found), "why": "gateway find"}
        auditing.write(tx, who, "personal.found", "person", context.clock.now_ms(), after=after)
    context.store.dispose()
    if as_json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        table = Table("批次 batch", "政策 policy", "明细 item", "银行 bank", "金额 yuan", "尾号 tail", "状态 state")
        for one in found:
            amount = yuan(one.amount_fen)
            table.add_row(one.batch_no, one.policy_name, one.item_id, one.bank, amount, one.account_tail, one.state)
        Console().print(table)
    return 0 if found else 1


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
