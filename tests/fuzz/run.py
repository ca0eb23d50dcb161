"""Coverage-guided fuzzing of the table (覆盖率引导的模糊测试); see docs/fuzzing.md.

python tests/fuzz/run.py --target all --seconds 60
python tests/fuzz/run.py --target iso. --input fuzz-findings/iso.camt/<file>
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from fuzzing.ledger import Outcome, outcome_of, table_of
from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]
MEMORY = Path("/dev/shm")
GRACE_SECONDS = 120
"""A process that is not back so long after its time is stopped."""


def main() -> int:
    """0 when nothing was found, 1 when something was, 2 for a target that is not there."""
    given = _arguments()
    names = _names(given.target)
    console = Console()
    if given.list or not names:
        console.print("\n".join(_names("all")))
        return 0 if given.list else 2
    if given.input is not None:
        return _again(names, given.input, console)
    outcomes = []
    for name in names:
        outcomes.append(_fuzz(name, given))
        console.print(f"{name}: {outcomes[-1].runs:,} runs, {len(outcomes[-1].findings)} findings")
    console.print(table_of(outcomes))
    for outcome in outcomes:
        console.print(outcome.broken, markup=False, end="")
        for path in outcome.findings:
            console.print(
                f"[bold red]{outcome.name}[/]: python tests/fuzz/run.py --target {outcome.name} --input {path}"
            )
    return 1 if any(outcome.findings or outcome.broken for outcome in outcomes) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Fuzz the parsers of the table in tests/fuzz/targets.py.")
    parser.add_argument("--target", default="all", help="a name, the beginning of names, or all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument(
        "--corpus", type=Path, default=ROOT / "var/fuzz", help="where inputs that reach new code are kept"
    )
    parser.add_argument("--findings", type=Path, default=ROOT / "fuzz-findings")
    parser.add_argument("--input", type=Path, help="judge this one file instead")
    parser.add_argument("--list", action="store_true", help="name the targets")
    return parser.parse_args()


def _names(wanted: str) -> list[str]:
    from targets import TARGETS

    return [name for name in TARGETS if wanted in ("all", name)] or [
        name for name in TARGETS if name.startswith(wanted)
    ]


def _again(names: list[str], path: Path, console: Console) -> int:
    from fuzzing.verdict import judge
    from targets import TARGETS

    found = [judge(TARGETS[name], path.read_bytes()) for name in names]
    for name, one in zip(names, found, strict=True):
        console.print(f"{name}: {'answered or refused' if one is None else one.what}", markup=False)
    return 1 if any(found) else 0


def _fuzz(name: str, given: argparse.Namespace) -> Outcome:
    """One target in a process of its own, since a fuzzer ends only with its process."""
    corpus, findings = given.corpus / name, given.findings / name
    for directory in (corpus, findings):
        directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=MEMORY if MEMORY.is_dir() else None) as room:
        log = Path(room) / "log"
        child = [sys.executable, "-m", "fuzzing.child", name, str(given.seconds)]
        with log.open("wb") as written:
            try:
                status = subprocess.run(
                    [*child, str(corpus), str(findings), room],
                    cwd=ROOT,
                    env={**os.environ, "TMPDIR": room, "PYTHONPATH": str(Path(__file__).parent)},
                    stdout=written,
                    stderr=subprocess.STDOUT,
                    timeout=given.seconds + GRACE_SECONDS,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                status = -1
        outcome = outcome_of(name, status, log, Path(room) / "found", corpus)
    with suppress(OSError):  # something was found: then it is not empty, and stays
        findings.rmdir()
    return outcome


if __name__ == "__main__":
    sys.exit(main())
