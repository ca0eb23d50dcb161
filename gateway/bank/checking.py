"""`gateway bank check` (接入档案核对): every fault and every doubt of the files of one bank or of all, at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from adapters.code_rows import read_code_rows
from adapters.editions import EditionName
from adapters.profile_reader import read_editions, read_profile
from gateway.bank.doubts import doubts
from gateway.bank.placeholders import unfilled, without_echoes
from gateway.bank.places import Configuration, ToolRefused, named_files
from gateway.bank.trial import trial
from messages.layout.positions import ConfigurationRefused, Problem
from messages.layout.reader import read_layout


@dataclass(frozen=True, slots=True)
class Checked:
    """What was looked at and what is wrong with it; a warning never makes a bank unusable."""

    files: tuple[Path, ...]
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether the gateway would take these files."""
        return not self.errors


def check(configuration: Configuration, targets: Iterable[str]) -> Checked:
    """Check banks, profiles, layouts and code tables, by name or path; nothing given is every bank.

    Raises ToolRefused for what is not there.
    """
    given = list(targets)
    files: set[Path] = set()
    problems: list[Problem] = []
    for target in given:
        path = Path(target)
        own = path.suffix in {".yaml", ".csv"} or "/" in target
        if own and not path.is_file():
            raise ToolRefused(f"there is no file {target}: give a profile, a layout, a code table or a bank's name")
        if own and path.resolve().parent != configuration.banks.resolve():
            files.update([path, *(named_files(path) if _is_profile(path) else [])])
            problems += _alone(path)
        else:
            paths = [configuration.banks / path.name] if own else _profiles(configuration, target)
            files.update(file for profile in paths for file in named_files(profile))
    if not given:
        files.update(file for profile in sorted(configuration.banks.glob("*.yaml")) for file in named_files(profile))
    problems += _together(configuration, files)
    return _judged(files, problems)


def _judged(files: set[Path], problems: list[Problem]) -> Checked:
    errors = without_echoes(problems, unfilled(sorted(files)))
    faulty = {problem.file for problem in errors}
    sound = [path for path in files if _is_profile(path) and not faulty & {str(file) for file in named_files(path)}]
    profiles = {path: read_profile(path) for path in sorted(sound)}
    errors += [problem for path, profile in profiles.items() for problem in trial(path, profile)]
    warnings = [doubt for path, profile in profiles.items() for doubt in doubts(path, profile)]
    return Checked(tuple(sorted(files)), _in_order(errors), _in_order(warnings))


def _profiles(configuration: Configuration, target: str) -> list[Path]:
    if "@" in target:
        return [configuration.profile_path(target)]
    return list(configuration.paths_of(target).values())


def _together(configuration: Configuration, files: set[Path]) -> list[Problem]:
    """What is wrong with those of ``files`` that belong to the configuration, banks compared with each other."""
    try:
        read_editions(configuration.banks)
    except ConfigurationRefused as refused:
        wanted = {str(file) for file in files}
        return [problem for problem in refused.problems if problem.file in wanted]
    return []


def _alone(path: Path) -> list[Problem]:
    try:
        if path.suffix == ".csv":
            read_code_rows(path)
        elif _is_profile(path):
            read_profile(path)
        else:
            read_layout(path)
    except ConfigurationRefused as refused:
        return list(refused.problems)
    return []


def _is_profile(path: Path) -> bool:
    """A profile stands in a directory called ``banks``, beside ``layouts`` and ``codes``."""
    return path.resolve().parent.name == "banks" and EditionName.of(path) is not None


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    distinct = dict.fromkeys(problems)
    return tuple(sorted(distinct, key=lambda problem: (problem.file, problem.line, problem.column)))
