"""Who is at the keyboard (操作员身份): whoever can sign with a key that the keystore knows as an operator's."""

from __future__ import annotations

import getpass
import os
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crypto.contract import KeyUnusable
from crypto.key_entry import KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import Algorithm
from crypto.keystore import Keystore
from crypto.schemes import ed25519
from gateway.core.authority import Actor, Role
from gateway.keys.asking import ask_passphrase
from gateway.keys.operator_files import fingerprint, read_operator_key
from gateway.keys.refusals import Unfit
from gateway.settings import Settings

PASSPHRASE_FILE: Final = "GATEWAY_OPERATOR_PASSPHRASE_FILE"  # noqa: S105 - where one is, no password
_ALIAS: Final = re.compile(r"operator-(?P<name>[a-z][a-z0-9-]{0,39})-verify")


def operator_alias(name: str) -> str:
    """The keystore alias of an operator's public keys; raises Unfit."""
    alias = f"operator-{name}-verify"
    if not _ALIAS.fullmatch(alias):
        raise Unfit(
            "操作员名由小写字母、数字和 - 组成，字母开头，至多 40 位。",
            "an operator's name has small letters, digits and '-', begins with a letter, 40 at most",
        )
    return alias


def operators(keys: Keystore) -> Iterator[tuple[str, KeyEntry]]:
    """Every operator's keys, whatever state they are in."""
    for entry in keys.entries():
        match = _ALIAS.fullmatch(entry.alias)
        expected = (Purpose.VERIFY, Algorithm.ED25519, Owner.COUNTERPARTY)
        if match and (entry.purpose, entry.algorithm, entry.owner) == expected:
            yield match["name"], entry


def custodians(keys: Keystore, settings: Settings) -> set[str]:
    """The operators who may change keys, as settings say, and who have an active key to prove themselves with."""
    holders = {name for name, operator in settings.operators.items() if Role.KEY_CUSTODIAN in operator.roles}
    return {name for name, entry in operators(keys) if entry.state is KeyState.ACTIVE} & holders


def prove(keys: Keystore, settings: Settings, key_file: Path | None, deed: str) -> Actor:
    """The operator who can open the key file and sign ``deed`` with what is in it; raises Unfit, KeyUnusable."""
    if key_file is None:
        raise Unfit(
            "须证明操作员身份：--as-operator 密钥文件，或设环境变量 GATEWAY_OPERATOR_KEY。",
            "say who you are: --as-operator KEY-FILE, or GATEWAY_OPERATOR_KEY in the environment "
            "(gateway operators new-key makes a key, gateway operators enroll registers it)",
        )
    key = read_operator_key(key_file, ask_passphrase(f"{key_file} 口令 passphrase", PASSPHRASE_FILE))
    public = ed25519.public_to_pem(key.public_key())
    name, known = _owner_of(keys, public)
    _require_possession(key, known, deed)
    configured = settings.operators.get(name)
    if configured is None:
        raise Unfit(
            f"设置中没有操作员 {name}：请添加 [operators.{name}] 及其 roles。",
            f'the settings name no operator {name}: add [operators.{name}] with roles = ["key-custodian"]',
        )
    return Actor(name, frozenset(configured.roles), tuple(configured.scopes), origin(), fingerprint(public))


def origin() -> str:
    """Where from: the user and terminal of this machine."""
    try:
        terminal = os.ttyname(sys.stdin.fileno()).removeprefix("/dev/")
    except (OSError, ValueError, AttributeError):
        terminal = "no-tty"
    return f"local:{_plain(getpass.getuser())}@{terminal}"


def newcomer(name: str) -> Actor:
    """Who enrolls while there are not two custodians yet: nobody can prove anything, so the machine's user is told."""
    return Actor(name, frozenset({Role.KEY_CUSTODIAN}), (), origin(), "")


def _owner_of(keys: Keystore, public: str) -> tuple[str, Ed25519PublicKey]:
    mine = fingerprint(public)
    for name in sorted({name for name, _ in operators(keys)}):
        try:
            usable = keys.ed25519_public(operator_alias(name))
        except KeyUnusable:
            continue
        for known in usable.values():
            if fingerprint(ed25519.public_to_pem(known)) == mine:
                return name, known
    raise Unfit(
        f"密钥 {mine} 不是任何操作员当前可用的密钥。",
        f"the key {mine} is not a usable key of any operator: gateway operators list shows who is enrolled",
    )


def _require_possession(key: Ed25519PrivateKey, known: Ed25519PublicKey, deed: str) -> None:
    """The deed itself is signed, with something fresh, and verified by what the keystore holds, not by the file."""
    statement = f"gateway-operator-deed-1\n{secrets.token_hex(16)}\n{deed}".encode()
    try:
        known.verify(key.sign(statement), statement)
    except InvalidSignature:
        raise Unfit("密钥与登记的公钥不符。", "the key does not belong to the enrolled public half") from None


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:40]
