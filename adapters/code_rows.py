"""The rows of a code table file (对照表逐行读取): CSV to typed rows, every problem placed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from messages.layout.positions import ConfigurationRefused, Problem
from messages.outcome import Outcome, Reason, Remedy

FILE: Final = "file:"
ANY: Final = "*"
_NOT_PAID: Final = frozenset({Outcome.FAILED, Outcome.RETURNED})
_OCTETS_MAX: Final = 1_000_000

Value = TypeVar("Value")


def _none_if_empty(value: Value) -> Value | None:
    return None if value == "" else value


class CodeRow(BaseModel):
    """One line: what the bank writes, trimmed; ``reason_raw`` empty is any reason with that status."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status_raw: str = Field(min_length=1)
    reason_raw: str
    outcome: Outcome
    reason: Annotated[Reason | None, BeforeValidator(_none_if_empty)]
    remedy: Annotated[Remedy | None, BeforeValidator(_none_if_empty)]
    text_zh: str = Field(min_length=1)
    text_en: str = Field(min_length=1)
    source: str = Field(min_length=1)  # where the meaning comes from

    @model_validator(mode="after")
    def _says_why(self) -> CodeRow:
        if self.outcome in _NOT_PAID and (self.reason is None or self.remedy is None):
            raise ValueError(f"outcome {self.outcome} needs a reason and a remedy")
        if self.outcome not in _NOT_PAID and (self.reason is not None or self.remedy is not None):
            raise ValueError(f"outcome {self.outcome} has neither reason nor remedy")
        if self.status_raw == FILE + ANY and self.outcome is not Outcome.FAILED:
            raise ValueError("'any other file status' can only mean that the file was refused")
        if self.status_raw == ANY:
            raise ValueError("'any other status' has no meaning for an item: it stays UNKNOWN")
        return self


def read_code_rows(path: Path) -> list[CodeRow]:
    """The rows of the file at ``path``; raises ConfigurationRefused with all problems at once."""
    rows: list[CodeRow] = []
    problems: list[Problem] = []
    lines: dict[tuple[str, str], int] = {}
    for number, values in _lines(path):
        try:
            row = CodeRow.model_validate(values)
        except ValidationError as fault:
            problems += _problems(path, number, values, fault)
            continue
        first = lines.setdefault((row.status_raw, row.reason_raw), number)
        if first != number:
            key = f"{row.status_raw}/{row.reason_raw}"
            problems.append(
                Problem(str(path), number, 1, key, f"stands in line {first} already", "keep one of the two")
            )
        rows.append(row)
    if not rows and not problems:
        problems.append(Problem(str(path), 1, 1, "(document)", "has no codes", "add the bank's codes"))
    if problems:
        raise ConfigurationRefused(problems)
    return rows


def _lines(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    wanted = list(CodeRow.model_fields)
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        names = next(reader, [])
        if names != wanted:
            raise _refused(path, 1, f"the first line must be: {','.join(wanted)}", "correct it")
        for values in reader:
            if len(values) != len(wanted):
                what = f"has {len(values)} columns, not {len(wanted)}"
                raise _refused(path, reader.line_num, what, "quote a text that holds a comma")
            yield reader.line_num, {name: value.strip() for name, value in zip(wanted, values, strict=True)}
    except csv.Error as fault:
        raise _refused(path, reader.line_num, f"is not CSV ({fault})", "correct it") from None


def _text(path: Path) -> str:
    remedy = "give a UTF-8 text file of at most 1 MB"
    try:
        content = path.read_bytes()
        if len(content) > _OCTETS_MAX:
            raise _refused(path, 1, f"has {len(content)} octets", remedy)
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise _refused(path, 1, f"cannot be read ({type(fault).__name__})", remedy) from None


def _refused(path: Path, line: int, what: str, remedy: str) -> ConfigurationRefused:
    return ConfigurationRefused([Problem(str(path), line, 1, "(line)", what, remedy)])


def _problems(path: Path, line: int, values: dict[str, str], fault: ValidationError) -> Iterator[Problem]:
    """Each fault at the column where its value begins, counted without quotes."""
    names = list(CodeRow.model_fields)
    for detail in fault.errors(include_input=False, include_url=False):
        name = str(detail["loc"][0]) if detail["loc"] else names[0]
        column = 1 + sum(len(values[before]) + 1 for before in names[: names.index(name)])
        yield Problem(str(path), line, column, name, detail["msg"].removeprefix("Value error, "), "correct it")
