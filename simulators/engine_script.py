"""What a script means at one bank (剧本检查): canonical reasons become the bank's codes, the unplayable is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import polars as pl

from messages.layout.errors import CannotWrite
from simulators.answers import ANSWER_SCHEMA, Kind, Status
from simulators.bank_contract import Codec, Order, Totalling
from simulators.declaration import Wire
from simulators.script import (
    Action,
    ContradictResult,
    DropAcknowledgement,
    DuplicateResult,
    Effect,
    Failed,
    FileRule,
    LoseReply,
    RefuseFile,
    ReturnedLate,
    Rule,
    Script,
    SpoilResult,
)
from simulators.words import Words

_DAY: Final = date(2026, 1, 5)
_MESSAGE: Final = "TRIALTRIAL12F0001"
_REFERENCE: Final = "TRIALTRIAL1200000001"


class Unplayable(ValueError):
    """A script that this bank cannot play; says which word of it, and why."""


def translated(script: Script, words: Words) -> Script:
    """The script with the bank's own codes where it gives canonical reasons; raises WordsMissing."""
    rules = tuple(Rule(match=rule.match, action=_action(rule.action, words)) for rule in script.rules)
    files = tuple(
        FileRule(match=rule.match, effects=tuple(_effect(effect, words) for effect in rule.effects))
        for rule in script.files
    )
    return script.model_copy(update={"default": _action(script.default, words), "rules": rules, "files": files})


def _action(action: Action, words: Words) -> Action:
    if not isinstance(action, Failed | ReturnedLate):
        return action
    status = Status.FAILED if isinstance(action, Failed) else Status.RETURNED
    code, text = words.code_for(action.code, status)
    return action.model_copy(update={"code": code, "text": action.text or text})


def _effect(effect: Effect, words: Words) -> Effect:
    if isinstance(effect, RefuseFile):
        code, text = words.code_for(effect.code, None)
        return effect.model_copy(update={"code": code, "text": effect.text or text})
    if isinstance(effect, ContradictResult):
        return effect.model_copy(update={"code": words.code_for(effect.code, Status.FAILED)[0]})
    return effect


def check(script: Script, codec: Codec, wire: Wire) -> None:
    """Raise Unplayable for what this bank's format or wire cannot show; ``script`` is translated already."""
    for effect in _effects(script):
        why = _unfit(effect, codec, wire)
        if why is not None:
            raise Unplayable(why)
    for status, code, text in _words(script):
        _try(codec, status, code, text)
    for effect in _effects(script):
        if isinstance(effect, RefuseFile):
            _try(codec, None, effect.code, effect.text)


def _effects(script: Script) -> Iterator[Effect]:
    return (effect for rule in script.files for effect in rule.effects)


def _unfit(effect: Effect, codec: Codec, wire: Wire) -> str | None:
    if wire.by_files and isinstance(effect, LoseReply):
        return "lose-reply: files are not replied to; use drop-acknowledgement or go-offline"
    if not wire.by_files and isinstance(effect, DropAcknowledgement):
        return "drop-acknowledgement: messages are replied to at once; use lose-reply"
    if isinstance(effect, DuplicateResult) and effect.under == "same-name" and wire.pushes:
        return "duplicate-result: pushed messages have no names; use under: another-part"
    if isinstance(effect, SpoilResult) and effect.how == "wrong-total" and not isinstance(codec, Totalling):
        return "wrong-total: a result of this bank carries no totals"
    return None


def _words(script: Script) -> Iterator[tuple[Status, str, str]]:
    for action in script.actions:
        if isinstance(action, Failed | ReturnedLate):
            yield (Status.FAILED if isinstance(action, Failed) else Status.RETURNED), action.code, action.text
    for effect in _effects(script):
        if isinstance(effect, ContradictResult):
            yield Status.FAILED, effect.code, ""


def _try(codec: Codec, status: Status | None, code: str, text: str) -> None:
    """Write the word once, so that one that does not fit is refused before it is needed."""
    try:
        if status is None:
            codec.acknowledgement(_MESSAGE, _DAY, code, text)
            return
        row = (_REFERENCE, "6217000000000000001", 100, status, code, text or None, f"92{_REFERENCE}", None)
        rows = pl.DataFrame([row], schema=ANSWER_SCHEMA, orient="row")
        items = rows.select("reference", "account", pl.lit("张三").alias("name"), "amount_fen")
        codec.result(Order(_MESSAGE, _DAY, items), Kind.RETURN if status is Status.RETURNED else Kind.RESULT, 1, rows)
    except (CannotWrite, ValueError) as unfit:
        raise Unplayable(f"code {code!r}, text {text!r}: this bank's messages cannot say it: {unfit}") from None
