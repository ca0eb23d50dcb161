"""Which rule decides about which item: seeded, columnar, independent of order, time and file split."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from simulators.draws import Words, mix
from simulators.script import Effect, FileMatch, Match, Script

Mask = npt.NDArray[np.bool_]

_KEY_OCTETS: Final = 64
_SPAN: Final = 2**64


def seeded_hash(seed: int, texts: pl.Series, numbers: npt.NDArray[np.int64] | None = None) -> Words:
    """One 64-bit number per row from a text of at most 64 octets (and an integer); the same on every machine."""
    octets = texts.cast(pl.Binary)
    longest = octets.bin.size().max()
    if isinstance(longest, int) and longest > _KEY_OCTETS:
        raise ValueError(f"column {texts.name}: a key has more than {_KEY_OCTETS} octets")
    matrix = np.array(octets.to_list(), dtype=f"S{_KEY_OCTETS}").view("<u8").reshape(len(texts), _KEY_OCTETS // 8)
    state = mix(np.full(len(texts), seed, dtype=np.uint64))
    for column in range(matrix.shape[1]):
        state = mix(state ^ matrix[:, column])
    return state if numbers is None else mix(state ^ numbers.view(np.uint64))


def _within(draws: Words, low: Decimal, high: Decimal) -> Mask:
    """Draws in [low, high) of the whole range; exact integers, and 1 means all."""
    first, last = int(low * _SPAN), int(high * _SPAN) - 1
    return (draws >= np.uint64(first)) & (draws <= np.uint64(last))


def _exact(match: Match, items: pl.DataFrame) -> Mask:
    conditions = [
        pl.col(name) == value
        for name in ("account", "name", "amount_fen", "reference")
        if (value := getattr(match, name)) is not None
    ]
    if not conditions:
        return np.ones(items.height, dtype=np.bool_)
    hits: Mask = items.select(pl.all_horizontal(conditions).fill_null(False).alias("hit"))["hit"].to_numpy()
    return hits


def decide(script: Script, items: pl.DataFrame) -> npt.NDArray[np.int16]:
    """The number in ``script.actions`` for every item; ``items`` has reference, account, name, amount_fen."""
    chosen = np.full(items.height, -1, dtype=np.int16)
    draws = seeded_hash(script.seed, items["account"], items["amount_fen"].to_numpy())
    reached = Decimal(0)
    for number, rule in enumerate(script.rules):
        hits = _exact(rule.match, items)
        if rule.match.share is not None:
            hits = hits & _within(draws, reached, reached + rule.match.share)
            reached += rule.match.share
        chosen[hits & (chosen < 0)] = number
    chosen[chosen < 0] = len(script.rules)
    return chosen


def _strikes(script: Script, match: FileMatch, message_id: str, nth: int) -> bool:
    if match.share is not None:
        draw = seeded_hash(script.seed, pl.Series("message_id", [message_id]))
        if not _within(draw, Decimal(0), match.share)[0]:
            return False
    return (
        match.nth in (None, nth)
        and (match.first is None or nth <= match.first)
        and match.message_id in (None, message_id)
        and (match.ends_with is None or message_id.endswith(match.ends_with))
    )


def effects_on(script: Script, message_id: str, nth: int) -> tuple[Effect, ...]:
    """What the script does to one instruction file, the ``nth`` distinct one (from 1)."""
    return tuple(
        effect for rule in script.files if _strikes(script, rule.match, message_id, nth) for effect in rule.effects
    )
