"""The command ``bank diff`` (比较命令): two profiles, or two whole configurations bank by bank."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.bank.differing import Difference, difference, paired
from gateway.bank.places import Configuration, ToolRefused
from gateway.bank.shown import console
from gateway.bank.tables import show_difference


@dataclass(frozen=True, slots=True)
class Compared:
    """Differences of profiles that both sides have, and the names of those that one side has alone."""

    differences: tuple[Difference, ...]
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        same = not (self.removed or self.added) and all(one.same for one in self.differences)
        found = [one.as_json() for one in self.differences]
        return {"same": same, "removed": self.removed, "added": self.added, "differences": found}

    def show(self) -> None:
        """On the screen; profiles of two configurations that do not differ are left out."""
        screen = console()
        for label, names, style in (("删除 removed", self.removed, "red"), ("新增 added", self.added, "green")):
            for name in names:
                screen.print(f"{label}: {name}", style=style)
        differing = [one for one in self.differences if not one.same]
        for one in differing or self.differences[:1]:
            show_difference(screen, one)


def run(configuration: Configuration, before: str, after: str) -> Compared:
    """Raises ToolRefused, ConfigurationRefused."""
    sides = Path(before), Path(after)
    if all((side / "banks").is_dir() for side in sides):
        pairs = list(paired(*sides))
        return Compared(
            tuple(difference(old, new) for old, new in pairs if old is not None and new is not None),
            tuple(old.name for old, new in pairs if old is not None and new is None),
            tuple(new.name for old, new in pairs if new is not None and old is None),
        )
    if any(side.is_dir() for side in sides):
        raise ToolRefused("two directories are compared when both are configurations: each needs a directory 'banks'")
    return Compared((difference(configuration.profile_path(before), configuration.profile_path(after)),))
