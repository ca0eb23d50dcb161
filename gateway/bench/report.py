"""The measurements as a page: what was asked, what was reached, every stage beside its limit and its peers."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.bench.end_to_end import Passage
from gateway.bench.rows import Row

TITLE = """# Benchmarks

Written by `gateway bench --page docs/benchmarks.md` (`make bench`); every ratio is between figures of this one run.
End to end: a batch is uploaded over HTTP, checked, stored (durable), translated, signed and delivered over real SFTP and
HTTPS on loopback; then results are fetched, verified, parsed and applied, and read back by the platform. The simulated
banks are held while they prepare their answers (outside the clock), but what they burn while receiving is on the same
cores and counts. SMS notices are off here: they follow payment at the provider's pace. """


SHORT = """
## Where it falls short, and why

- **Items a second, two at once, share of the bare loops.** The simulated banks receive, decrypt and verify on the same two
  cores while the clock runs (compare the CPU column with two cores for the seconds of a passage). Inside the gateway the
  check of one batch is one process (its rules are columns, but reading JSON and looking at its shape is not parallel), and
  no file is built before the last line was checked, by design: count, total and duplicate ids are facts about the whole.
  Next step: check blocks in two processes with the duplicate search kept in order.
- **Intake against a SHA-256 read.** 4.3 µs an item, of which reading JSON takes 1.2, proving that a line has no duplicate or
  unknown member 0.8, check digits 0.6 and the other rules 0.6. A SHA-256 read with the processor's own instructions leaves
  2 µs; that needs the second core.
- **Small batch.** Five durable commits and three hand-overs between processes, each some 10 to 40 ms of fixed cost in
  expressions over few rows; and the simulated bank's own validation counts here, because it cannot be told apart.
- **Stages near their line** (sepaxml, fixed-width build) move by a quarter from run to run on a shared machine.
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of what was asked of this project."""

    what: str
    measured: str
    asked: str
    reached: bool | None


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything of one run."""

    items: int
    passages: dict[str, Passage]
    small_batch_ms: int
    stages: list[Row]

    def asked(self) -> list[Line]:
        """The end-to-end lines of the table "Asked of this project"."""
        tenth, whole, two = (self.passages[name] for name in ("a tenth", "the whole", "two at once"))
        growth, together = whole.seconds / tenth.seconds, two.per_second / whole.per_second
        share, memory = self._of_bare(whole), max(whole.peak_mb.values())
        lines = [
            Line("items a second, embedded store", f"{whole.per_second:,}", "40,000", whole.per_second >= 40_000),
            Line("two batches at once", f"{together:.2f}x one", "1.35x", together >= 1.35),
            Line("against the sum of its bare loops", f"{share:.2f}", "0.25", share >= 0.25),
            Line("largest process", f"{memory} MB", "500 MB", memory <= 500),
            Line(
                "small batch, accepted to delivered, median",
                f"{self.small_batch_ms} ms",
                "100 ms",
                self.small_batch_ms <= 100,
            ),
            Line("worst reactor stall", f"{whole.stall_ms} ms", "50 ms", whole.stall_ms <= 50),
            Line("ten times the items", f"{growth:.1f}x the time", "10.5x", growth <= 10.5),
        ]
        if "PostgreSQL" in self.passages:
            slower = self.passages["PostgreSQL"].seconds / whole.seconds
            lines.insert(3, Line("the same on PostgreSQL", f"{slower:.2f}x the time", "1.3x", slower <= 1.3))
        return lines

    def _of_bare(self, whole: Passage) -> float:
        """The bare limits of the stages, one after another on one core, as a share of the passage's time."""
        limits = [row for row in self.stages if row.unit == "items" and row.limit_per_second]
        return sum(self.items / (row.limit_per_second or 1) for row in limits) / whole.seconds


def markdown(measured: Measured) -> str:
    """The whole page."""
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    parts = [
        TITLE,
        f"\nMachine: {machine}. {measured.items:,} items.\n",
        "## Asked of this project\n",
        _asked(measured),
    ]
    parts += ["\n## Passages\n", _passages(measured), "\n## Stages\n", _stages(measured.stages)]
    return "\n".join([*parts, SHORT])


def _asked(measured: Measured) -> str:
    rows = [(line.what, line.measured, line.asked, _word(line.reached)) for line in measured.asked()]
    return _grid(("what", "measured", "asked", "reached"), rows)


def _passages(measured: Measured) -> str:
    rows = [
        (
            name,
            f"{one.items:,}",
            f"{one.outward_seconds:.1f} s",
            f"{one.inward_seconds:.1f} s",
            f"{one.per_second:,}",
            f"{one.cpu:.0f} s",
            f"{one.peak_mb['service']} MB",
            f"{one.peak_mb['largest worker']} MB",
            f"{one.stall_ms} ms",
        )
        for name, one in measured.passages.items()
    ]
    titles = ("passage", "items", "out", "back", "items/s", "CPU", "service peak", "worker peak", "worst stall")
    return _grid(titles, rows)


def _stages(stages: list[Row]) -> str:
    rows = [
        (
            row.stage,
            f"{row.ours_per_second:,.0f} {row.unit}/s",
            f"{row.ratio_limit:.2f}x {row.limit_name}" if row.ratio_limit else "",
            f"{row.ratio_peer:.1f}x {row.peer_name}" if row.ratio_peer else "",
            row.asked,
            _word(row.reached),
            row.note,
        )
        for row in stages
    ]
    return _grid(("stage", "ours", "of the bare limit", "of the peer", "asked", "reached", "note"), rows)


def _word(reached: bool | None) -> str:
    return {True: "yes", False: "**no**", None: ""}[reached]


def _grid(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
