"""Asks pip-audit whether an installed package has a known vulnerability; one that has fails.

What could not be asked is said, and fails nothing: a mirror that has no vulnerability data, or no network at all, must not
stop a change, but nobody shall take silence for an answer.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

COMMAND = (
    "pip_audit",
    "--local",
    "--skip-editable",
    "--format",
    "json",
    "--progress-spinner",
    "off",
    "--timeout",
    "15",
)
PATIENCE_SECONDS = 300
NOT_ASKED = "pip-audit: NOT CHECKED: "


def judge(report: dict[str, Any]) -> tuple[int, list[str]]:
    """Exit status and what to say of pip-audit's report."""
    packages = report["dependencies"]
    ours = [one for one in packages if "editable" in one.get("skip_reason", "")]
    skipped = [one for one in packages if "skip_reason" in one and one not in ours]
    asked = len(packages) - len(skipped) - len(ours)
    lines = [
        f"{one['name']} {one['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'no release yet'}"
        for one in packages
        for found in one.get("vulns", ())
    ]
    status = 1 if lines else 0
    lines.append(f"pip-audit: {asked} packages asked about, {len(lines)} known vulnerabilities")
    if skipped:
        names = ", ".join(one["name"] for one in skipped[:5]) + (", …" if len(skipped) > 5 else "")
        lines.append(f"{NOT_ASKED}{len(skipped)} packages could not be looked up here ({names})")
    return status, lines


def main() -> int:
    """1 where a vulnerability is known."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", *COMMAND], capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
        )
        status, lines = judge(json.loads(done.stdout))
    except (json.JSONDecodeError, subprocess.TimeoutExpired):
        print(f"{NOT_ASKED}the vulnerability service could not be reached; run `make audit` where it can")
        return 0
    print("\n".join(lines))
    return status


if __name__ == "__main__":
    sys.exit(main())
