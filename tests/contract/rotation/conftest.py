"""A keystore that a running process follows, and somebody else who changes its file meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from crypto.demo_pki import LOCAL_HOSTS, Issued, issue_ca, issue_leaf
from crypto.generate import Kind, generate_key
from crypto.key_entry import KeyEntry, KeyState, Owner, Purpose
from crypto.key_material import KeyMaterial
from crypto.keystore import Keystore
from gateway.wiring.live_keys import LiveKeys

T = TypeVar("T")
PASSPHRASE = "correct horse battery"


class Safe:
    """The file, the process that follows it (``live``), and changes made by another process."""

    def __init__(self, directory: Path):
        self.path = directory / "keystore.json"
        self._others = Keystore.create(self.path, PASSPHRASE)
        self.day, self.seconds = date(2026, 11, 24), 0.0

    def followed(self) -> LiveKeys:
        """As a process has it that was started now."""
        keys = Keystore.open(self.path, PASSPHRASE, lambda: self.day)
        return LiveKeys(keys, lambda: self.day, lambda: self.seconds)

    @contextmanager
    def changed(self) -> Iterator[Keystore]:
        with self._others.changing() as draft:
            yield draft

    def add(self, alias: str, purpose: Purpose, material: KeyMaterial | Kind, **options: Any) -> KeyEntry:
        """A key, ACTIVE unless said otherwise; those before it stay as they are."""
        made = generate_key(material) if isinstance(material, str) else material
        with self.changed() as draft:
            return draft.add(alias, purpose, made, **{"state": KeyState.ACTIVE, **options})

    def theirs(self, alias: str, purpose: Purpose, material: KeyMaterial, **options: Any) -> KeyEntry:
        """The same for a public key of a counterparty."""
        return self.add(alias, purpose, material.public_only(), owner=Owner.COUNTERPARTY, **options)

    def replace(self, alias: str, material: KeyMaterial | Kind) -> KeyEntry:
        """The next key of the alias takes over; the one before is RETIRING. One save."""
        made = generate_key(material) if isinstance(material, str) else material
        with self.changed() as draft:
            (before,) = [entry for entry in draft.entries(alias) if entry.state is KeyState.ACTIVE]
            draft.move(alias, before.key_id, KeyState.RETIRING)
            made = made if before.owner is Owner.GATEWAY else made.public_only()
            return draft.add(alias, before.purpose, made, owner=before.owner, state=KeyState.ACTIVE)

    def move(self, entry: KeyEntry, *states: KeyState) -> None:
        with self.changed() as draft:
            for state in states:
                draft.move(entry.alias, entry.key_id, state)

    def writing(self, octets: bytes) -> None:
        """Somebody writes the file with an editor."""
        self.path.write_bytes(octets)


@pytest.fixture
def safe(tmp_path: Path) -> Safe:
    """An empty keystore."""
    return Safe(tmp_path)


class Pki:
    """Certificates for both ends of a line on this machine."""

    def __init__(self, name: str = "authority"):
        self._now = datetime.now(UTC)
        self.ca = issue_ca(name, self._now)

    def leaf(self, name: str = "gateway") -> Issued:
        return issue_leaf(self.ca, name, LOCAL_HOSTS, self._now, "both")


@pytest.fixture
def pki() -> Callable[..., Pki]:
    """A new authority."""
    return Pki


@pytest.fixture
def generated() -> Callable[[Kind], KeyMaterial]:
    """A new key."""
    return generate_key


class Elsewhere:
    """An asyncio loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Awaitable[T]) -> T:
        return self.begin(work).result(20)

    def begin(self, work: Awaitable[T]) -> Future[T]:
        async def awaited() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(awaited(), self.loop)

    def stop(self) -> None:
        async def rest() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.run(rest())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    """Where the other side lives: the reactor has this thread."""
    made = Elsewhere()
    yield made
    made.stop()
