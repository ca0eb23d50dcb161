"""The demonstration's project list (年度补贴项目清单) as the platform uses it: ``config/projects/2026.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

_HOUSE: Final = Path(__file__).resolve().parents[1]
_PLACES: Final = ("config", "gateway/data/config")  # in the repository, and where it is installed
_STEPS: Final = {"GDDL": (1_050, 400), "NJGZ": (100_000, 50), "CXDB": (1_000, 90), "TGH2": (12_500, 60)}
"""Code prefix: (fen a step, most steps). All others pay by 50 yuan up to 1,000."""


@dataclass(frozen=True, slots=True)
class Project:
    """One project, and in what steps it pays."""

    code: str
    policy_name: str
    department_code: str
    department_name: str
    step_fen: int
    steps: int


def listed_projects(path: Path | None = None) -> list[Project]:
    """Every project on the list that may be paid (社会保险待遇 may not), in the order of the list."""
    if path is None:
        path = next(found for place in _PLACES if (found := _HOUSE / place / "projects" / "2026.yaml").exists())
    tree = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - builds text, lists and maps only
    return [_project(entry) for entry in tree["projects"] if entry.get("social_insurance") != "true"]


def _project(entry: dict[str, str]) -> Project:
    step_fen, steps = _STEPS.get(entry["code"].split("-")[0], (5_000, 20))
    return Project(
        code=entry["code"],
        policy_name=entry["policy_name"],
        department_code=entry["department_code"],
        department_name=entry["department_name"],
        step_fen=step_fen,
        steps=steps,
    )
