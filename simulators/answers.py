"""What a simulated bank will say about one instruction, and when: planned at once, the same for the same script.

An answer is wire-neutral; the file bank writes it as one file part, the message bank shows it from then on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from simulators.matching import decide, effects_on, seeded_hash
from simulators.script import (
    Action,
    ContradictResult,
    DelayResult,
    DuplicateResult,
    Effect,
    Failed,
    ProcessingThenPaid,
    ReorderRows,
    ReturnedLate,
    Script,
    Silent,
    SplitResult,
    SpoilResult,
)


class Status(StrEnum):
    """What the bank says about an item."""

    PAID = "PAID"
    FAILED = "FAILED"
    PROCESSING = "PROCESSING"
    RETURNED = "RETURNED"


class Kind(StrEnum):
    """What a message speaks of."""

    RESULT = "R"  # 结果
    RETURN = "B"  # 退汇


ANSWER_SCHEMA: Final[dict[str, pl.DataType]] = {
    "reference": pl.String(),
    "account": pl.String(),
    "amount_fen": pl.Int64(),
    "status": pl.String(),  # Status
    "reason": pl.String(),  # the bank's code; null when none
    "text": pl.String(),  # null when none
    "serial": pl.String(),  # 银行流水号
    "settled_on": pl.Date(),  # null unless paid or returned
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One thing the bank says ``after_ms`` from receipt; ``how`` names the damage done to it, if any."""

    after_ms: int
    kind: Kind
    part: int  # from 1, by kind; the same number again means the same file name
    rows: pl.DataFrame  # ANSWER_SCHEMA
    how: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """All that follows from one instruction."""

    effects: tuple[Effect, ...]
    credited: npt.NDArray[np.bool_]  # per item, what the bank's books will hold
    answers: tuple[Answer, ...]


_SILENT: Final = {"status": Status.PROCESSING.value}
E_co = TypeVar("E_co", bound=Effect)


def of_type(effects: Iterable[Effect], wanted: type[E_co]) -> list[E_co]:
    """The effects of one type, in order."""
    return [effect for effect in effects if isinstance(effect, wanted)]


def plan(
    script: Script, message_id: str, nth: int, items: pl.DataFrame, settled_on: date, turned_code: str = "0004"
) -> Plan:
    """What will be said about ``items`` (reference, account, name, amount_fen), a pure function of its arguments.

    ``turned_code`` is the bank's code for a paid row that is said failed where the script names none.
    """
    chosen, effects = decide(script, items), effects_on(script, message_id, nth)
    start = sum(round(effect.seconds * 1000) for effect in of_type(effects, DelayResult))
    first = _first_rows(script.actions, items, chosen, settled_on)
    if of_type(effects, ReorderRows):
        first = first[np.argsort(seeded_hash(script.seed, first["reference"]), kind="stable")]
    answers = _split(first, effects, start)
    answers = _spoil(answers, effects, turned_code)
    answers += _duplicates(answers, effects)
    answers += _contradictions(first, effects, start)
    answers += _later(script.actions, items, chosen, settled_on, start)
    numbered = _number_parts(sorted(answers, key=lambda answer: answer.after_ms))
    credited = np.array(
        [not isinstance(a, Failed) and not (isinstance(a, Silent) and not a.credited) for a in script.actions]
    )
    return Plan(effects, credited[chosen], numbered)


def _first_word(action: Action) -> tuple[str | None, str | None, str | None]:
    """(status, reason, text) of the first answer; status None where there is none."""
    if isinstance(action, Silent):
        return None, None, None
    if isinstance(action, Failed):
        return Status.FAILED, action.code, action.text or None
    return (Status.PROCESSING if isinstance(action, ProcessingThenPaid) else Status.PAID), None, None


def _rows(items: pl.DataFrame, words: pl.DataFrame, settled_on: date) -> pl.DataFrame:
    settled = (
        pl.when(pl.col("status").is_in([Status.PAID, Status.RETURNED])).then(pl.lit(settled_on)).alias("settled_on")
    )
    serial = pl.concat_str(pl.lit("92"), pl.col("reference")).alias("serial")
    rows = items.select("reference", "account", "amount_fen").hstack(words).with_columns(settled, serial)
    return rows.select(pl.col(name).cast(kind) for name, kind in ANSWER_SCHEMA.items())


def _first_rows(
    actions: tuple[Action, ...], items: pl.DataFrame, chosen: npt.NDArray[np.int16], settled_on: date
) -> pl.DataFrame:
    schema = {"status": pl.String, "reason": pl.String, "text": pl.String}
    table = pl.DataFrame([_first_word(action) for action in actions], schema=schema, orient="row")
    return _rows(items, table[chosen], settled_on).filter(pl.col("status").is_not_null())


def _split(first: pl.DataFrame, effects: Iterable[Effect], start: int) -> list[Answer]:
    if first.is_empty():
        return []
    split = next(iter(of_type(effects, SplitResult)), SplitResult(do="split-result", parts=2))
    parts = split.parts if of_type(effects, SplitResult) else 1
    size = -(-first.height // parts)
    step = round(split.every_seconds * 1000)
    return [
        Answer(start + step * number, Kind.RESULT, number + 1, piece)
        for number, piece in enumerate(first.iter_slices(size))
    ]


def _spoil(answers: list[Answer], effects: Iterable[Effect], turned_code: str) -> list[Answer]:
    """The first answer damaged, and its repair, if the script gives one, as an answer of its own."""
    for effect in of_type(effects, SpoilResult)[:1] if answers else []:
        right, rest = answers[0], answers[1:]
        wait = round((effect.repair_after or 0) * 1000)
        if effect.how == "other-content-same-name":
            rows = _turned(right.rows, 1, turned_code)
            other = replace(right, after_ms=right.after_ms + wait, rows=rows, how="same-name")
            return [right, other, *rest]
        wrong = replace(right, rows=_wrong_rows(right.rows, effect.how), how=effect.how)
        same_name = effect.how in ("truncated", "dropped")
        repaired = replace(right, after_ms=right.after_ms + wait, part=1 if same_name else 0)
        return [wrong, *([] if effect.repair_after is None else [repaired]), *rest]
    return answers


def _wrong_rows(rows: pl.DataFrame, how: str) -> pl.DataFrame:
    is_first = pl.int_range(pl.len()) == 0
    if how == "wrong-amount":
        return rows.with_columns(pl.when(is_first).then(pl.col("amount_fen") + 1).otherwise(pl.col("amount_fen")))
    if how == "unknown-item":
        nobody = pl.concat_str(pl.col("reference").str.slice(0, 12), pl.lit("99999999"))
        return rows.with_columns(pl.when(is_first).then(nobody).otherwise(pl.col("reference")).alias("reference"))
    return rows.head(-(-rows.height // 2)) if how == "partial" else rows


def _duplicates(answers: list[Answer], effects: Iterable[Effect]) -> list[Answer]:
    return [
        replace(
            answer,
            after_ms=answer.after_ms + round(effect.seconds * 1000),
            part=answer.part if effect.under == "same-name" else 0,
        )
        for effect in of_type(effects, DuplicateResult)
        for answer in answers
        if answer.how is None
    ]


def _turned(rows: pl.DataFrame, count: int, code: str) -> pl.DataFrame:
    """The first ``count`` rows the other way round: paid as failed under ``code``, failed as paid."""
    paid, early = pl.col("status") == Status.PAID, pl.int_range(pl.len()) < count
    status = pl.when(paid).then(pl.lit(Status.FAILED.value)).otherwise(pl.lit(Status.PAID.value))
    return rows.with_columns(
        status=pl.when(early).then(status).otherwise(pl.col("status")),
        reason=pl.when(early).then(pl.when(paid).then(pl.lit(code))).otherwise(pl.col("reason")),
        text=pl.when(early).then(None).otherwise(pl.col("text")),
    )


def _contradictions(first: pl.DataFrame, effects: Iterable[Effect], start: int) -> list[Answer]:
    sayable = first.filter(pl.col("status").is_in([Status.PAID, Status.FAILED]))
    return [
        Answer(
            start + round(effect.seconds * 1000),
            Kind.RESULT,
            0,
            _turned(sayable.head(effect.rows), effect.rows, effect.code),
        )
        for effect in of_type(effects, ContradictResult)
        if not sayable.is_empty()
    ]


def _later(
    actions: tuple[Action, ...], items: pl.DataFrame, chosen: npt.NDArray[np.int16], settled_on: date, start: int
) -> list[Answer]:
    answers = []
    for number, action in enumerate(actions):
        if not isinstance(action, ProcessingThenPaid | ReturnedLate):
            continue
        of_action = items.filter(pl.Series(chosen == number))
        if of_action.is_empty():
            continue
        back = isinstance(action, ReturnedLate)
        words = pl.DataFrame({"status": [Status.RETURNED if back else Status.PAID]})
        words = words.with_columns(reason=pl.lit(_code(action)), text=pl.lit(_text(action)))
        rows = _rows(of_action, words[np.zeros(of_action.height, dtype=np.int64)], settled_on)
        answers.append(Answer(start + round(action.seconds * 1000), Kind.RETURN if back else Kind.RESULT, 0, rows))
    return answers


def standing(items: pl.DataFrame, answers: tuple[Answer, ...]) -> pl.DataFrame:
    """Every item with the last thing said about it; PROCESSING, as ``ANSWER_SCHEMA``, where nothing was said yet.

    A damaged answer counts only while it is the last one, a partial one for what it says.
    """
    silent = items.select(
        pl.col(name) if name in items.columns else pl.lit(_SILENT.get(name), dtype=kind).alias(name)
        for name, kind in ANSWER_SCHEMA.items()
    )
    said = [answer.rows for answer in answers[:-1] if answer.how in (None, "same-name", "partial")]
    said += [answer.rows for answer in answers[-1:]]
    return pl.concat([silent, *said]).unique("reference", keep="last", maintain_order=True)


def _code(action: Action) -> str | None:
    return action.code if isinstance(action, ReturnedLate) else None


def _text(action: Action) -> str | None:
    return (action.text or None) if isinstance(action, ReturnedLate) else None


def _number_parts(answers: list[Answer]) -> tuple[Answer, ...]:
    """Part 0 takes the next free number of its kind; numbers already given stay."""
    highest = {kind: max([a.part for a in answers if a.kind is kind], default=0) for kind in Kind}
    numbered = []
    for answer in answers:
        if answer.part == 0:
            highest[answer.kind] += 1
            answer = replace(answer, part=highest[answer.kind])
        numbered.append(answer)
    return tuple(numbered)


def each_under_its_own(answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
    """The same answers, none under the name of another: for a place that takes each name once."""
    given: set[tuple[Kind, int]] = set()
    numbered = []
    for answer in answers:
        taken = (answer.kind, answer.part) in given
        numbered.append(replace(answer, part=0) if taken else answer)
        given.add((answer.kind, answer.part))
    return _number_parts(numbered)
