"""``gateway bank certify`` (认证命令): run, show how it goes, write both reports, and say how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from gateway.bank.places import Configuration, ToolRefused
from gateway.certify import simulated, test_system
from gateway.certify.batch import CaseBatch
from gateway.certify.caller import ApiRefused
from gateway.certify.cases import Plan
from gateway.certify.report import as_html, as_json, report
from gateway.certify.test_system import Place
from gateway.clock import SystemClock, instant
from gateway.demo.broker import NoBroker
from gateway.demo.children import ChildFailed

SIMULATOR_SECONDS: Final = 60.0
TEST_SYSTEM_SECONDS: Final = 1800.0
_STYLES: Final = {"passed": "green", "failed": "bold red", "not run": "yellow"}
_COLUMNS: Final = (SpinnerColumn(), TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn())


class _Shown:
    """The progress bar, told by the run."""

    def __init__(self, console: Console):
        self.progress = Progress(*_COLUMNS, TimeElapsedColumn(), console=console, transient=True)
        self._task = self.progress.add_task("准备 starting", total=None)

    def started(self, plan: Plan) -> None:
        """How many cases there are."""
        self.progress.update(self._task, total=len(plan.cases), description="认证 certifying")

    def told(self, batch: CaseBatch, arrived: bool) -> None:
        """One of them is settled, or will not be."""
        mark = batch.case.id if arrived else f"{batch.case.id} ✗"
        self.progress.update(self._task, advance=1, description=mark[:28])


def where(
    settings: Path | None,
    cases: Path | None,
    keys: Path | None,
    url: str | None,
    client: str | None,
    header: Path | None,
) -> Place | None:
    """The running gateway to use, or None for a simulator; raises ToolRefused where only half of it is said."""
    if settings is None:
        if any(given is not None for given in (cases, keys, url, client, header)):
            raise ToolRefused("--cases, --keys, --url, --client and --header go with --settings of a running gateway")
        return None
    if cases is None or keys is None:
        raise ToolRefused(
            "with --settings give --cases, the bank's test accounts, and --keys, the client's signing key"
        )
    return Place(settings, cases, keys, url, client, header)


def run(
    configuration: Configuration, bank: str, place: Place | None, wait: float | None, out: Path | None, *, json: bool
) -> int:
    """0 when nothing failed, 1 when a case did, 2 when it could not be run; raises ToolRefused, ConfigurationRefused."""
    console = Console(stderr=True, quiet=json)
    at = instant(SystemClock().now_ms())
    shown = _Shown(console)
    wait_seconds = wait or (SIMULATOR_SECONDS if place is None else TEST_SYSTEM_SECONDS)
    try:
        with shown.progress:
            if place is None:
                found = simulated.certify(configuration, bank, wait_seconds, shown.started, shown.told)
            else:
                found = test_system.certify(place, bank, wait_seconds, shown.started, shown.told)
    except (ChildFailed, NoBroker, ApiRefused, OSError) as failed:
        raise ToolRefused(f"the certification could not be run: {failed}") from failed
    made = report(*found, "simulator" if place is None else "test-system", at)
    files = _write(out or Path("certification") / bank, made)
    if json:
        typer.echo(as_json(made).decode(), nl=False)
    else:
        _show(Console(), made, files)
    return 1 if made["counts"]["failed"] else 0


def _write(directory: Path, made: dict[str, Any]) -> list[Path]:
    directory.mkdir(parents=True, exist_ok=True)
    files = [directory / "report.json", directory / "report.html"]
    files[0].write_bytes(as_json(made))
    files[1].write_text(as_html(made), encoding="utf-8")
    return files


def _show(console: Console, made: dict[str, Any], files: list[Path]) -> None:
    for case in made["cases"]:
        line = Text.assemble(
            (f"{case['verdict']:<8}", _STYLES[case["verdict"]]), f" {case['id']:<32} {case['title']['zh']}"
        )
        console.print(line, soft_wrap=True)
        for said in (*case["findings"], *([case["reason"]] if case["reason"] else [])):
            console.print(Text(f"           {said['zh']} · {said['en']}", style="dim"), soft_wrap=True)
    counts = made["counts"]
    style = _STYLES[made["verdict"]]
    console.print(
        Text(
            f"{made['bank']['name']}: 通过 passed {counts['passed']}, 未通过 failed {counts['failed']}, "
            f"未执行 not run {counts['not run']}, {made['seconds']} s",
            style=style,
        )
    )
    for file in files:
        console.print(str(file), soft_wrap=True)
