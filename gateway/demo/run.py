"""``gateway demo``: submit lifelike batches, watch them be paid, compare the books, say plainly whether all agrees."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from gateway import wiring
from gateway.demo.books import Books, read_books
from gateway.demo.books import as_json as books_as_json
from gateway.demo.broker import NoBroker
from gateway.demo.checks import compare
from gateway.demo.children import ChildFailed
from gateway.demo.quiet import is_quiet
from gateway.demo.tables import NAMES, show
from gateway.demo.world import TWO_BANKS, World, shipped_banks
from gateway.services.context import Context
from gateway.setup import config_directory
from gateway.store import batches, instructions

LOOK_SECONDS = 0.25
ANY_BANK = "bank-lifelike"
LIFELIKE = {"rural-fixed": "rural-lifelike", "city-iso": "city-lifelike", "platform": "platform-slow"}
"""Scripts that are not called after who plays them."""
ITEMS_PER_SECOND_AT_LEAST = 500


def run(items: int, seed: int, *, as_json: bool, keep: Path | None, banks: str = "two") -> int:
    """The whole demonstration; 0 when everything balances, 1 when not, 2 when it could not run."""
    console = Console(stderr=as_json)
    chosen = _chosen(banks)
    if unknown := sorted(set(chosen) - set(shipped_banks())):
        console.print(
            f"[bold red]no profile for {', '.join(unknown)}; there are: {', '.join(shipped_banks())}, two, all"
        )
        return 2
    try:
        with tempfile.TemporaryDirectory(prefix="gateway-demo-") as temporary:
            report = _play(keep or Path(temporary), items, seed, console, chosen)
    except (ChildFailed, NoBroker) as failed:
        console.print(f"[bold red]{failed}")
        return 2
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        show(console, report)
        console.print(_verdict(report))
    return 0 if report["conserved"] else 1


def _chosen(banks: str) -> tuple[str, ...]:
    named = {"two": TWO_BANKS, "all": shipped_banks()}
    return named[banks] if banks in named else tuple(name.strip() for name in banks.split(",") if name.strip())


def _verdict(report: dict[str, Any]) -> str:
    seconds = f"{report['seconds']:.1f}"
    if report["conserved"]:
        return f"[bold green]账账相符，分文不差 · every fen accounted for[/] ({report['items']:,} items, {seconds} s)"
    wrong = ", ".join(label for label, value in report["checks"].items() if value is False)
    return f"[bold red]账目不符 · the books do not agree: {wrong}[/]"


def _play(directory: Path, items: int, seed: int, console: Console, banks: tuple[str, ...]) -> dict[str, Any]:
    scripts = {name: _script(name) for name in (*banks, "sms", "platform")}
    with World(directory, seed, scripts=scripts, banks=banks) as world:
        context = wiring.build_context(world.settings())
        started = time.monotonic()
        submitting = _submit(world, items, seed, everywhere=banks != TWO_BANKS)
        finished = _watch(world, context, items, submitting, console)
        seconds = time.monotonic() - started
        books = read_books(context)
        ledgers = {name: world.ask(name, "ledger") for name in world.simulators}
        checks = compare(books, ledgers, items) | {"全部处理完毕 · nothing left to do": finished}
        files = _files(context)
        context.store.dispose()
    return _report(books, ledgers, checks, files, seconds)


def _script(name: str) -> str:
    """Its own, or the one that any bank can play."""
    own = LIFELIKE.get(name, f"{name}-lifelike")
    return own if (config_directory() / "simulators" / f"{own}.yaml").is_file() else ANY_BANK


def _report(
    books: Books, ledgers: dict[str, Any], checks: dict[str, Any], files: list[dict[str, Any]], seconds: float
) -> dict[str, Any]:
    duplicates = sum(ledger.get("duplicates_paid", 0) for ledger in ledgers.values())
    return books_as_json(
        books,
        conserved=all(value is not False for value in checks.values()),
        duplicates_paid=duplicates,
        notices_sent=ledgers["sms"]["messages"],
        files=files,
        checks=checks,
        alerts=[{"kind": kind, "zh": zh, "en": en, "count": count} for kind, zh, en, count in books.alerts],
        seconds=round(seconds, 3),
    )


def _submit(world: World, items: int, seed: int, *, everywhere: bool) -> subprocess.Popen[bytes]:
    """The platform's batches; ``everywhere``: one batch with payees at every kind of bank."""
    arguments = [
        "--base-url",
        world.gateway_url,
        "--keys",
        str(world.directory / "keys"),
        "--items",
        str(items),
        "--seed",
        str(seed),
        *(["--everywhere", "--batches", "1"] if everywhere else []),
    ]
    with (world.directory / "submit.log").open("wb") as log:
        return subprocess.Popen([sys.executable, "-m", "simulators.cli", "submit", *arguments], stdout=log, stderr=log)


def _watch(world: World, context: Context, items: int, submitting: subprocess.Popen[bytes], console: Console) -> bool:
    """Show progress until nothing is left to do; False when the time is over first."""
    until = time.monotonic() + 90 + items / ITEMS_PER_SECOND_AT_LEAST
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<26}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    progress = Progress(*columns, console=console)
    tasks = {name: progress.add_task(label, total=items) for name, label in NAMES.items() if name != "refused"}
    with Live(progress, console=console, refresh_per_second=8):
        while time.monotonic() < until:
            world.children["gateway"].require_alive()
            books = read_books(context, reasons=False)
            for name, task in tasks.items():
                done = books.rejected if name == "rejected" else books.counts[name]
                progress.update(task, completed=done)
            if submitting.poll() not in {None, 0}:
                raise ChildFailed(f"submission failed: {(world.directory / 'submit.log').read_text('utf-8')[-1000:]}")
            if submitting.poll() == 0 and not books.unfinished and is_quiet(world, context):
                return True
            time.sleep(LOOK_SECONDS)
    return False


def _files(context: Context) -> list[dict[str, Any]]:
    """Every instruction that went out: what it is called, to whom, how big."""
    with context.store.read() as tx:
        known = batches.recent(tx, None, 10_000, None)
        every = [made for batch in reversed(known) for made in instructions.of_batch(tx, batch.batch_id)]
    return [
        {
            "message_id": made.message_id,
            "bank": made.bank,
            "items": made.rows,
            "fen": made.fen,
            "bytes": made.content.size if made.content else 0,
            "state": made.state.value,
        }
        for made in every
    ]
