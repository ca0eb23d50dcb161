"""One line of the measurements (测量结果行): our rate beside its bare limit and a peer, all from the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.bench.timing import Contest

_LEVELS: Final = {"limit": "of the limit", "peer": "times the peer"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a stage should reach: at least this share of its limit and this many times its peer; None: not asked."""

    of_limit: float | None = None
    times_peer: float | None = None

    def __str__(self) -> str:
        wanted = [(self.of_limit, "limit"), (self.times_peer, "peer")]
        return "; ".join(f"{level:g}x {_LEVELS[name]}" for level, name in wanted if level is not None)


@dataclass(frozen=True, slots=True)
class Row:
    """One measured stage; rates count ``unit`` per second; None where there is no such thing here."""

    stage: str
    ours_per_second: float
    limit_name: str | None
    limit_per_second: float | None
    ratio_limit: float | None
    peer_name: str | None
    peer_per_second: float | None
    ratio_peer: float | None
    asked: str
    reached: bool | None  # None: nothing asked, or it could not be measured here
    note: str = ""
    unit: str = "items"


def row(
    stage: str,
    contest: Contest,
    *,
    ours: str,
    limit: str | None = None,
    peer: str | None = None,
    asked: Asked | None = None,
    note: str = "",
    unit: str = "items",
) -> Row:
    """The line for ``ours`` among the contenders that were measured together."""
    asked = asked or Asked()
    rate = contest[ours]
    limit_rate, peer_rate = contest.get(limit or ""), contest.get(peer or "")
    of_limit, times_peer = _ratio(rate, limit_rate), _ratio(rate, peer_rate)
    reached = _reached([(asked.of_limit, of_limit), (asked.times_peer, times_peer)])
    return Row(
        stage,
        rate,
        limit if limit_rate else None,
        limit_rate,
        of_limit,
        peer if peer_rate else None,
        peer_rate,
        times_peer,
        str(asked),
        reached,
        note,
        unit,
    )


def table(rows: Sequence[Row]) -> str:
    """The rows as aligned text."""
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("stage", lambda r: r.stage),
        ("per second", lambda r: f"{r.ours_per_second:,.0f} {r.unit}"),
        ("limit", lambda r: _versus(r.limit_name, r.limit_per_second, r.ratio_limit)),
        ("peer", lambda r: _versus(r.peer_name, r.peer_per_second, r.ratio_peer)),
        ("asked", lambda r: r.asked),
        ("reached", lambda r: {None: "", True: "yes", False: "NO"}[r.reached]),
        ("note", lambda r: r.note),
    ]
    lines = [[title for title, _ in columns], *([cell(r) for _, cell in columns] for r in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def _versus(name: str | None, rate: float | None, ratio: float | None) -> str:
    return f"{ratio:.2f}x {name} ({rate:,.0f})" if name and rate and ratio else ""


def _ratio(ours: float, other: float | None) -> float | None:
    return ours / other if other else None


def _reached(pairs: list[tuple[float | None, float | None]]) -> bool | None:
    asked = [(level, ratio) for level, ratio in pairs if level is not None]
    if not asked or any(ratio is None for _, ratio in asked):
        failed = any(ratio is not None and ratio < level for level, ratio in asked)
        return False if failed else None
    return all(ratio is not None and ratio >= level for level, ratio in asked)
