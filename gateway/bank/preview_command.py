"""The command ``bank preview`` (预览命令): which edition, which items, and both directions of the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from adapters.code_table import CodeTable
from adapters.profile import BankProfile
from adapters.profile_reader import code_table_path
from gateway.bank.items_file import GivenItems, read_items_file
from gateway.bank.places import Configuration, ToolRefused
from gateway.bank.preview_tables import show_preview, show_refusal, show_result
from gateway.bank.previewing import Preview, preview
from gateway.bank.result_view import ResultRefused, ResultView, result_view
from gateway.bank.sample import sample_items
from gateway.bank.shown import console, table


@dataclass(frozen=True, slots=True)
class Shown:
    """A preview, what intake said about given items, and the reading of a result where one was given."""

    made: Preview
    given: GivenItems | None
    result: ResultView | ResultRefused | None

    @property
    def ok(self) -> bool:
        """Whether the bank's result could be read."""
        return not isinstance(self.result, ResultRefused)

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        found = {} if self.given is None else {"findings": self.given.findings.drop("amount_fen").to_dicts()}
        return {**self.made.as_json(), **found, "result": self._result()}

    def _result(self) -> dict[str, Any] | None:
        if isinstance(self.result, ResultRefused):
            fault = self.result.refused
            place = {"line": fault.line, "field": fault.field_name, "clause": fault.clause}
            record = None if self.result.record is None else self.result.record.as_json()
            return {"refused": fault.what, **place, "record": record}
        return None if self.result is None else self.result.as_json()

    def show(self) -> None:
        """On the screen."""
        screen = console()
        show_preview(screen, self.made)
        if self.given is not None and self.given.findings.height:
            found = table("受理校验 · what intake says", "行 line", "字段 field", "代码 code", "级别 severity")
            for row in self.given.findings.select("line_no", "field", "code", "severity").iter_rows():
                found.add_row(*map(str, row))
            screen.print(found)
        if isinstance(self.result, ResultRefused):
            show_refusal(screen, self.made.profile, self.result)
        elif self.result is not None:
            show_result(screen, self.made.profile, self.result)

    def write(self, path: Path) -> None:
        """The exact bytes; raises ToolRefused where a file is there already."""
        try:
            with path.open("xb") as file:
                file.write(self.made.content)
        except OSError as fault:
            raise ToolRefused(f"{path} cannot be written: {fault.strerror}") from None


def run(
    configuration: Configuration,
    bank: str,
    day: date,
    *,
    items: Path | None,
    sample: int,
    details: int,
    result: Path | None,
) -> Shown:
    """Raises ToolRefused, ConfigurationRefused."""
    profile = _profile(configuration, bank, day)
    given = None if items is None else read_items_file(items, day)
    made = preview(profile, given.items if given else sample_items(profile, sample), day, details)
    return Shown(made, given, None if result is None else _read(configuration, profile, result))


def _profile(configuration: Configuration, bank: str, day: date) -> BankProfile:
    """The edition in force on ``day``, or the one that is named."""
    name, at, edition = bank.partition("@")
    editions = configuration.editions(name)
    if not at:
        return editions.on(day)
    try:
        return editions.named(edition)
    except LookupError as unknown:
        raise ToolRefused(str(unknown)) from None


def _read(configuration: Configuration, profile: BankProfile, path: Path) -> ResultView | ResultRefused:
    codes = CodeTable.read(code_table_path(configuration.banks, profile))
    try:
        return result_view(profile, codes, path)
    except ResultRefused as refused:
        return refused
