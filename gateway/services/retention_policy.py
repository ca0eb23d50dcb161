"""The deployer's periods from ``config/retention.yaml`` (保存期限), and how a batch stands against them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from gateway.clock import business_date
from gateway.core.lifecycle import IN_FLIGHT, UNRESOLVED, ItemState
from gateway.core.retention import KEPT_FOREVER, RetentionPolicy, Standing, faults
from gateway.store import batches, holds
from gateway.store.records import Batch, BatchState
from messages.layout.checking import checked
from messages.layout.positions import ConfigurationRefused, read_document

FILE = "retention.yaml"


def read_policy(config: Path) -> RetentionPolicy:
    """The policy in the configuration directory; raises ConfigurationRefused with all problems at once.

    Where there is no such file, everything is kept for ever.
    """
    if not (config / FILE).exists():
        return KEPT_FOREVER
    document = read_document(config / FILE)
    policy, problems = checked(document, RetentionPolicy)
    if policy is not None:
        problems += [document.problem((key,), what, "correct it") for key, what in faults(policy)]
    if policy is None or problems:
        raise ConfigurationRefused(problems)
    return policy


def standing_of(tx: Connection, batch: Batch) -> Standing:
    """How the batch stands at this moment, in the caller's transaction."""
    held = holds.is_held(tx, batch.batch_id)
    if batch.state is BatchState.REFUSED and batch.decided_at_ms is not None:
        return Standing(business_date(batch.decided_at_ms), held=held)  # no item of it was ever on its way
    tally = batches.tally(tx, batch.batch_id)
    complete = batch.state is BatchState.COMPLETED and batch.completed_at_ms is not None
    return Standing(
        business_date(batch.completed_at_ms) if complete and batch.completed_at_ms is not None else None,
        in_flight=tally.in_states(IN_FLIGHT)[0],
        unresolved=tally.in_states(UNRESOLVED)[0],
        money_back=tally.in_states({ItemState.FAILED, ItemState.RETURNED})[0],
        held=held,
    )
