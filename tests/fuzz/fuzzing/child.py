"""One target under the coverage-guided fuzzer, in this process until its time is over: see run.py.

A finding that Python survives is kept, once each, and fuzzing goes on; a hang, an overgrown or a dead process is
kept by the fuzzer itself.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import atheris

from fuzzing.verdict import Finding, judge

INSTRUMENTED: Final = ["adapters", "crypto", "gateway", "messages", "simulators", "http_message_signatures"]
HANG_SECONDS: Final = 60  # by the clock on the wall; the verdict's own bound is by the processor's
MOST_MEGABYTES: Final = 2_048
LONGEST_INPUT: Final = 65_536


class Book:
    """Findings as files: the octets, and beside them what was wrong and how to see it again."""

    def __init__(self, name: str, directory: Path, listed: Path):
        self._name, self._directory, self._listed = name, directory, listed
        self._seen: set[str] = set()

    def keep(self, finding: Finding, content: bytes) -> None:
        """Writes the first input that shows each finding."""
        if finding.identity in self._seen:
            return
        self._seen.add(finding.identity)
        path = self._directory / f"{finding.identity[:120]}.bin"
        path.write_bytes(content)
        again = f"python tests/fuzz/run.py --target {self._name} --input {path}"
        path.with_suffix(".txt").write_text(f"{again}\n\n{finding.what}\n", "utf-8")
        with self._listed.open("a", encoding="utf-8") as listed:
            listed.write(f"{path}\n")


def main(name: str, seconds: str, corpus: str, findings: str, room: str) -> None:
    """Does not return: the process ends with the fuzzer."""
    with atheris.instrument_imports(include=INSTRUMENTED):
        from targets import TARGETS

        target = TARGETS[name]
        first = target.seeds()  # within: making them imports what is imported late
    seeds = Path(room) / "seeds"
    seeds.mkdir()
    for number, content in enumerate(first):
        (seeds / f"{number:03d}").write_bytes(content)
    book = Book(name, Path(findings), Path(room) / "found")

    def once(content: bytes) -> None:
        finding = judge(target, content)
        if finding is not None:
            book.keep(finding, content)

    flags = [
        *(f"-max_total_time={seconds}", f"-timeout={HANG_SECONDS}", f"-rss_limit_mb={MOST_MEGABYTES}"),
        f"-report_slow_units={HANG_SECONDS}",
        *(f"-max_len={LONGEST_INPUT}", f"-artifact_prefix={findings}/", "-print_final_stats=1"),
    ]
    atheris.Setup([sys.argv[0], *flags, corpus, str(seeds)], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
