"""The calendar of expiries (到期日历): twelve months on one line a key, as `gateway keys status` draws it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from rich.console import Console
from rich.text import Text

from gateway.bank.shown import table
from gateway.keys.tables import left_text
from gateway.services.key_due import Ending

MONTHS: Final = 12
_CELLS: Final = 3  # a month is drawn as three thirds
_SOON, _VERY_SOON = 90, 30


def show_calendar(console: Console, endings: Sequence[Ending], today: date) -> None:
    """One line a key that ends: how long it lasts, where the warnings lie, and whether a successor is there."""
    made = table("到期日历 · expiries of the next 12 months", "密钥\nkey", _heading(today), "到期\nuntil", "剩余\ndays")
    made.columns[1].no_wrap = True
    for one in endings:
        name = Text.assemble((one.alias, "bold"), f"\n{one.key_id} ", (one.what, "dim"))
        if one.replaced:
            name.append(" ✓ 已有后继 successor", style="green")
        made.add_row(name, _line(one, today), str(one.last_day), left_text(one.last_day, today))
    console.print(made)


def months(today: date) -> list[date]:
    """The first days of this month and of the eleven after it."""
    places = (today.year * 12 + today.month - 1 + number for number in range(MONTHS))
    return [date(place // 12, place % 12 + 1, 1) for place in places]


def _heading(today: date) -> str:
    shown = [f"{first.month:02d}" for first in months(today)]
    years = "".join(
        f"{first.year}"[2:] + "'" if place == 0 or first.month == 1 else "   "
        for place, first in enumerate(months(today))
    )
    return years.rstrip() + "\n" + " ".join(shown)


def _line(one: Ending, today: date) -> Text:
    """Green far away, yellow from 90 and red from 30 days before the end, a cross on the third in which it lies."""
    line = Text()
    ended = False
    for first in months(today):
        for third in range(_CELLS):
            ends = _third_ends(first, third)
            if ended or ends < today:
                line.append("·" if ended else " ", style="dim")
            elif one.last_day <= ends:
                line.append("╳", style="bold red")
                ended = True
            else:
                left = (one.last_day - ends).days
                line.append("━", style="red" if left <= _VERY_SOON else "yellow" if left <= _SOON else "green")
    return line


def _third_ends(first: date, third: int) -> date:
    if third < _CELLS - 1:
        return first + timedelta(days=10 * (third + 1) - 1)
    return (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
