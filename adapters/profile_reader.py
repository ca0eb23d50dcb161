"""Reading bank profiles (读取银行接入档案): one file a bank, every problem of every file at once.

A profile stands in ``config/banks``; the layout and the code table that it names stand beside that
directory, in ``layouts`` and ``codes``, and are read and checked with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from adapters.code_table import CodeTable
from adapters.profile import BankProfile
from adapters.profile_checks import wrongs
from messages.layout.checking import checked
from messages.layout.model import Layout
from messages.layout.positions import ConfigurationRefused, Document, Key, Problem, read_document
from messages.layout.reader import read_layout
from messages.layout.vocabulary import VOCABULARIES

_FILLED_IN: Final = "record_layout"


def read_profile(path: Path, overrides: Mapping[str, object] | None = None) -> BankProfile:
    """The profile at ``path``, its layout attached; raises ConfigurationRefused with all problems at once.

    ``overrides`` replace keys of ``transport`` (host, port, base_url, host_keys ...) for this run.
    """
    document = read_document(path)
    profile, problems = checked(_overridden(document, overrides or {}), BankProfile)
    if profile is None:
        raise ConfigurationRefused(problems)
    problems += [document.problem(*wrong) for wrong in wrongs(profile, path.stem)]
    layout = _layout(path, document, profile, problems)
    _code_table(path, document, profile, problems)
    if problems:
        raise ConfigurationRefused(problems)
    return profile.model_copy(update={_FILLED_IN: layout})


def read_all(directory: Path, overrides: Mapping[str, Mapping[str, object]] | None = None) -> dict[str, BankProfile]:
    """All profiles of ``directory`` (``config/banks``) by bank; ``overrides`` by bank, see ``read_profile``."""
    problems: list[Problem] = []
    profiles: dict[str, BankProfile] = {}
    given = dict(overrides or {})
    for path in sorted(directory.glob("*.yaml")):
        try:
            profiles[path.stem] = read_profile(path, given.pop(path.stem, None))
        except ConfigurationRefused as refused:
            problems += refused.problems
    for bank in given:
        what = "endpoint settings are given for a bank that has no profile"
        problems.append(
            Problem(str(directory / f"{bank}.yaml"), 1, 1, "transport", what, "add the profile or remove them")
        )
    problems += _between(directory, profiles)
    if problems:
        raise ConfigurationRefused(problems)
    return profiles


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


def _layout(path: Path, document: Document, profile: BankProfile, problems: list[Problem]) -> Layout | None:
    if profile.layout is None:
        return None
    file = _beside(path, "layouts", profile.layout, ".yaml")
    if not file.is_file():
        problems.append(document.problem(("layout",), f"there is no {file}", "add the file or correct the name"))
        return None
    try:
        layout = read_layout(file)
    except ConfigurationRefused as refused:
        problems += refused.problems
        return None
    for name in VOCABULARIES.keys() - layout.messages.keys():
        problems.append(
            document.problem(("layout",), f"{file} has no message {name}", "add the document's table for it")
        )
    return layout


def _code_table(path: Path, document: Document, profile: BankProfile, problems: list[Problem]) -> None:
    file = _beside(path, "codes", profile.code_table, ".csv")
    if not file.is_file():
        problems.append(document.problem(("code_table",), f"there is no {file}", "add the file or correct the name"))
        return
    try:
        CodeTable.read(file)
    except ConfigurationRefused as refused:
        problems += refused.problems


def _beside(path: Path, directory: str, name: str, suffix: str) -> Path:
    return path.parent.parent / directory / f"{Path(name).name}{suffix}"


def code_table_path(directory: Path, profile: BankProfile) -> Path:
    """Where the code table of a profile of ``directory`` (``config/banks``) stands."""
    return _beside(directory / f"{profile.bank}.yaml", "codes", profile.code_table, ".csv")


def _between(directory: Path, profiles: Mapping[str, BankProfile]) -> Iterator[Problem]:
    """No item and no paying account may belong to two banks."""
    for key, claims in (
        (("serves", "bank_codes"), lambda p: p.serves.bank_codes if "pays" in p.roles else ()),
        (("bank_codes",), lambda p: p.bank_codes),
    ):
        yield from _claimed_twice(directory, profiles, key, claims)


def _claimed_twice(directory: Path, profiles: Mapping[str, BankProfile], key: Key, claims: Any) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for bank, profile in sorted(profiles.items()):
        for code in claims(profile):
            other = owners.setdefault(code, bank)
            if other == bank:
                continue
            document = read_document(directory / f"{bank}.yaml")
            what = f"'{code}' is claimed by {other} too"
            yield document.problem(key, what, "leave it to one of the two banks")
