"""Asking at the terminal (口令与确认): on standard error, so that what a command says can be piped on."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from gateway.keys.refusals import Unfit

_LARGEST_FILE = 4096


def ask_passphrase(what: str, variable: str | None = None, *, new: bool = False) -> str:
    """The passphrase, from the file that the environment names or typed unseen; a new one is typed twice."""
    named = os.environ.get(variable) if variable else None
    if named:
        return read_passphrase(Path(named))
    return str(typer.prompt(what, hide_input=True, confirmation_prompt=new, err=True))


def read_passphrase(path: Path) -> str:
    """The first line of a file; raises Unfit."""
    try:
        text = path.read_bytes()[:_LARGEST_FILE].decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Unfit(f"无法读取口令文件 {path}。", f"the passphrase file {path} cannot be read") from None
    return text.splitlines()[0].strip() if text.strip() else ""


def require_confirmed(question: str, *, sure: bool) -> None:
    """Go on only after a yes; raises Unfit."""
    if not sure and not typer.confirm(question, err=True):
        raise Unfit("未确认，未做任何更改。", "not confirmed: nothing was changed")


def require_typed(question: str, expected: str, given: str | None) -> None:
    """Go on only if the person has typed exactly this; raises Unfit."""
    typed = given if given is not None else typer.prompt(question, err=True)
    if str(typed).strip() != expected:
        raise Unfit("输入不符，未做任何更改。", "that is not it: nothing was changed")
