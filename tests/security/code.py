"""Runs bandit over the five packages; a finding fails unless the line says why it is none.

One mechanism for ruff and bandit alike: bandit's B310 is ruff's S310, so a line that carries ``# noqa: S310 - why`` is
justified to both. Where only bandit has a word to say, it is ``# nosec B310 - why``. A justification without a reason is a
finding itself. What is skipped altogether stands with its reason in pyproject.toml, ``[tool.bandit]``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("adapters", "crypto", "gateway", "messages", "simulators")
JUSTIFIED = re.compile(r"# noqa: (?P<codes>[A-Z0-9, ]+?)(?P<why> - \S.*)?$")
BARE_NOSEC = re.compile(r"#\s*nosec\b(?!(?: B\d{3},?)+ - \S)")


def is_justified(finding: dict[str, Any], source: list[str]) -> bool:
    """Whether a line of the finding's statement carries ruff's twin of it."""
    twin = "S" + str(finding["test_id"])[1:]
    numbers = {int(finding["line_number"]), *map(int, finding.get("line_range", ()))}
    found = (JUSTIFIED.search(source[number - 1]) for number in numbers if number <= len(source))
    return any(twin in re.split(r"[ ,]+", match["codes"]) for match in found if match is not None)


def described(finding: dict[str, Any]) -> str:
    """One line for a person."""
    where = f"{finding['filename']}:{finding['line_number']}"
    return f"{where}: {finding['test_id']} ({finding['issue_severity'].lower()}) {finding['issue_text']}"


def unexplained(report: dict[str, Any], root: Path) -> list[str]:
    """Findings of bandit's report that nothing justifies, and files that it could not read."""
    lines = [f"{error['filename']}: {error['reason']}" for error in report["errors"]]
    for finding in report["results"]:
        source = (root / finding["filename"]).read_text(encoding="utf-8").splitlines()
        if not is_justified(finding, source):
            lines.append(described(finding))
    return lines


def without_reason(root: Path) -> list[str]:
    """``nosec`` comments that do not say which finding they mean, or why it is none."""
    return [
        f"{path.relative_to(root)}:{number}: nosec must read `# nosec BXXX - why`"
        for package in PACKAGES
        for path in sorted((root / package).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if BARE_NOSEC.search(line)
    ]


def main() -> int:
    """1 where something is unexplained."""
    command = [sys.executable, "-m", "bandit", "-q", "-r", *PACKAGES, "-c", "pyproject.toml", "-f", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except json.JSONDecodeError:
        print(f"bandit did not run: {done.stderr.strip()[-2000:]}", file=sys.stderr)
        return 1
    faults = unexplained(report, ROOT) + without_reason(ROOT)
    print("\n".join(faults) or f"bandit: {len(report['results'])} findings, each justified on its line")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
