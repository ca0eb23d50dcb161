"""Seeds of one bank: the golden files of its family, and messages of both sides with the planted person in them."""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from adapters.contract import Inquirer, Question
from adapters.envelopes.contract import Outer
from fuzzing.marker import NAME
from fuzzing.world import AT, GOLDEN, MESSAGE_ID, TODAY, Family, family, items
from messages.outcome import Reason
from simulators.answers import ANSWER_SCHEMA, Kind, Status
from simulators.bank_contract import Order
from simulators.words import WordsMissing

_FOLDERS: Final = {"city-iso": "iso20022"}
_BYTES: Final = (".xml", ".json", ".form", ".txt", ".message")
_REASONS: Final = {Status.FAILED: "ACCT_NOT_FOUND", Status.RETURNED: "ACCT_CLOSED"}


@cache
def golden(folder: str, *suffixes: str) -> tuple[bytes, ...]:
    """The files of ``tests/golden/<folder>`` that are messages."""
    wanted = suffixes or _BYTES
    return tuple(path.read_bytes() for path in sorted((GOLDEN / folder).iterdir()) if path.suffix in wanted)


def golden_of(bank: str) -> tuple[bytes, ...]:
    """The golden files of the bank's family."""
    return golden(_FOLDERS.get(bank, bank.replace("-", "_")))


@cache
def order_of(bank: str) -> tuple[bytes, Order]:
    """An instruction, and what the bank read in it."""
    one = family(bank)
    built = one.built(items(bank))
    order = one.codec.read(built)
    assert isinstance(order, Order)
    return built, order


@cache
def said(bank: str, *, returned: bool = False) -> bytes:
    """A result of one row of each kind, or a message of what came back; the words of a failure name a person."""
    one, order = family(bank), order_of(bank)[1]
    states = [Status.RETURNED] * 3 if returned else [Status.PAID, Status.FAILED, Status.PROCESSING]
    rows = (
        items(bank)
        .select("reference", "account", "amount_fen")
        .with_columns(
            pl.Series("status", [state.value for state in states]),
            pl.Series("reason", [_code(one, state) for state in states], dtype=pl.String),
            pl.Series("text", [_text(state) for state in states], dtype=pl.String),
            pl.concat_str(pl.lit("92"), pl.col("reference")).alias("serial"),
            pl.Series(
                "settled_on", [None if state in (Status.FAILED, Status.PROCESSING) else TODAY for state in states]
            ),
        )
    )
    kind = Kind.RETURN if returned else Kind.RESULT
    return one.codec.result(order, kind, 1, rows.select(pl.col(name).cast(to) for name, to in ANSWER_SCHEMA.items()))


def _text(state: Status) -> str | None:
    return f"户名不符{NAME}" if state in _REASONS else None


def _code(one: Family, state: Status) -> str | None:
    try:
        return one.words.code_for(_REASONS[state], state)[0] if state in _REASONS else None
    except WordsMissing:
        return None


@cache
def from_bank(bank: str) -> tuple[bytes, ...]:
    """Everything that the bank may send, before its envelope."""
    one = family(bank)
    code = one.words.refusal(Reason.FORMAT)
    heads = [one.codec.acknowledgement(MESSAGE_ID, TODAY, told, "格式错误" if told else "") for told in (None, code)]
    absent = [] if one.profile.by_files else [one.codec.absent(MESSAGE_ID, TODAY)]
    return (said(bank), said(bank, returned=True), *(head for head in heads if head is not None), *absent)


@cache
def from_gateway(bank: str) -> tuple[bytes, ...]:
    """Everything that we send, before its envelope."""
    one = family(bank)
    if not isinstance(one.dialect, Inquirer) or one.profile.inquiry.by != "message":
        return (order_of(bank)[0],)
    question = Question("7K2M9P4QX8RTF0001ABCDEFG00", MESSAGE_ID, AT, TODAY, "5300990000000000")
    return (order_of(bank)[0], one.dialect.inquiry(one.profile, question))


def sealed_by_bank(bank: str) -> list[bytes]:
    """What the bank may send, in its envelope."""
    return [family(bank).seal.close(MESSAGE_ID, body, None)[0] for body in from_bank(bank)]


def sealed_by_us(bank: str) -> list[bytes]:
    """What we send, in the bank's envelope."""
    one = family(bank)
    if one.envelope is None:
        return list(from_gateway(bank))
    outer = Outer(MESSAGE_ID, "instruction", AT)
    return [one.envelope.seal(one.profile, outer, body, one.keys)[0] for body in from_gateway(bank)]
