"""The agenda and the ledger: nothing is credited twice under one id, and what is held waits."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from simulators.agenda import Agenda
from simulators.ledger import AlreadyBooked, Ledger


def rows(*references: str, credited: bool = True) -> pl.DataFrame:
    return pl.DataFrame(
        {"reference": references, "amount_fen": [100] * len(references), "credited": [credited] * len(references)}
    )


def test_one_id_is_credited_once_also_after_a_restart(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    assert [ledger.notice("M1"), ledger.notice("M2"), ledger.notice("M1")] == [1, 2, 1]
    ledger.book("M1", "digest", rows("A", "B"))
    for books in (ledger, Ledger(tmp_path)):
        with pytest.raises(AlreadyBooked) as same:
            books.book("M1", "digest", rows("A", "B"))
        with pytest.raises(AlreadyBooked) as other:
            books.book("M1", "other", rows("C"))
        assert (same.value.same_content, other.value.same_content) == (True, False)
        report = books.report()
        assert (report.instructions_seen, report.instructions, report.credited, report.credited_fen) == (2, 1, 2, 200)
        assert books.notice("M2") == 2


def test_the_same_item_in_two_instructions_is_shown_as_paid_twice() -> None:
    ledger = Ledger()
    ledger.book("M1", "1", rows("A", "B"))
    ledger.book("M2", "2", rows("A", "C", credited=False))
    assert ledger.report().duplicates_paid == 0
    ledger.book("M3", "3", rows("A"))
    ledger.give_back("T1", rows("B"))
    ledger.give_back("T1", rows("B"))
    report = ledger.report()
    assert (report.duplicates_paid, report.returned, report.refused) == (1, 1, 2)
    assert ledger.items().rows() == [("A", 2, 200, 0), ("B", 1, 100, 1), ("C", 0, 0, 0)]


def test_held_effects_wait_and_others_do_not() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.add(20, "result")
    agenda.add(10, "acknowledgement", holdable=False)
    agenda.add(20, "second result")
    agenda.held = True
    assert agenda.take_due(5) == []
    assert agenda.take_due(30) == ["acknowledgement"]
    assert (agenda.pending(), agenda.prepared(30), agenda.prepared(19)) == (2, 2, 0)
    agenda.held = False
    assert agenda.take_due(30) == ["result", "second result"]
    assert agenda.pending() == 0
