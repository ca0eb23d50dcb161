"""What the key tools cannot do (拒绝说明): one shape for every reason, in both languages, and its exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import typer

from crypto.contract import KeyUnusable
from crypto.key_reasons import told
from gateway.core.authority import NotAllowed
from gateway.core.key_changes import ChangeRefused
from gateway.store.errors import StoreError

REFUSED: Final = 1
"""The rules, or what is in the files, do not allow it."""
CANNOT_BEGIN: Final = 2
"""The question is wrong, or something that is needed is not there."""


class Unfit(Exception):
    """A question, a file or a setting that the tools cannot work with; says what to do instead."""

    def __init__(self, zh: str, en: str):
        self.zh, self.en = zh, en
        super().__init__(en)


@dataclass(frozen=True, slots=True)
class Said:
    """One refusal as it is shown."""

    code: str
    zh: str
    en: str
    exit_code: int


def said(refused: Exception) -> Said:
    """How a refusal is shown; another kind of exception is raised again."""
    match refused:
        case Unfit():
            return Said("unfit", refused.zh, refused.en, CANNOT_BEGIN)
        case NotAllowed():
            return Said("not-allowed", refused.zh, refused.en, REFUSED)
        case ChangeRefused():
            return Said(refused.code, refused.zh, refused.en, REFUSED)
        case KeyUnusable():
            return Said(refused.reason.value, f"{told(refused.reason)[0]}。", str(refused), REFUSED)
        case StoreError():
            return Said("store", "存储不可用。", str(refused), CANNOT_BEGIN)
    raise refused


@contextmanager
def explained(as_json: bool) -> Iterator[None]:
    """What cannot be done ends the command with its reason and exit code."""
    try:
        yield
    except (Unfit, NotAllowed, ChangeRefused, KeyUnusable, StoreError) as refused:
        _show(said(refused), as_json)
        raise typer.Exit(said(refused).exit_code) from None


def _show(one: Said, as_json: bool) -> None:
    if as_json:
        print_json({"ok": False, "error": {"code": one.code, "zh": one.zh, "en": one.en}})
    else:
        typer.echo(f"{one.zh}\n{one.en}" if one.zh else one.en, err=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    import orjson

    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
