"""Where the files of a bank are (银行配置文件的位置): a name, an edition or a path, as an engineer would type it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from adapters.editions import EditionName, Editions
from adapters.profile import BankProfile
from adapters.profile_reader import beside, read_profile
from messages.layout.positions import ConfigurationRefused, Problem, read_document


class ToolRefused(Exception):
    """What was asked for cannot be done; says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One directory of configuration: ``banks``, ``layouts``, ``codes`` and ``templates`` below it."""

    directory: Path

    @property
    def banks(self) -> Path:
        """Where the profiles are; raises ToolRefused."""
        banks = self.directory / "banks"
        if not banks.is_dir():
            raise ToolRefused(f"{banks} is no directory: give the configuration with --config DIR")
        return banks

    def paths(self) -> dict[EditionName, Path]:
        """Every profile file that is well named, by bank and day."""
        return {name: path for path in sorted(self.banks.glob("*.yaml")) if (name := EditionName.of(path))}

    def paths_of(self, bank: str) -> dict[EditionName, Path]:
        """The editions of ``bank``, the first one first; raises ToolRefused."""
        every = self.paths()
        found = {name: path for name, path in every.items() if name.bank == bank}
        if not found:
            raise ToolRefused(_no_such_bank(self.banks, bank, sorted({name.bank for name in every})))
        return dict(sorted(found.items(), key=lambda pair: pair[0].effective_from or date.min))

    def editions(self, bank: str) -> Editions:
        """All editions of ``bank``, whatever state other banks are in; raises ToolRefused, ConfigurationRefused."""
        problems: list[Problem] = []
        profiles: list[BankProfile] = []
        for path in self.paths_of(bank).values():
            try:
                profiles.append(read_profile(path))
            except ConfigurationRefused as refused:
                problems += refused.problems
        if problems:
            raise ConfigurationRefused(problems)
        return Editions(tuple(profiles))

    def profile_path(self, text: str) -> Path:
        """The profile file that ``text`` means: a path, ``<bank>`` or ``<bank>@<day>``; raises ToolRefused."""
        if text.endswith((".yaml", ".yml")) or "/" in text:
            path = Path(text)
            if not path.is_file():
                raise ToolRefused(f"there is no file {text}: give a profile, or the name of a bank of {self.banks}")
            return path
        bank, _, day = text.partition("@")
        paths = self.paths_of(bank)
        for name, path in paths.items():
            if name.edition == day:
                return path
        known = ", ".join(name.edition or "(first)" for name in paths)
        raise ToolRefused(f"bank {bank} has no edition {day or '(first)'}; it has: {known}")


def named_files(profile: Path) -> list[Path]:
    """The profile file and the layout and code table that it names, as far as they are there."""
    files = [profile]
    try:
        data = read_document(profile).data
    except ConfigurationRefused:
        return files
    for key, directory, suffix in (("layout", "layouts", ".yaml"), ("code_table", "codes", ".csv")):
        name = data.get(key) if isinstance(data, dict) else None
        if isinstance(name, str) and name and (file := beside(profile, directory, name, suffix)).is_file():
            files.append(file)
    return files


def _no_such_bank(directory: Path, bank: str, known: list[str]) -> str:
    near = get_close_matches(bank, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known) or 'none'}"
    return f"there is no bank {bank} in {directory}; {hint}  (a new one: gateway bank new {bank} --family ...)"
