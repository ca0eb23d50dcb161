"""`gateway bank new` (新增银行): a profile, a layout and a code table from a template, never over what is there."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

from gateway.bank.placeholders import MARK, unfilled
from gateway.bank.places import Configuration, ToolRefused
from messages.checks.bank_code import is_bank_code
from messages.layout.positions import Problem

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{1,39}", re.ASCII)
_SSH_KEY: Final = re.compile(r"[a-z0-9-]+ AAAA[A-Za-z0-9+/=]+( [^\s\"']+)?", re.ASCII)
_HOST: Final = re.compile(r"[A-Za-z0-9.:-]{1,253}", re.ASCII)
_TARGETS: Final = {
    "profile.yaml": ("banks", ".yaml"),
    "layout.yaml": ("layouts", ".yaml"),
    "codes.csv": ("codes", ".csv"),
}
_WANTED: Final = {
    "bank_code": "本行行号，12 位 · the bank's own 行号, 12 digits",
    "title": "银行名称 · the bank's name",
    "document": "接口文件名称与版本 · which document, which edition",
    "host": "银行主机地址 · the bank's host name",
    "ssh_key": "银行当面提供的 SSH 公钥 · the bank's SSH public key, handed over in person",
}


@dataclass(frozen=True, slots=True)
class Made:
    """The files of a new bank, and what is still to be filled in."""

    bank: str
    family: str
    files: tuple[Path, ...]
    unfilled: tuple[Problem, ...]


def families(configuration: Configuration) -> list[str]:
    """The names of the templates that there are."""
    return sorted(path.parent.name for path in (configuration.directory / "templates").glob("*/profile.yaml"))


def make(configuration: Configuration, bank: str, family: str, given: Mapping[str, str | None]) -> Made:
    """Write the files of ``bank``; ``given`` has the keys of what is asked for, null leaves a mark to fill in.

    Raises ToolRefused, and then nothing was written.
    """
    _refuse_wrong(configuration, bank, family, given)
    source = configuration.directory / "templates" / family
    words = {"bank": bank, **{name: _written(name, given.get(name)) for name in _WANTED}}
    texts: dict[Path, str] = {}
    for template, (directory, suffix) in _TARGETS.items():
        if (source / template).is_file():
            text = Template((source / template).read_text(encoding="utf-8")).substitute(words)
            texts[configuration.directory / directory / f"{bank}{suffix}"] = text
    there = [str(path) for path in texts if path.exists()]
    if there:
        raise ToolRefused(f"already there: {', '.join(there)}. Nothing was written: choose another name or edit them")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    return Made(bank, family, tuple(texts), tuple(unfilled(texts)))


def _refuse_wrong(configuration: Configuration, bank: str, family: str, given: Mapping[str, str | None]) -> None:
    if not _NAME.fullmatch(bank):
        raise ToolRefused(f"{bank!r} is no name for a bank: 2 to 40 small letters, digits and '-', a letter first")
    if family not in families(configuration):
        known = ", ".join(families(configuration)) or f"none in {configuration.directory / 'templates'}"
        raise ToolRefused(f"there is no family {family}; there are: {known}")
    code, host, key = (given.get(name) for name in ("bank_code", "host", "ssh_key"))
    if code is not None and not (code.isascii() and is_bank_code(code)):
        raise ToolRefused(f"{code!r} is no 行号: 12 digits, the last by ISO 7064 MOD 11,10; compare it with the bank's")
    if host is not None and not _HOST.fullmatch(host):
        raise ToolRefused(f"{host!r} is no host: give its name or address, and change the port in the profile")
    if key is not None and not _SSH_KEY.fullmatch(key):
        raise ToolRefused("the SSH key is not an OpenSSH public key: ssh-ed25519 AAAA...")


def _written(name: str, value: str | None) -> str:
    """As YAML text that cannot be anything else; a mark where nothing was given."""
    if value is None:
        return f'"{MARK} {_WANTED[name]}"' if name != "host" else f"{MARK} {_WANTED[name]}"
    return json.dumps(value, ensure_ascii=False) if name in {"title", "document", "ssh_key"} else value
