"""One world of real processes, and eyes for it: the store, the API, the simulators' books."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway import wiring
from gateway.core.lifecycle import ItemState
from gateway.demo.books import Books, read_books
from gateway.demo.quiet import is_quiet
from gateway.demo.world import CLIENT, QUICK, World
from gateway.store import alerts, batches, inbox, instructions, segments
from gateway.store.records import Alert, Batch, BatchState, InboxMessage, Instruction
from messages.batch.numbering import batch_reference, message_id
from simulators.platform_client import PlatformClient
from simulators.roster import RosterBatch, roster

GATEWAY_CODE = "GW01"
PAYERS = {"rural-fixed": "402738090017", "city-iso": "313730190014"}
DONE = {BatchState.COMPLETED, BatchState.REFUSED}


LONG_POLICY = {"code": "LONG-2026", "policy_name": "乡村振兴" * 10}


class ListedWorld(World):
    """A gateway whose list has one project more: its name is too long for a fixed-width record."""

    def _settings(self) -> str:
        listed = self.directory / "config/projects/2026.yaml"
        entry = {**LONG_POLICY, "department_code": "126001", "department_name": "农业农村局", "sms_template": "default"}
        with listed.open("a", encoding="utf-8") as file:
            file.write(f"  - {json.dumps(entry, ensure_ascii=False)}\n")
        return super()._settings()


class ImpatientWorld(World):
    """A gateway that gives a bank over HTTPS three seconds."""

    def _settings(self) -> str:
        section = "[bank_endpoints.city-iso]\n"
        return super()._settings().replace(section, f"{section}timeout_seconds = 3\n")


class Scene:
    """A running world; every look at its books demands that no item and no fen is lost."""

    def __init__(self, world: World):
        self.world = world
        self.context = wiring.build_context(world.settings())

    @property
    def client(self) -> PlatformClient:
        """The platform; the gateway's port is another after each start."""
        return PlatformClient(self.world.gateway_url, self.world.directory / "keys/platform", timeout_seconds=60)

    def books(self) -> Books:
        books = read_books(self.context, reasons=False)
        assert books.balanced, books
        return books

    def until(self, condition: Callable[[], Any], what: str, seconds: float = 40, pause: float = 0.1) -> Any:
        """What ``condition`` says once it says anything; the books are looked at all the time."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.world.children["gateway"].require_alive()
            if found := condition():
                return found
            self.books()
            time.sleep(pause)
        pytest.fail(f"not within {seconds} s: {what}\n{self.books()}\n{self.log()[-3000:]}")

    def log(self) -> str:
        return (self.world.directory / "gateway.log").read_text("utf-8", "replace")

    def script(self, simulator: str, script: dict[str, Any]) -> None:
        port = self.world.children[simulator].ready["control_port"]
        data = yaml.safe_dump(script, allow_unicode=True).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/control/script", data)
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - http to ourselves
            assert "error" not in json.load(answer)

    def bank_items(self, simulator: str) -> dict[str, dict[str, Any]]:
        """The bank's own books: reference -> times credited, fen, times returned."""
        port = self.world.children[simulator].ready["control_port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/control/ledger/items", timeout=30) as answer:
            lines = [json.loads(line) for line in answer]
        return {line["reference"]: line for line in lines}

    def batch(self, batch_no: str) -> Batch | None:
        with self.context.store.read() as tx:
            return batches.find(tx, CLIENT, batch_no)

    def instructions(self, batch_no: str) -> list[Instruction]:
        with self.context.store.read() as tx:
            batch = batches.find(tx, CLIENT, batch_no)
            return [] if batch is None else instructions.of_batch(tx, batch.batch_id)

    def states(self, batch_no: str) -> list[ItemState]:
        """Every item's state, in the order of item numbers."""
        with self.context.store.read() as tx:
            batch = batches.find(tx, CLIENT, batch_no)
            assert batch is not None
            numbers = [info.segment_no for info in segments.infos(tx, batch.batch_id)]
            return [ItemState(code) for part in segments.states(tx, batch.batch_id, numbers) for code in part.states]

    def done(self, *batch_nos: str) -> bool:
        found = [self.batch(batch_no) for batch_no in batch_nos]
        return all(batch is not None and batch.state in DONE for batch in found)

    def alert(self, kind: str, key_part: str) -> Alert | None:
        with self.context.store.read() as tx:
            return next((a for a in alerts.recent(tx, 1000) if a.kind == kind and key_part in a.key), None)

    def quarantined(self, name_part: str) -> list[InboxMessage]:
        with self.context.store.read() as tx:
            return [message for message in inbox.quarantined(tx, 1000) if name_part in message.name]

    def kept_bytes(self, message: InboxMessage) -> bytes:
        return b"".join(self.context.vault.open(message.content))

    def idle(self) -> bool:
        """Nobody has anything left to do, except to watch."""
        return is_quiet(self.world, self.context)

    def nothing_twice(self) -> None:
        for bank in ("rural-fixed", "city-iso"):
            assert self.world.ask(bank, "ledger")["duplicates_paid"] == 0
        assert self.world.ask("sms", "ledger")["sent_twice"] == 0

    def agrees_with_banks(self) -> None:
        """All is over: what the gateway calls paid is what the banks' books hold."""
        self.nothing_twice()
        books = self.books()
        ledgers = [self.world.ask(bank, "ledger") for bank in ("rural-fixed", "city-iso")]
        kept = sum(ledger["credited"] - ledger["returned"] for ledger in ledgers)
        kept_fen = sum(ledger["credited_fen"] - ledger["returned_fen"] for ledger in ledgers)
        assert (kept, kept_fen) == (books.counts["paid"], books.amounts["paid"])
        assert sum(ledger["returned"] for ledger in ledgers) == books.counts["returned"]
        assert books.counts["unknown"] == books.counts["in_flight"] == 0


def small_batch(number: int, items: int = 12, bank: str = "rural-fixed", **header: Any) -> RosterBatch:
    """A batch without flaws, other for each ``number``, paid by one bank (零余额)."""
    today = datetime.now(UTC).astimezone(timezone(timedelta(hours=8))).date()
    (made,) = roster(items, number, batches=1, requested_on=today, bad_share=Decimal(0))
    made.header["paying_account"]["bank_code"] = PAYERS[bank]
    made.header.update(header)
    return made


def first_message_id(batch: RosterBatch) -> str:
    """The name of its first instruction file, known before anything is submitted."""
    return message_id(batch_reference(GATEWAY_CODE, CLIENT, batch.header["batch_no"]), 0)


def reference(batch: RosterBatch, item_no: int) -> str:
    """An item's reference, known before anything is submitted."""
    return f"{batch_reference(GATEWAY_CODE, CLIENT, batch.header['batch_no'])}{item_no:08d}"


class Names:
    """What tests need to make batches and to know their names."""

    long_policy = LONG_POLICY

    small_batch = staticmethod(small_batch)
    message_id = staticmethod(first_message_id)
    reference = staticmethod(reference)


@pytest.fixture(scope="session")
def names() -> type[Names]:
    return Names


def _scene(directory: Path, kind: type[World]) -> Iterator[Scene]:
    patience = {**QUICK, "give_up_alert_after_seconds": "2"}
    with kind(directory, 1, patience=patience) as world:
        scene = Scene(world)
        yield scene
        scene.context.store.dispose()


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The world for tests that leave nothing unfinished behind."""
    yield from _scene(tmp_path_factory.mktemp("world"), ListedWorld)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A world of its own for banks that answer badly."""
    yield from _scene(tmp_path_factory.mktemp("troubled"), ImpatientWorld)
