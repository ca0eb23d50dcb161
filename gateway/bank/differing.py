"""`gateway bank diff` (接入档案比较): what changes between two editions, in the words of the bank's document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from adapters.code_rows import CodeRow, read_code_rows
from adapters.profile import BankProfile
from adapters.profile_reader import beside, read_profile
from gateway.bank.layout_changes import FieldChange, layout_changes

_APART: Final = {"record_layout"}


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One key of the profile; null where one side does not have it."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class CodeChange:
    """One row of the code table, by the bank's own codes."""

    status_raw: str
    reason_raw: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs between two profiles and what they name."""

    before: str
    after: str
    profile: tuple[KeyChange, ...]
    layout: tuple[FieldChange, ...]
    codes: tuple[CodeChange, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.profile or self.layout or self.codes)

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {**asdict(self), "same": self.same}


def difference(before: Path, after: Path) -> Difference:
    """What changes from the profile at ``before`` to the one at ``after``; raises ConfigurationRefused."""
    old, new = read_profile(before), read_profile(after)
    return Difference(
        str(before),
        str(after),
        tuple(_keys(old, new)),
        tuple(layout_changes(old.record_layout, new.record_layout)),
        tuple(_codes(_rows(before, old), _rows(after, new))),
    )


def paired(before: Path, after: Path) -> Iterator[tuple[Path | None, Path | None]]:
    """The profiles of two configuration directories side by side; null where one has none of that name."""
    old, new = ({path.name: path for path in (side / "banks").glob("*.yaml")} for side in (before, after))
    for name in sorted(old.keys() | new.keys()):
        yield old.get(name), new.get(name)


def _keys(old: BankProfile, new: BankProfile) -> Iterator[KeyChange]:
    before, after = dict(_flat(old)), dict(_flat(new))
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            yield KeyChange(key, before.get(key), after.get(key))


def _flat(profile: BankProfile) -> Iterator[tuple[str, str]]:
    """What the profile means, key by key: a default that is written out is no change."""
    pending: list[tuple[str, Any]] = [("", profile.model_dump(mode="json", exclude=_APART, exclude_none=True))]
    while pending:
        key, value = pending.pop(0)
        if isinstance(value, dict):
            pending[:0] = [(f"{key}.{name}".removeprefix("."), inner) for name, inner in value.items()]
        else:
            yield (
                key,
                ", ".join(repr(one) if one == "" else str(one) for one in value)
                if isinstance(value, list)
                else str(value),
            )


def _rows(path: Path, profile: BankProfile) -> dict[tuple[str, str], CodeRow]:
    rows = read_code_rows(beside(path, "codes", profile.code_table, ".csv"))
    return {(row.status_raw, row.reason_raw): row for row in rows}


def _codes(old: dict[tuple[str, str], CodeRow], new: dict[tuple[str, str], CodeRow]) -> Iterator[CodeChange]:
    for pair in sorted(old.keys() | new.keys()):
        before, after = (_meaning(rows[pair]) if pair in rows else None for rows in (old, new))
        if before != after:
            yield CodeChange(*pair, before, after)


def _meaning(row: CodeRow) -> str:
    return " ".join(filter(None, (row.outcome, row.reason, row.remedy))) + f" · {row.text_zh}"
