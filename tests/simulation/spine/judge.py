"""What must hold after every commit, and what must hold in the end."""

from __future__ import annotations

import re

import polars as pl
from sqlalchemy import select

from gateway.core.lifecycle import UNRESOLVED
from gateway.core.tally import Tally
from gateway.store import alerts, batches, inbox, instructions, tables
from gateway.store import work as work_store
from gateway.store.records import BatchState, InstructionState
from simulators.answers import Kind
from spine.books import LOST, SILENT, all_batches, items
from spine.world import World

WATCHING = {"poll-files", "inquire", "ask-file", "receipts"}
DONE = {InstructionState.COMPLETED, InstructionState.REFUSED}


def require_conserved(world: World) -> None:
    """No item and no fen appears or vanishes; to be called after every commit."""
    for batch in all_batches(world):
        if batch.state not in (BatchState.ACCEPTED, BatchState.COMPLETED):
            continue
        with world.store.read() as tx:
            batches.require_conserved(tx, batch.batch_id)
            tally = batches.tally(tx, batch.batch_id)
        _declared(batch.header, tally, batch.rejected_items, batch.rejected_fen)


CENTRE = "clearing-cnaps"
_REQUEST = re.compile(rf"[0-9A-Z]{{17}}-{Kind.RETURN.value}[0-9]{{3}}")


class Watch:
    """Looks again only when items may have moved."""

    def __init__(self, world: World):
        self._world, self._seen = world, (0, None)

    def committed(self) -> None:
        """To be called after every commit."""
        with self._world.store.read() as tx:
            count, versions = tx.exec_driver_sql("SELECT count(*), sum(version) FROM segment_state").one()
        if (count, versions) != self._seen:
            self._seen = (count, versions)
            require_conserved(self._world)


def at_work(world: World) -> bool:
    """Whether anything is still to come: on the way, from a bank, or as work other than watching."""
    return _coming(world) or bool(_work(world) - WATCHING)


def moving(world: World) -> bool:
    """As ``at_work``, but for reading what banks say: news that moves anything leaves other work behind."""
    return _coming(world) or bool(_work(world) - WATCHING - {"apply"})


def _coming(world: World) -> bool:
    return bool(len(world.postponed) + sum(partner.coming() for partner in world.partners.values()))


def _work(world: World) -> set[str]:
    with world.chaos.quiet(), world.store.read() as tx:
        return set(tx.exec_driver_sql("SELECT kind FROM work").scalars())


def _declared(header: dict[str, int], tally: Tally, rejected_items: int, rejected_fen: int) -> None:
    there = (sum(tally.items) + rejected_items, sum(tally.fen) + rejected_fen)
    declared = (header["declared_count"], header["declared_total_fen"])
    assert there == declared, f"declared {declared}, accepted and rejected {there}"


def judge(world: World) -> None:
    """All that must be true once the faults are over and time has passed."""
    require_conserved(world)
    found = items(world)
    _nothing_twice(world)
    _quarantined(world)
    _consented(world)
    if found.height:
        _books(world, found)
        _alerted(world, found)
        _notices(world, found)
        _nothing_stuck(world, found)
    _platform(world)


def _nothing_twice(world: World) -> None:
    for partner in world.partners.values():
        assert partner.bank.ledger.report().duplicates_paid == 0, f"an item was credited twice by {partner.name}"
        changed = [name for name, seen in partner.traffic.digests.items() if len(seen) > 1]
        assert not changed, f"sent again with other bytes: {changed}"
    booked = pl.concat([partner.bank.ledger.items() for partner in world.partners.values()])
    assert booked["reference"].is_unique().all(), "an item was instructed to two banks"
    if not world.sends_again:
        again = {name: times for name, times in world.shown().items() if times > 1}
        assert not again, f"sent twice to a bank that does not reject duplicates: {again}"


def _consented(world: World) -> None:
    """A centre that asks for consent to its returns has one to each that could be read, and they are agreed to."""
    for partner in world.partners.values():
        if partner.name != CENTRE:
            continue
        t = tables.inbox
        with world.store.read() as tx:
            names = tx.execute(select(t.c.name).where(t.c.bank == CENTRE, t.c.state == "APPLIED")).scalars().all()
        asked = {found[0] for name in names if (found := _REQUEST.search(name))}
        report = partner.bank.ledger.report()
        assert report.consents + report.dissents == len(asked), f"{sorted(asked)}: {report.consents} consents"


def _books(world: World, found: pl.DataFrame) -> None:
    honest = found.filter(~pl.col("lied"))
    allowed = {SILENT: ["SENT", "ACCEPTED", "UNKNOWN"], LOST: ["UNKNOWN"]}
    for expected in honest["expected"].unique().sort():
        ends = allowed.get(expected, [expected])
        wrong = honest.filter((pl.col("expected") == expected) & ~pl.col("state").is_in(ends))
        assert not wrong.height, f"should be {ends}:\n{wrong.select('message_id', 'reference', 'state', 'times')}"
    assert not (world.sends_again and (found["expected"] == LOST).any()), "an instruction never reached its bank"
    lied = found.filter(pl.col("lied") & ~pl.col("expected").is_in([SILENT]))
    lied = lied.filter(pl.col("expected") != LOST)
    off = lied.filter(pl.col("state") != pl.col("expected"))
    assert off.filter(~pl.col("state").is_in(["PAID", "FAILED", "RETURNED", "DISPUTED"])).is_empty(), f"{off}"
    most = off.group_by("message_id").len().filter(pl.col("len") > 2)
    assert most.is_empty(), f"more items disputed than the bank contradicted: {off}"


def _alerted(world: World, found: pl.DataFrame) -> None:
    with world.store.read() as tx:
        raised = {(alert.kind, alert.key) for alert in alerts.recent(tx, 10_000)}
    names = {key for _, key in raised}
    unresolved = found.filter(pl.col("state").is_in([state.name for state in UNRESOLVED]))
    for message_id in unresolved["message_id"].unique():
        assert any(message_id in name for name in names), f"{message_id} has unknown money and nobody was told"


def _quarantined(world: World) -> None:
    """What a bank said and nobody applied: a person is told of each, other than of a second reply to what was answered."""
    with world.store.read() as tx:
        names = {alert.key for alert in alerts.recent(tx, 10_000)}
        for message in inbox.quarantined(tx, 10_000):
            own = message.reason == inbox.CONFLICT_REASON and not world.partners[message.bank].tells(message.name)
            assert own or f"{message.bank}/{message.name}" in names, f"{message.name} is quarantined, nobody was told"


def _nothing_stuck(world: World, found: pl.DataFrame) -> None:
    with world.store.read() as tx:
        left = set(work_store.counts(tx)) - WATCHING
        made = [one for batch in all_batches(world) for one in instructions.of_batch(tx, batch.batch_id)]
        waiting = set(tx.execute(select(tables.work.c.key)).scalars())
    assert not left, f"work left over: {left}"
    final = found.group_by("message_id").agg(pl.col("state").is_in(["PAID", "FAILED", "RETURNED"]).all().alias("all"))
    settled = set(final.filter("all")["message_id"])
    for one in made:
        if one.message_id in settled:
            assert one.state in DONE, f"{one.message_id} is {one.state}, though all its items are final"
        else:
            assert one.state not in (InstructionState.BUILT, InstructionState.SENDING), f"{one.message_id}: {one.state}"
            assert one.state in DONE or one.message_id in waiting, f"nobody watches {one.message_id}, {one.state}"
        if world.partners[one.bank].post is not None and one.state is InstructionState.COMPLETED:
            assert one.message_id in waiting, f"nobody looks for returns of {one.message_id}"
    for batch in all_batches(world):
        own = {one.message_id for one in made if one.batch_id == batch.batch_id}
        closed = batch.state is BatchState.COMPLETED
        assert closed == (own <= settled), f"batch {batch.batch_no} is {batch.state}"


def _notices(world: World, found: pl.DataFrame) -> None:
    sent = dict(world.sms.items().iter_rows())
    # The provider does not deduplicate: only a call that nobody could know of may be made again.
    allowed = 1 + max(world.sms_link.late.values(), default=0) + world.chaos.stalled["notify"]
    again = {name: times for name, times in sent.items() if times > allowed}
    assert not again, f"told more than {allowed} times: {again}"
    refused = {entry["id"] for lot in world.sms._answers.values() for entry in lot["refused"]}
    owed = set(found.filter((pl.col("state") == "PAID") & pl.col("mobile").is_not_null())["reference"])
    assert owed <= sent.keys() | refused, f"paid and not told: {owed - sent.keys() - refused}"
    once_paid = set(found.filter(pl.col("state").is_in(["PAID", "RETURNED", "DISPUTED"]))["reference"])
    assert sent.keys() <= once_paid, f"told and not paid: {sent.keys() - once_paid}"


def _platform(world: World) -> None:
    t = tables.outbox
    with world.store.read() as tx:
        rows = tx.execute(select(t.c.key, t.c.body, t.c.delivered_at_ms)).all()
    for row in rows:
        assert row.delivered_at_ms is not None, f"the platform was never told {row.key}"
        assert world.platform.bodies.get(row.key) == {bytes(row.body)}, f"told otherwise than stored: {row.key}"
    assert world.platform.bodies.keys() == {row.key for row in rows}
