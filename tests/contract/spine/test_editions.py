"""A bank's profile over time: its next edition, its hours, and what it wants of items that it cannot carry."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from adapters.profile import Hours
from gateway.clock import CHINA
from gateway.services import outdated, sending
from gateway.services.building import build
from gateway.services.calendars import opening_of
from gateway.services.context import Bank, Context, UnknownBank
from gateway.store import alerts, instructions
from gateway.store import work as work_store
from gateway.store.records import Batch, BatchState, Instruction

Submit = Callable[..., Batch]
RURAL = "rural-fixed"
OFFICE = Hours(calendar="cn", days="working", opens="08:30", cut_off="16:00")


class Standing:
    """A clock that stands where it is put."""

    def __init__(self, text: str):
        self.at = datetime.fromisoformat(text).replace(tzinfo=CHINA)

    def now_ms(self) -> int:
        return int(self.at.timestamp() * 1000)


@pytest.fixture
def at(context: Context) -> Callable[[str], None]:
    return lambda text: object.__setattr__(context, "clock", Standing(text))


def edited(context: Context, **changes: Any) -> Bank:
    """The rural bank with a changed profile, in the place of the shipped one."""
    bank = context.banks[RURAL]
    context.banks[RURAL] = replace(bank, profile=bank.profile.model_copy(update=changes))  # type: ignore[index]
    return context.banks[RURAL]


def with_edition(context: Context, day: date) -> None:
    """From ``day`` on the rural bank takes at most 7 rows a file."""
    bank = context.banks[RURAL]
    limits = bank.profile.limits.model_copy(update={"rows_per_file": 7})
    later = replace(bank, profile=bank.profile.model_copy(update={"effective_from": day, "limits": limits}))
    context.banks[RURAL] = replace(bank, later=(later,))  # type: ignore[index]


def planned(context: Context, batch: Batch) -> list[Instruction]:
    with context.store.read() as tx:
        return [made for made in instructions.of_batch(tx, batch.batch_id) if made.bank == RURAL]


def test_an_edition_holds_from_its_day_and_what_was_planned_keeps_its_own(context, batch, submit, at) -> None:
    at("2026-11-24T10:00")
    with_edition(context, date(2026, 11, 25))
    (before,) = planned(context, submit(batch.header, batch.content(), batch.content_type))
    at("2026-11-25T10:00")
    header = {**batch.header, "batch_no": "NEXT-DAY"}
    after = planned(context, submit(header, batch.content(), batch.content_type))
    assert before.edition == "" and before.rows > 7
    assert {made.edition for made in after} == {"2026-11-25"} and max(made.rows for made in after) <= 7
    assert context.bank_of(before).profile.limits.rows_per_file > 7
    assert context.bank_of(after[0]).profile.limits.rows_per_file == 7


def test_what_waits_for_the_next_day_is_made_by_that_day_s_edition(context, batch, submit, at) -> None:
    at("2026-11-24T18:00")
    edited(context, hours=OFFICE)
    with_edition(context, date(2026, 11, 25))
    made = planned(context, submit(batch.header, batch.content(), batch.content_type))
    assert {one.edition for one in made} == {"2026-11-25"}


def test_an_edition_that_is_gone_is_asked_for_back(context, batch, submit, at) -> None:
    at("2026-11-25T10:00")
    with_edition(context, date(2026, 11, 25))
    made = planned(context, submit(batch.header, batch.content(), batch.content_type))[0]
    context.banks[RURAL] = replace(context.banks[RURAL], later=())  # type: ignore[index]
    with pytest.raises(UnknownBank, match=r"rural-fixed@2026-11-25\.yaml"):
        context.bank_of(made)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-24T10:00", None),
        ("2026-11-24T16:00", "2026-11-25T08:30"),
        ("2026-11-27T20:00", "2026-11-30T08:30"),  # over the weekend
        ("2026-09-30T17:00", "2026-10-08T08:30"),  # over 国庆节
    ],
)
def test_nothing_leaves_outside_the_bank_s_hours(context, batch, submit, at, now, until) -> None:
    at(now)
    edited(context, hours=OFFICE)
    submit(batch.header, batch.content(), batch.content_type)
    with context.store.begin() as tx:
        claimed = work_store.claim(tx, ["build"], "test", context.clock.now_ms(), 60_000, 9)
    (work, *_) = [one for one in claimed if one.subject["bank"] == RURAL]
    build(context, work)
    closed = sending.closed_until_ms(context, work)
    assert closed == (None if until is None else Standing(until).now_ms())


def test_the_next_cut_off_is_known(context, at) -> None:
    at("2026-12-31T17:00")
    opening = opening_of(context, edited(context, hours=OFFICE))
    assert opening is not None and opening.provisional  # 2027 is not published yet
    assert opening.cut_off_at == datetime(2027, 1, 4, 16, tzinfo=CHINA)


def test_a_year_without_a_calendar_alerts_ahead(context, at) -> None:
    edited(context, hours=OFFICE)
    for text, missing in (("2026-11-01T10:00", False), ("2026-12-01T10:00", True)):
        at(text)
        outdated.watch(context)
        with context.store.read() as tx:
            kinds = {alert.kind for alert in alerts.recent(tx, 100)}
        assert ("calendar-missing" in kinds) is missing


def test_a_bank_that_wants_no_batch_with_misfits_gets_none(context, batch, submit) -> None:
    items = batch.items.to_dicts()
    (place, *_) = [n for n, item in enumerate(items) if item["bank_code"].startswith(("402", "403", "314"))]
    items[place]["remark"] = "补" * 40
    content = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items).encode()
    taken = submit(batch.header, content)
    assert taken.state is BatchState.ACCEPTED and taken.rejected_items == 1
    edited(context, misfit="refuse-batch")
    refused = submit({**batch.header, "batch_no": "HELD"}, content)
    assert refused.state is BatchState.REFUSED
    assert [problem["code"] for problem in refused.problems] == ["BANK_CANNOT_CARRY"]


def test_an_old_server_alerts_every_day_until_its_exception_ends(context, at) -> None:
    transport = context.banks[RURAL].profile.transport.model_copy(update={"legacy_until": date(2026, 12, 31)})
    edited(context, transport=transport)
    for text in ("2026-11-24T10:00", "2026-11-24T15:00", "2026-11-25T10:00"):
        at(text)
        outdated.watch(context)
    with context.store.read() as tx:
        keys = sorted(alert.key for alert in alerts.recent(tx, 100) if alert.kind == "legacy-driver")
    assert keys == ["rural-fixed/2026-11-24", "rural-fixed/2026-11-25"]
