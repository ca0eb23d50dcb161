"""A gateway without sockets: real store, vault, keys and configuration; jobs run by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway import wiring
from gateway.services.check import check
from gateway.services.context import Context
from gateway.services.indexing import index
from gateway.settings import KeystoreSettings, Settings
from gateway.store import batches
from gateway.store import work as work_store
from gateway.store.records import Batch
from messages.batch.numbering import batch_reference
from simulators.keys import create_demo_keys
from simulators.roster import RosterBatch, roster

JOBS = {"check": check, "index": index}


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Demo keys, made once."""
    place = tmp_path_factory.mktemp("keys")
    create_demo_keys(place)
    return place


@pytest.fixture
def context(tmp_path: Path, keys: Path) -> Context:
    """The parts that jobs work with."""
    store = KeystoreSettings(path=keys / "gateway/keystore.json", passphrase_file=keys / "gateway/passphrase")
    settings = Settings(state=tmp_path, keystore=store)
    wiring.open_store(settings).dispose()
    whole = wiring.build_context(settings)
    return replace(whole, banks={name: whole.banks[name] for name in ("rural-fixed", "city-iso")})


@pytest.fixture
def batch() -> RosterBatch:
    """Sixty lifelike items without a flaw, agency model."""
    return roster(120, 3, batches=2, bad_share=0)[1]


@pytest.fixture
def submit(context: Context) -> Callable[..., Batch]:
    """Store a batch as intake would, check and index it; the batch as it then is."""

    def run(header: dict[str, Any], content: bytes, media_type: str = "application/x-ndjson") -> Batch:
        number, now = header["batch_no"], context.clock.now_ms()
        new = batches.NewBatch("platform", number, batch_reference("GW01", "platform", number), header, "0" * 64, False)
        with context.vault.create(media_type) as writer:
            writer.write(content)
            stored = writer.commit()
        with context.store.begin() as tx:
            made, _ = batches.open_batch(tx, new, now)
            batches.attach_content(tx, made.batch_id, stored, now)
            work_store.put(tx, "check", str(made.batch_id), {"batch_id": made.batch_id}, due_at_ms=now)
        _work(context)
        with context.store.read() as tx:
            return batches.by_id(tx, made.batch_id)

    return run


def _work(context: Context) -> None:
    while True:
        with context.store.begin() as tx:
            claimed = work_store.claim(tx, JOBS, "test", context.clock.now_ms(), 60_000, 1)
        if not claimed:
            return
        JOBS[claimed[0].kind](context, claimed[0])
