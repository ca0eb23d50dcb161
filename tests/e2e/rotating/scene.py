"""The running world, and eyes for it: the store, the books, the alerts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gateway import wiring
from gateway.demo.books import Books, read_books
from gateway.demo.checks import compare
from gateway.demo.quiet import is_quiet
from gateway.demo.world import CLIENT, QUICK
from gateway.settings import read_settings
from gateway.store import alerts, batches, inbox, instructions, tables
from gateway.store.records import BatchState, InboxMessage, InboxState, Instruction
from rotating.load import Load
from rotating.turnover import Turnover
from rotating.world import BANKS, SecuredWorld

DONE = {BatchState.COMPLETED, BatchState.REFUSED}


class Scene:
    """Started by ``with``; the load begins with it."""

    def __init__(self, directory: Path):
        self.world = SecuredWorld(directory, 1, patience=dict(QUICK), banks=BANKS)

    def __enter__(self) -> Scene:
        self.world.__enter__()
        self.context = wiring.build_context(read_settings(self.world.settings_file))
        self.load = Load(self.world.gateway_url, self.world.directory / "keys/platform", self._unsettled)
        self.turnover = Turnover(self.world, self.load)
        self.load.start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.context.store.dispose()
        self.world.__exit__(*error)

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 180) -> Any:
        """What ``condition`` says once it says anything."""
        ends = time.monotonic() + seconds
        while not (found := condition()):
            self.world.children["gateway"].require_alive()
            assert time.monotonic() < ends, f"not in time: {what}\n{self.alerts()}\n{self.log('gateway')[-3000:]}"
            time.sleep(0.1)
        return found

    def turned_over(self) -> None:
        """All keys rotated under load; the old ones end once nothing that was made with them is on its way."""
        self.load.more(3)
        self.turnover.everything()
        before = list(self.load.numbers)
        self.load.more(4)
        self.until(lambda: not self._unsettled(before), "what was instructed before is answered")
        said = {one.inbox_id for one in self.messages()}
        self.until(lambda: self._read(said), "what was said before is read")
        self.turnover.end()
        self.load.more(3)
        self.load.stop()

    def _unsettled(self, numbers: list[str]) -> int:
        with self.context.store.read() as tx:
            found = [batches.find(tx, CLIENT, number) for number in numbers]
        return sum(batch is None or batch.state not in DONE for batch in found)

    def _read(self, said: set[int]) -> bool:
        return all(one.state is not InboxState.RECEIVED for one in self.messages() if one.inbox_id in said)

    def settled(self) -> bool:
        """Everything that was submitted has had its answer, and nobody has anything left to do."""
        books = read_books(self.context, reasons=False)
        assert books.balanced, books
        return not books.unfinished and is_quiet(self.world, self.context)

    def books(self) -> Books:
        """The gateway's own."""
        return read_books(self.context)

    def require_agreement(self) -> None:
        """The gateway's books, the banks', the provider's and the platform's are the same."""
        books = read_books(self.context)
        ledgers = {name: self.world.ask(name, "ledger") for name in self.world.simulators}
        checks = compare(books, ledgers, self.load.items)
        assert not [label for label, value in checks.items() if value is False], (checks, books, self.alerts())

    def instructions(self) -> list[Instruction]:
        """All of them, in the order in which they were planned."""
        with self.context.store.read() as tx:
            found = [
                one
                for made in batches.recent(tx, None, 10_000, None)
                for one in instructions.of_batch(tx, made.batch_id)
            ]
        return sorted(found, key=lambda one: one.instruction_id)

    def messages(self, bank: str | None = None) -> list[InboxMessage]:
        """What a bank has said, or all of them, in the order in which it came."""
        with self.context.store.read() as tx:
            every = tx.execute(select(tables.inbox.c.inbox_id).order_by(tables.inbox.c.inbox_id)).scalars()
            found = [inbox.by_id(tx, inbox_id) for inbox_id in every]
        return [one for one in found if bank in (None, one.bank)]

    def sealed_segments(self) -> list[bytes]:
        """The sealed columns of all items, in the order of their batches."""
        table = tables.segment_sealed
        with self.context.store.read() as tx:
            wanted = select(table.c.sealed).order_by(table.c.batch_id, table.c.segment_no)
            return list(tx.execute(wanted).scalars())

    def alerts(self) -> dict[str, str]:
        """Kind and key -> what it says."""
        with self.context.store.read() as tx:
            return {f"{one.kind} {one.key}": one.text_en for one in alerts.recent(tx, 1000)}

    def log(self, name: str) -> str:
        return (self.world.directory / f"{name}.log").read_text("utf-8", "replace")
