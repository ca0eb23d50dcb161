"""Data at rest under keys that change: real store, vault, keystore and jobs, on SQLite and on PostgreSQL."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from crypto import master_key
from crypto.generate import generate_key
from crypto.keystore import Keystore
from gateway import wiring
from gateway.core.lifecycle import ItemEvent, ItemState, advance
from gateway.core.retention import RetentionPolicy
from gateway.core.tally import Tally
from gateway.services import completion, frames
from gateway.services.check import check
from gateway.services.context import Context
from gateway.services.data_keys import data_keys
from gateway.services.indexing import index
from gateway.services.jobs import Later
from gateway.services.reindexing import reindex
from gateway.services.resealing import reseal_step
from gateway.services.result_history import RESULT_BLOCK_SCHEMA
from gateway.services.retention import retain
from gateway.settings import KeystoreSettings, Settings
from gateway.store import batches, inbox, instructions, notices, reseal, results, segments
from gateway.store import work as work_store
from gateway.store.database import Store
from gateway.store.records import Batch, ResultBlock
from gateway.store.vault import Vault
from messages.batch.numbering import batch_reference
from simulators.keys import create_demo_keys
from simulators.roster import RosterBatch, roster

JOBS: dict[str, Any] = {
    "check": check,
    "index": index,
    "reseal": reseal_step,
    "reindex": reindex,
    "retain": retain,
}
DAY_MS = 86_400_000
PASSPHRASE = "a passphrase for tests"
PURPOSES: dict[str, tuple[str, Any]] = {
    "segment-data": ("encrypt", "aes-256"),
    "vault-data": ("encrypt", "aes-256"),
    "blind-index": ("field", "hmac"),
}
START_MS = 1_795_482_000_000  # 2026-11-24 09:00 in China
TODAY = date(2026, 11, 24)
POLICY = {
    "legal_keeping": "2 years",
    "personal_columns": "3 years",
    "raw_files": "2 years",
    "result_texts": "1 year",
    "notices": "6 months",
    "audit": "3 years",
    "refunds_open": "1 year",
}


class HandClock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.ms = START_MS

    def now_ms(self) -> int:
        return self.ms

    def later(self, days: float) -> None:
        self.ms += int(days * DAY_MS)


@dataclass
class House:
    """One gateway's data at rest, and hands to turn its keys with."""

    context: Context
    keys: Keystore
    clock: HandClock
    crashes: list[str] = field(default_factory=list)

    def run(self, *kinds: str, steps: int = 1000) -> int:
        """Do work of these kinds (all: none named) until none is due; pauses are skipped."""
        for done in range(steps):
            now = self.clock.now_ms() + 60_000  # pauses of some seconds
            with self.context.store.begin() as tx:
                claimed = work_store.claim(tx, kinds or JOBS, "node", now, 60_000, 1)
            if not claimed:
                return done
            self.one(claimed[0])
        raise AssertionError("the work does not end")

    def one(self, work: Any) -> None:
        later = JOBS[work.kind](self.context, work)
        if isinstance(later, Later):
            with self.context.store.begin() as tx:
                work_store.later(tx, work, later.due_at_ms, later.why)

    def rotate(self, alias: str) -> str:
        """A new active key; the one before retires. Its id."""
        purpose, kind = PURPOSES[alias]
        old = [entry for entry in self.keys.entries(alias) if entry.state == "ACTIVE"]
        made = self.keys.add(alias, purpose, generate_key(kind), state="ACTIVE")
        for entry in old:
            self.keys.move(alias, entry.key_id, "RETIRING")
        self.keys.save()
        self.refresh()
        return made.key_id

    def move(self, alias: str, key_id: str, state: str) -> None:
        self.keys.move(alias, key_id, state)
        self.keys.save()
        self.refresh()

    def refresh(self) -> None:
        """As a running process sees it after the keystore has changed."""
        keys, before = self.keys, self.context
        self.context = replace(
            before,
            vault=Vault(before.vault._root, keys.stream_sealer("vault-data")),
            sealer=keys.segment_sealer("segment-data"),
            index=keys.blind_index("blind-index"),
            data_keys=lambda: data_keys(keys),
        )

    def active(self, alias: str) -> str:
        return self.keys.active_key_id(alias)

    def submit(self, given: RosterBatch, batch_no: str | None = None, content: bytes | None = None) -> Batch:
        """As intake would, then checked and indexed."""
        header = dict(given.header)
        number, now = batch_no or header["batch_no"], self.clock.now_ms()
        header["batch_no"] = number
        new = batches.NewBatch("platform", number, batch_reference("GW01", "platform", number), header, "0" * 64, False)
        with self.context.vault.create(given.content_type) as writer:
            writer.write(given.content() if content is None else content)
            stored = writer.commit()
        with self.context.store.begin() as tx:
            made, _ = batches.open_batch(tx, new, now)
            batches.attach_content(tx, made.batch_id, stored, now)
            work_store.put(tx, "check", str(made.batch_id), {"batch_id": made.batch_id}, due_at_ms=now)
        self.run("check", "index")
        return self.batch(made.batch_id)

    def batch(self, batch_id: int) -> Batch:
        with self.context.store.read() as tx:
            return batches.by_id(tx, batch_id)

    def items(self, batch_id: int) -> list[dict[str, Any]]:
        """Every accepted item, opened."""
        with self.context.store.read() as tx:
            infos = segments.infos(tx, batch_id)
            sealed = [(info.segment_no, segments.sealed(tx, batch_id, info.segment_no)) for info in infos]
        return [
            row
            for number, one in sealed
            for row in frames.unseal_frame(
                self.context.sealer, one, frames.segment_context(batch_id, number)
            ).iter_rows(named=True)
        ]

    def answer(self, batch_id: int, event: ItemEvent = ItemEvent.PAID, words: str = "已入账") -> int:
        """The bank says the same of every item; inbox id. The batch completes."""
        now = self.clock.now_ms()
        with self.context.vault.create("application/octet-stream") as writer:
            writer.write(b"".join(f"{row['account']} {row['name']}\n".encode() for row in self.items(batch_id)))
            content = writer.commit()
        with self.context.store.begin() as tx:
            message, _ = inbox.receive(tx, "rural-fixed", f"R{batch_id}", content, None, now)
            infos = segments.infos(tx, batch_id)
            for segment in segments.states(tx, batch_id, [info.segment_no for info in infos]):
                states, amounts = states_of(segment), amounts_of(segment)
                for step in (ItemEvent.BUILT, ItemEvent.DELIVERED, event):
                    states = advance(states, states * 0 + int(step))
                segments.replace_states(tx, segment, states.tobytes(), Tally.of(states, amounts))
                rows = len(states)
                said = pl.DataFrame(
                    {
                        "row": range(rows),
                        "item_no": [segment.info.segment_no * 10_000 + row for row in range(rows)],
                        "event": [int(event)] * rows,
                        "outcome": ["PAID"] * rows,
                        "reason": [None] * rows,
                        "remedy": [None] * rows,
                        "status_raw": ["0000"] * rows,
                        "reason_raw": [None] * rows,
                        "text_raw": [words] * rows,
                        "bank_reference": [f"SN{row}" for row in range(rows)],
                        "settled_on": [TODAY] * rows,
                        "disposition": ["APPLIED"] * rows,
                    },
                    schema=RESULT_BLOCK_SCHEMA,
                )
                info = segment.info
                place = frames.result_context(batch_id, info.segment_no, message.inbox_id)
                sealed = frames.seal_frame(self.context.sealer, said, place)
                results.append(tx, ResultBlock(batch_id, info.segment_no, message.inbox_id, rows, sealed))
                notices.owe(tx, batch_id, info.segment_no, message.inbox_id, b"\0\0", now)
            inbox.applied(tx, message.inbox_id, "key", now)
            completion.settle(self.context, tx, batch_id)
        return message.inbox_id

    def instruct(self, batch_id: int) -> None:
        """Every planned instruction has bytes in the vault that name its people."""
        now = self.clock.now_ms()
        with self.context.store.read() as tx:
            planned = instructions.of_batch(tx, batch_id)
        for one in planned:
            with self.context.vault.create("application/octet-stream") as writer:
                writer.write(b"".join(f"{row['name']}{row['id_number']}".encode() for row in self.items(batch_id)))
                content = writer.commit()
            with self.context.store.begin() as tx:
                instructions.built(tx, one.instruction_id, content, b"s", "key", now)

    def everything(self) -> Iterator[bytes]:
        """Every sealed thing at rest, opened: frames as their IPC bytes, files whole."""
        with self.context.store.read() as tx:
            for name in reseal.SEALED_TABLES:
                rows = reseal.not_under(tx, name, "no-such-key", b"", 100_000)
                for row in rows:
                    plain = self.context.sealer.unseal(row.sealed, frames.context_of(name, row.place))
                    yield plain
                    yield from (bytes(buffer) for buffer in buffers_of(plain))
        for name, _ in self.context.vault.keys_in_use():
            with (self.context.vault._root / name).open("rb") as raw:
                yield b"".join(self.keys.stream_sealer("vault-data").reader(raw, f"vault/{name}"))


def buffers_of(plain: bytes) -> Iterator[Any]:
    """A frame's memory as it lies in the file, decompressed: also what stands under a null."""
    frame = pl.read_ipc(io.BytesIO(plain))
    for column in frame.iter_columns():
        if column.dtype == pl.String:
            unmasked = io.BytesIO()
            pl.DataFrame([column]).write_ipc(unmasked, compression="uncompressed")
            yield unmasked.getvalue()


def states_of(segment: Any) -> Any:
    return np.frombuffer(segment.states, dtype=np.uint8)


def amounts_of(segment: Any) -> Any:
    return np.frombuffer(segment.amounts, dtype="<i8")


@pytest.fixture(scope="session")
def demo_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Demo keys, made once."""
    place = tmp_path_factory.mktemp("keys")
    create_demo_keys(place)
    return place


@pytest.fixture(scope="session")
def parts(demo_keys: Path, migrated_file: Path) -> Context:
    """What does not depend on the test: banks with their profiles and codes."""
    given = KeystoreSettings(path=demo_keys / "gateway/keystore.json", passphrase_file=demo_keys / "gateway/passphrase")
    settings = Settings(state=migrated_file.parent, keystore=given, store_url=f"sqlite:///{migrated_file}")
    whole = wiring.build_context(settings)
    return replace(whole, banks={name: whole.banks[name] for name in ("rural-fixed", "city-iso")})


@pytest.fixture(scope="session")
def fresh_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A keystore with the three keys of data at rest, copied for each test."""
    path = tmp_path_factory.mktemp("fresh") / "keystore.json"
    with pytest.MonkeyPatch.context() as patch:
        for name, cost in (("memory_kib", 19 * 1024), ("iterations", 2), ("lanes", 1)):
            patch.setitem(master_key.NEW_COST, name, cost)  # opens in milliseconds
        keys = Keystore.create(path, PASSPHRASE, lambda: TODAY)
    for alias in ("segment-data", "vault-data", "blind-index"):
        purpose, kind = PURPOSES[alias]
        keys.add(alias, purpose, generate_key(kind), state="ACTIVE")
    keys.save()
    return path


@pytest.fixture
def build(parts: Context, fresh_keys: Path) -> Iterator[Callable[[str, Path], House]]:
    """Makes a house on a store that is there."""
    stores: list[Store] = []

    def of(url: str, place: Path) -> House:
        place.mkdir(exist_ok=True, parents=True)
        shutil.copy(fresh_keys, place / "keystore.json")
        keys, clock = Keystore.open(place / "keystore.json", PASSPHRASE, lambda: TODAY), HandClock()
        stores.append(Store(url))
        vault = Vault(place / "vault", keys.stream_sealer("vault-data"))
        policy = RetentionPolicy.model_validate(POLICY)
        house = House(replace(parts, store=stores[-1], vault=vault, clock=clock, retention=policy), keys, clock)
        house.refresh()
        return house

    yield of
    for store in stores:
        store.dispose()


@pytest.fixture
def house(build: Callable[[str, Path], House], url: str, tmp_path: Path) -> House:
    """One gateway's data at rest."""
    return build(url, tmp_path / "state")


@pytest.fixture(scope="session")
def rosters() -> list[RosterBatch]:
    """Three batches of sixty lifelike items without a flaw."""
    return roster(180, 3, batches=3, bad_share=0)


@pytest.fixture
def states() -> type[ItemState]:
    return ItemState
