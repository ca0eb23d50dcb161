"""The life of an item (补贴明细的生命周期), as one table.

Everything that decides a state is here. ``TRANSITIONS`` is the source: the documentation's diagram,
the columnar step used on the bulk path and the tests over every (state, event) pair are made from it.
Rules: architecture, money rules 1-3. A contradiction never lets the last word win: the item becomes
DISPUTED, which counts as unknown money until a person or a statement settles it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt


class ItemState(IntEnum):
    """Where an item stands; the number is what the state column stores, so it never changes meaning."""

    READY = 1  # 已校验: checked, no instruction yet
    INSTRUCTED = 2  # 已生成指令: the instruction's bytes are durable, nothing has left
    SENT = 3  # 已发送: delivered to the bank
    ACCEPTED = 4  # 银行已受理
    UNKNOWN = 5  # 未知: may have left, only the bank can tell
    PAID = 6  # 发放成功
    FAILED = 7  # 发放失败
    RETURNED = 8  # 退汇: paid, and came back
    DISPUTED = 9  # 结果矛盾: the bank said two things that cannot both be true


class ItemEvent(IntEnum):
    """What happened to an item."""

    BUILT = 1  # its instruction file is durable
    DELIVERED = 2  # the transport confirmed delivery
    DOUBTED = 3  # the transport cannot say whether it arrived
    ABSENT = 4  # the bank states that it never received it, or nothing provably left
    ACCEPTED = 5
    PAID = 6
    FAILED = 7
    RETURNED = 8
    UNCLEAR = 9  # the bank answered, with a status that we cannot read


S, E = ItemState, ItemEvent

TRANSITIONS: Final[dict[ItemState, dict[ItemEvent, ItemState]]] = {
    S.READY: {E.BUILT: S.INSTRUCTED},
    S.INSTRUCTED: {
        E.BUILT: S.INSTRUCTED,
        E.DELIVERED: S.SENT,
        E.DOUBTED: S.UNKNOWN,
        E.ABSENT: S.INSTRUCTED,
        E.ACCEPTED: S.ACCEPTED,
        E.PAID: S.PAID,
        E.FAILED: S.FAILED,
        E.RETURNED: S.RETURNED,
        E.UNCLEAR: S.UNKNOWN,
    },
    S.SENT: {
        E.DELIVERED: S.SENT,
        E.DOUBTED: S.UNKNOWN,
        E.ABSENT: S.INSTRUCTED,
        E.ACCEPTED: S.ACCEPTED,
        E.PAID: S.PAID,
        E.FAILED: S.FAILED,
        E.RETURNED: S.RETURNED,
        E.UNCLEAR: S.UNKNOWN,
    },
    S.ACCEPTED: {
        E.DELIVERED: S.ACCEPTED,
        E.DOUBTED: S.ACCEPTED,
        E.ABSENT: S.DISPUTED,
        E.ACCEPTED: S.ACCEPTED,
        E.PAID: S.PAID,
        E.FAILED: S.FAILED,
        E.RETURNED: S.RETURNED,
        E.UNCLEAR: S.UNKNOWN,
    },
    S.UNKNOWN: {
        E.DELIVERED: S.UNKNOWN,
        E.DOUBTED: S.UNKNOWN,
        E.ABSENT: S.INSTRUCTED,
        E.ACCEPTED: S.ACCEPTED,
        E.PAID: S.PAID,
        E.FAILED: S.FAILED,
        E.RETURNED: S.RETURNED,
        E.UNCLEAR: S.UNKNOWN,
    },
    S.PAID: {
        E.DELIVERED: S.PAID,
        E.DOUBTED: S.PAID,
        E.ABSENT: S.DISPUTED,
        E.ACCEPTED: S.PAID,
        E.PAID: S.PAID,
        E.FAILED: S.DISPUTED,
        E.RETURNED: S.RETURNED,
        E.UNCLEAR: S.PAID,
    },
    S.FAILED: {
        E.DELIVERED: S.FAILED,
        E.DOUBTED: S.FAILED,
        E.ABSENT: S.FAILED,
        E.ACCEPTED: S.FAILED,
        E.PAID: S.DISPUTED,
        E.FAILED: S.FAILED,
        E.RETURNED: S.DISPUTED,
        E.UNCLEAR: S.FAILED,
    },
    S.RETURNED: {
        E.DELIVERED: S.RETURNED,
        E.DOUBTED: S.RETURNED,
        E.ABSENT: S.DISPUTED,
        E.ACCEPTED: S.RETURNED,
        E.PAID: S.RETURNED,  # the payment's own result, overtaken by its return
        E.FAILED: S.DISPUTED,
        E.RETURNED: S.RETURNED,
        E.UNCLEAR: S.RETURNED,
    },
    S.DISPUTED: {event: S.DISPUTED for event in E if event is not E.BUILT},
}
"""state -> event -> next state. A pair that is missing is impossible: a fault of ours, never of a bank."""

IN_FLIGHT: Final = frozenset({S.READY, S.INSTRUCTED, S.SENT, S.ACCEPTED})
UNRESOLVED: Final = frozenset({S.UNKNOWN, S.DISPUTED})
FINAL: Final = frozenset({S.PAID, S.FAILED, S.RETURNED})
STATE_COUNT: Final = max(ItemState) + 1


class ImpossibleTransition(Exception):
    """An event reached a state that it cannot reach: our own mistake, so nothing is committed."""


def _compile() -> npt.NDArray[np.uint8]:
    table = np.zeros((STATE_COUNT, max(ItemEvent) + 1), dtype=np.uint8)
    for state, row in TRANSITIONS.items():
        for event, target in row.items():
            table[state, event] = target
    return table


_TABLE: Final = _compile()


def advance(states: npt.NDArray[np.uint8], events: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The next state of each item, whole columns at once.

    ``states`` and ``events`` have the same length; raises ImpossibleTransition and changes nothing.
    """
    after = _TABLE[states, events]
    wrong = np.flatnonzero(after == 0)
    if wrong.size:
        row = int(wrong[0])
        raise ImpossibleTransition(f"state {int(states[row])} cannot take event {int(events[row])} (row {row})")
    return after
