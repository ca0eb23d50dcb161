"""SMS notices (短信提醒): which are owed, how they are worded, how they are called in lots.

Sources: seed 001 三(六) (the province's template per project), 002 二(三) (policy name and amount, free
of charge), 000 三(十二) (item by item). A notice hangs on confirmed payment; money never hangs on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl


class NoticeState(IntEnum):
    """Where one notice stands; the number is stored, so it never changes meaning."""

    DUE = 0  # owed, not yet called
    CALLING = 1  # the call is durable, its answer is not: the provider is asked, never called blindly again
    TAKEN = 2  # the provider took it
    REFUSED = 3  # the provider refused it
    DELIVERED = 4
    UNDELIVERED = 5
    NO_MOBILE = 6  # the item has no mobile number


OPEN = frozenset({NoticeState.DUE, NoticeState.CALLING})
AWAITING_RECEIPT = frozenset({NoticeState.TAKEN})
RECEIPT_STATES = {
    "DELIVRD": NoticeState.DELIVERED,
    "UNDELIV": NoticeState.UNDELIVERED,
    "EXPIRED": NoticeState.UNDELIVERED,
    "REJECTD": NoticeState.UNDELIVERED,
}


@dataclass(frozen=True, slots=True)
class Template:
    """One SMS template of the province: the provider holds the text, we fill its named parameters."""

    code: str
    sign: str
    text: str  # with {policy} {amount} {date} {tail}: for the length check and for people
    longest: int = 500  # characters, sign included

    def words(self, policy: str, amount: str, day: str, tail: str) -> dict[str, str]:
        """The parameters of one notice, shortening nothing but an over-long policy name."""
        room = self.longest - len(self.sign) - len(self.text) - len(amount) - len(day) - len(tail)
        return {"policy": policy[: max(room, 10)], "amount": amount, "date": day, "tail": tail}


@dataclass(frozen=True, slots=True)
class Lot:
    """One call to the provider: positions into the notice block."""

    lot_id: str
    positions: npt.NDArray[np.intp]


def lots(message_prefix: str, states: npt.NDArray[np.uint8], size: int) -> Iterator[Lot]:
    """The lots that are still open; a lot's id and members depend only on its place in the block."""
    for number, start in enumerate(range(0, len(states), size)):
        positions = np.arange(start, min(start + size, len(states)))
        if np.isin(states[positions], list(OPEN)).any():
            yield Lot(f"{message_prefix}L{number:04d}", positions)


def yuan_text(amount_fen: pl.Expr) -> pl.Expr:
    """Fen as yuan with two decimals, by integer arithmetic only.

    >>> pl.DataFrame({"fen": [5, 123456]}).select(yuan_text(pl.col("fen"))).to_series().to_list()
    ['0.05', '1234.56']
    """
    cents = (amount_fen % 100).cast(pl.String).str.zfill(2)
    return pl.concat_str((amount_fen // 100).cast(pl.String), pl.lit("."), cents)


def yuan(amount_fen: int) -> str:
    """Fen as yuan with two decimals and thousands separators, for people.

    >>> yuan(123456789)
    '1,234,567.89'
    """
    whole, cents = divmod(amount_fen, 100)
    return f"{whole:,}.{cents:02d}"


def messages(items: pl.DataFrame, template: Template, policy: str, batch_ref: str) -> list[dict[str, Any]]:
    """The provider's messages for some items (columns item_no, mobile, account, amount_fen, paid_on)."""
    filled = items.select(
        pl.concat_str(pl.lit(batch_ref), pl.col("item_no").cast(pl.String).str.zfill(8)).alias("id"),
        pl.col("mobile"),
        yuan_text(pl.col("amount_fen")).alias("amount"),
        pl.col("paid_on").dt.strftime("%Y-%m-%d").alias("day"),
        pl.col("account").str.slice(-4).alias("tail"),
    )
    return [
        {
            "id": row["id"],
            "mobile": row["mobile"],
            "params": template.words(policy, row["amount"], row["day"], row["tail"]),
        }
        for row in filled.iter_rows(named=True)
    ]
