"""What a job is: one piece of leased work, done in one go, finished in its own last transaction."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.store import work as work_store
from gateway.store.records import Work


class Fenced(Exception):
    """Somebody else holds this work now (our lease ran out): nothing that we did is committed."""


@dataclass(frozen=True, slots=True)
class Later:
    """The work is not finished; it is due again at ``due_at_ms``. ``why`` is null for a regular repetition."""

    due_at_ms: int
    why: str | None = None


def finish(tx: Connection, work: Work) -> None:
    """Finish ``work`` inside the transaction that holds its effects; raises Fenced."""
    if not work_store.finish(tx, work):
        raise Fenced(f"{work.kind} {work.key}: the lease was lost")


def give_back(tx: Connection, work: Work, later: Later) -> None:
    """Give ``work`` back inside the transaction that undoes what it began; raises Fenced."""
    if not work_store.later(tx, work, later.due_at_ms, later.why):
        raise Fenced(f"{work.kind} {work.key}: the lease was lost")
