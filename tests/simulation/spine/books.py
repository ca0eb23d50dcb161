"""The gateway's items beside the banks' books, and what each item's script says must come of it."""

from __future__ import annotations

import numpy as np
import polars as pl

from gateway.core.lifecycle import ItemState
from gateway.services.frames import segment_context, unseal_frame
from gateway.services.states import segments_of
from gateway.store import batches, instructions, segments
from gateway.store.records import Batch, Instruction
from messages.batch.numbering import item_references
from simulators.answers import of_type
from simulators.matching import decide, effects_on
from simulators.script import Failed, RefuseFile, ReturnedLate, Script, Silent
from spine.scripts import LYING
from spine.world import World

SILENT, LOST = "SILENT", "LOST"
"""Instead of a state: the bank never says, or the instruction never reached a bank that takes no second one."""


def all_batches(world: World) -> list[Batch]:
    """Every batch, oldest first."""
    with world.store.read() as tx:
        return batches.recent(tx, None, 1000)[::-1]


def items(world: World) -> pl.DataFrame:
    """Columns bank, message_id, reference, mobile, amount_fen, state, expected, lied; one row per accepted item."""
    parts = [_of_instruction(world, batch, made) for batch in all_batches(world) for made in _made(world, batch)]
    booked = pl.concat([partner.bank.ledger.items() for partner in world.partners.values()])
    return pl.concat(parts).join(booked, on="reference", how="left") if parts else pl.DataFrame()


def _made(world: World, batch: Batch) -> list[Instruction]:
    with world.store.read() as tx:
        return instructions.of_batch(tx, batch.batch_id)


def _of_instruction(world: World, batch: Batch, made: Instruction) -> pl.DataFrame:
    with world.store.read() as tx:
        parts = [
            (unseal_frame(world.context.sealer, segments.sealed(tx, batch.batch_id, part.info.segment_no), place), part)
            for part in segments.states(tx, batch.batch_id, segments_of(tx, made))
            for place in [segment_context(batch.batch_id, part.info.segment_no)]
        ]
    frame = pl.concat([f.with_columns(state=pl.Series(np.frombuffer(s.states, dtype=np.uint8))) for f, s in parts])
    frame = frame.with_columns(item_references(batch.reference))
    partner = world.partners[made.bank]
    script = partner.bank.desk.script
    effects = effects_on(script, made.message_id, 1)
    lied = any(e.do in LYING or (e.do == "spoil-result" and e.how in LYING) for e in effects)
    arrived = made.message_id in partner.traffic.taken
    whole = LOST if not arrived else "FAILED" if of_type(effects, RefuseFile) else None
    expected = _expected(script, frame) if whole is None else [whole] * frame.height
    return frame.select(
        pl.lit(made.bank).alias("bank"),
        pl.lit(made.message_id).alias("message_id"),
        "reference",
        "mobile",
        "amount_fen",
        pl.Series("state", [ItemState(s).name for s in frame["state"]]),
        pl.Series("expected", expected),
        pl.lit(lied).alias("lied"),
    )


def _expected(script: Script, frame: pl.DataFrame) -> list[str]:
    return [_end_of(script.actions[number]) for number in decide(script, frame)]


def _end_of(action: object) -> str:
    if isinstance(action, Silent):
        return SILENT
    if isinstance(action, Failed):
        return "FAILED"
    return "RETURNED" if isinstance(action, ReturnedLate) else "PAID"
