"""Reading bank profiles (读取银行接入档案): one file an edition, every problem of every file at once.

A profile stands in ``config/banks``; the layout and the code table that it names stand beside that
directory, in ``layouts`` and ``codes``, and are read and checked with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from adapters.code_table import CodeTable
from adapters.editions import EditionName, Editions, claimed_twice, edition_of
from adapters.profile import BankProfile
from adapters.profile_checks import layout_wrongs, wrongs
from messages.layout.checking import checked
from messages.layout.model import Layout
from messages.layout.positions import ConfigurationRefused, Document, Problem, read_document
from messages.layout.reader import read_layout

Overrides = Mapping[str, Mapping[str, object]]

_FILLED_IN: Final = "record_layout"


def read_profile(path: Path, overrides: Mapping[str, object] | None = None) -> BankProfile:
    """The profile at ``path``, its layout attached; raises ConfigurationRefused with all problems at once.

    ``overrides`` replace keys of ``transport`` (host, port, base_url, host_keys ...) for this run.
    """
    document = read_document(path)
    profile, problems = checked(_overridden(document, overrides or {}), BankProfile)
    layout = _layout(path, document, problems)
    _code_table(path, document, problems)
    if profile is not None:
        problems += _misfits(path, document, profile, layout)
    if profile is None or problems:
        raise ConfigurationRefused(problems)
    return profile.model_copy(update={_FILLED_IN: layout})


def read_editions(directory: Path, overrides: Overrides | None = None) -> dict[str, Editions]:
    """All editions of every bank of ``directory`` (``config/banks``) by bank; raises ConfigurationRefused.

    ``overrides`` are by bank, see ``read_profile``, and hold for each of its editions; those given for
    ``<bank>@<day>`` hold for that edition instead.
    """
    problems: list[Problem] = []
    found: dict[str, list[BankProfile]] = {}
    given = dict(overrides or {})
    names = {name: path for path in sorted(directory.glob("*.yaml")) if (name := _named(path, problems))}
    for name, path in names.items():
        try:
            own = given.get(name.stem, given.get(name.bank))
            found.setdefault(name.bank, []).append(read_profile(path, own))
        except ConfigurationRefused as refused:
            problems += refused.problems
    problems += _strangers(directory, names, given)
    problems += _orphans(names)
    complete = {name: _in_order(profiles) for name, profiles in found.items() if _has_first(profiles)}
    problems += _between(directory, complete)
    if problems:
        raise ConfigurationRefused(dict.fromkeys(problems))
    return complete


def read_all(directory: Path, overrides: Overrides | None = None, on: date | None = None) -> dict[str, BankProfile]:
    """One profile of every bank of ``directory`` by bank: the edition in force ``on`` a day, else the first."""
    return {name: editions.on(on or date.min) for name, editions in read_editions(directory, overrides).items()}


def profile_path(directory: Path, profile: BankProfile) -> Path:
    """Where a profile of ``directory`` (``config/banks``) stands."""
    return directory / f"{EditionName(profile.bank, profile.effective_from).stem}.yaml"


def code_table_path(directory: Path, profile: BankProfile) -> Path:
    """Where the code table of a profile of ``directory`` (``config/banks``) stands."""
    return beside(directory / f"{profile.bank}.yaml", "codes", profile.code_table, ".csv")


def beside(path: Path, directory: str, name: str, suffix: str) -> Path:
    """Where a profile at ``path`` finds the layout or code table that it calls ``name``."""
    return path.parent.parent / directory / f"{Path(name).name}{suffix}"


def _overridden(document: Document, overrides: Mapping[str, object]) -> Document:
    """The document with ``transport`` overridden; what only the reader fills in is refused as a stranger."""
    if not isinstance(document.data, dict):
        return document
    if _FILLED_IN in document.data:
        document.problems.append(document.problem((_FILLED_IN,), "is not a known key", "remove it"))
    transport = document.data.get("transport")
    if overrides and isinstance(transport, dict):
        document.data = {**document.data, "transport": {**transport, **overrides}}
    return document


def _misfits(path: Path, document: Document, profile: BankProfile, layout: Layout | None) -> Iterator[Problem]:
    """What does not hold between the file's name, the profile and its layout."""
    name = EditionName.of(path) or EditionName(path.stem)
    for wrong in wrongs(profile, name.bank):
        yield document.problem(*wrong)
    if profile.effective_from != name.effective_from:
        what = f"does not agree with the file's name {path.name}"
        day = name.effective_from
        remedy = f"write {day}" if day else "remove it, or name the file <bank>@YYYY-MM-DD.yaml"
        yield document.problem(("effective_from",), what, remedy)
    if layout is not None:
        for wrong in layout_wrongs(profile, layout):
            yield document.problem(*wrong)


def _layout(path: Path, document: Document, problems: list[Problem]) -> Layout | None:
    file = _named_file(path, document, ("layout", "layouts", ".yaml"), problems)
    try:
        return read_layout(file) if file is not None else None
    except ConfigurationRefused as refused:
        problems += refused.problems
        return None


def _code_table(path: Path, document: Document, problems: list[Problem]) -> None:
    file = _named_file(path, document, ("code_table", "codes", ".csv"), problems)
    try:
        if file is not None:
            CodeTable.read(file)
    except ConfigurationRefused as refused:
        problems += refused.problems


def _named_file(path: Path, document: Document, what: tuple[str, str, str], problems: list[Problem]) -> Path | None:
    """The file that the profile names under a key, if it names one; read even where the rest has faults."""
    key, directory, suffix = what
    name = document.data.get(key) if isinstance(document.data, dict) else None
    if not isinstance(name, str) or not name:
        return None
    file = beside(path, directory, name, suffix)
    if file.is_file():
        return file
    problems.append(document.problem((key,), f"there is no {file}", "add the file or correct the name"))
    return None


def _named(path: Path, problems: list[Problem]) -> EditionName | None:
    name = EditionName.of(path)
    if name is None:
        what = "the file's name is not <bank>.yaml or <bank>@YYYY-MM-DD.yaml"
        problems.append(Problem(str(path), 1, 1, "(file name)", what, "rename it"))
    return name


def _strangers(directory: Path, names: Mapping[EditionName, Path], given: Mapping[str, Any]) -> Iterator[Problem]:
    known = {name.bank for name in names} | {name.stem for name in names}
    for bank in sorted(given.keys() - known):
        what = "endpoint settings are given for a bank that has no profile"
        remedy = "add the profile or remove them"
        yield Problem(str(directory / f"{bank}.yaml"), 1, 1, "transport", what, remedy)


def _orphans(names: Mapping[EditionName, Path]) -> Iterator[Problem]:
    """An edition takes over from another: a bank's first edition has no date in its file name."""
    for name, path in names.items():
        if EditionName(name.bank) not in names:
            what, remedy = f"there is no {name.bank}.yaml that holds before it", "add the bank's first edition"
            yield Problem(str(path), 1, 1, "effective_from", what, remedy)


def _has_first(profiles: list[BankProfile]) -> bool:
    return any(profile.effective_from is None for profile in profiles)


def _in_order(profiles: list[BankProfile]) -> Editions:
    return Editions(tuple(sorted(profiles, key=lambda profile: profile.effective_from or date.min)))


def _between(directory: Path, banks: Mapping[str, Editions]) -> Iterator[Problem]:
    """No item and no paying account may belong to two banks, on any day."""
    for claim in claimed_twice(banks.values()):
        document = read_document(profile_path(directory, claim.profile))
        other = claim.other.bank + (f"@{edition_of(claim.other)}" if edition_of(claim.other) else "")
        when = f" from {claim.since} on" if claim.since else ""
        what = f"'{claim.code}' is claimed by {other} too{when}"
        yield document.problem(claim.key, what, "leave it to one of the two banks")
