"""What a process tree cost: peak memory of each process, from the kernel's own accounts (Linux)."""

from __future__ import annotations

from pathlib import Path


def tree(pid: int) -> list[int]:
    """The process and all of its descendants that live now."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(entry)):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += parents.get(found[-1], [])
    return found


def peak_megabytes(pid: int) -> dict[int, int]:
    """Peak resident set of each process of the tree, in MB."""
    return {one: peak for one in tree(pid) if (peak := _peak(one))}


def cpu_seconds(pid: int) -> float:
    """User and system time of the tree so far."""
    ticks = 0
    for one in tree(pid):
        fields = _stat(Path("/proc") / str(one))
        ticks += int(fields[11]) + int(fields[12]) if fields else 0
    return ticks / 100


def _stat(entry: Path) -> list[str]:
    try:
        return (entry / "stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []


def _peak(pid: int) -> int:
    try:
        lines = (Path("/proc") / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")), 0)
