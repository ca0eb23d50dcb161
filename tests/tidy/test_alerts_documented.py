"""Every alert that the code can raise stands in the operator's table, and nothing else does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from gateway.core.matching import SET_ASIDE, Disposition


def raised(modules) -> set[str]:
    """The kinds given as plain text to ``raise_alert`` or to a module's own ``_alert``."""
    kinds = set()
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"raise_alert", "_alert"}:
                texts = [a.value for a in node.args[:2] if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                kinds |= set(texts)
    computed = {*SET_ASIDE, Disposition.CONTRADICTED}
    return kinds | {f"result-{kind.lower().replace('_', '-')}" for kind in computed}


def test_the_operators_table_is_complete(root: Path, modules) -> None:
    text = (root / "docs" / "operations.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE))
    services = [m for m in modules if m.name.startswith("gateway")]
    assert documented == raised(services)
