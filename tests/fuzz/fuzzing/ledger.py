"""What one run of one target came to (模糊测试结果): from the fuzzer's log and the findings that were kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.table import Table

_STATS: Final = re.compile(r"stat::(number_of_executed_units|peak_rss_mb):\s+([0-9]+)")
_REACHED: Final = re.compile(r"cov: ([0-9]+) ft: ([0-9]+)")
_ARTIFACT: Final = re.compile(r"Test unit written to (\S+)")
_LOG_CHARACTERS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """Runs, places reached, peak memory, inputs kept, and files that show findings."""

    name: str
    runs: int
    reached: int
    peak_megabytes: int
    corpus: int
    findings: tuple[str, ...]
    broken: str = ""  # the end of the log of a process that failed without a finding


def outcome_of(name: str, status: int, log: Path, found: Path, corpus: Path) -> Outcome:
    """Read after the process has ended; ``found`` lists the files of its findings, one a line."""
    text = log.read_text("utf-8", "replace")
    stats = {key: int(value) for key, value in _STATS.findall(text)}
    reached = _REACHED.findall(text)
    kept = found.read_text("utf-8").splitlines() if found.exists() else []
    kept += _ARTIFACT.findall(text)
    return Outcome(
        name,
        stats.get("number_of_executed_units", 0),
        int(reached[-1][0]) if reached else 0,
        stats.get("peak_rss_mb", 0),
        sum(1 for _ in corpus.iterdir()),
        tuple(dict.fromkeys(kept)),
        text[-_LOG_CHARACTERS:] if status != 0 and not kept else "",
    )


def table_of(outcomes: Sequence[Outcome]) -> Table:
    """One line a target."""
    table = Table(title="fuzzing")
    table.add_column("target")
    for heading in ("runs", "reached", "peak MB", "corpus", "findings"):
        table.add_column(heading, justify="right")
    for one in outcomes:
        findings = "[red]did not run[/]" if one.broken else f"[red]{len(one.findings)}[/]" if one.findings else "none"
        table.add_row(one.name, f"{one.runs:,}", str(one.reached), str(one.peak_megabytes), str(one.corpus), findings)
    return table
