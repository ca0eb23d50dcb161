"""Taking batches in (批次接收): headers checked, items sealed on arrival, and the check put to work.

Everything here blocks and runs in a thread. A batch is idempotent (architecture, money rule 7): the
same number with the same header and the same bytes is the same batch, whatever was interrupted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from gateway.clock import Clock
from gateway.services import batch_acts
from gateway.services.completion import ORDINARY_PRIORITY, URGENT_PRIORITY
from gateway.services.projects import ProjectList
from gateway.store import batches, work
from gateway.store.batches import NewBatch
from gateway.store.database import Store
from gateway.store.records import Batch, BatchState, Content
from gateway.store.vault import Vault
from messages.batch.header import BatchHeader
from messages.batch.header_reading import header_data, header_digest
from messages.batch.numbering import batch_reference


class NotPayable(Exception):
    """The header is well formed, but such a batch may not be paid; for people, in both languages."""

    def __init__(self, field: str, zh: str, en: str):
        self.field, self.zh, self.en = field, zh, en
        super().__init__(f"{field}: {en}")


class NoSuchBatch(Exception):
    """The client has no batch of this number."""


class EmptyContent(Exception):
    """An upload without a byte."""


class DigestDiffers(Exception):
    """What arrived is not what its sender meant to send."""


class ItemWriter(Protocol):
    """Where the bytes of items go."""

    def write(self, data: bytes) -> object:
        """More bytes."""

    def commit(self) -> Content:
        """Durable, with size and digest; raises EmptyContent, DigestDiffers, VaultFull, and then nothing is left."""

    def abandon(self) -> None:
        """Leave no trace; harmless after ``commit``."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What takes batches in; ``gateway_code`` is part of every reference."""

    store: Store
    vault: Vault
    clock: Clock
    gateway_code: str
    projects: Mapping[int, ProjectList]  # by fiscal year
    hurry: Callable[[], None] = lambda: None  # there is work now; called from any thread

    def open_batch(self, client_id: str, header: BatchHeader, origin: str = "") -> tuple[Batch, bool]:
        """(batch, True when it is new). Raises NotPayable, BatchConflict. ``origin``: from where, for the audit.

        A header that was taken once is taken again even when the list of projects has changed since.
        """
        new = NewBatch(
            client_id=client_id,
            batch_no=header.batch_no,
            reference=batch_reference(self.gateway_code, client_id, header.batch_no),
            header=header_data(header),
            header_sha256=header_digest(header),
            urgent=header.urgent,
        )
        with self.store.begin() as tx:
            if batches.find(tx, client_id, header.batch_no) is None:
                require_payable(self.projects, header)
            now = self.clock.now_ms()
            batch, created = batches.open_batch(tx, new, now)
            if created:
                batch_acts.opened(tx, batch, origin, now)
            return batch, created

    def writer(self, client_id: str, batch_no: str, media_type: str, declared_sha256: str | None) -> ItemWriter:
        """Where to write a batch's items; raises NoSuchBatch, VaultFull.

        A batch that has its items already needs no second copy: then only the digest is taken.
        """
        with self.store.read() as tx:
            batch = batches.find(tx, client_id, batch_no)
        if batch is None:
            raise NoSuchBatch(batch_no)
        if batch.state is not BatchState.OPEN:
            return CheckedWriter(DigestOnly(media_type), declared_sha256)
        return CheckedWriter(self.vault.create(media_type), declared_sha256)

    def attach(self, client_id: str, batch_no: str, content: Content, origin: str = "") -> tuple[Batch, bool]:
        """(batch, True when this made it RECEIVED and put its check to work). Raises ContentConflict."""
        now = self.clock.now_ms()
        with self.store.begin() as tx:
            batch = batches.find(tx, client_id, batch_no)
            if batch is None:
                raise NoSuchBatch(batch_no)
            batch, attached = batches.attach_content(tx, batch.batch_id, content, now)
            if attached:
                priority = URGENT_PRIORITY if batch.urgent else ORDINARY_PRIORITY
                subject = {"batch_id": batch.batch_id}
                work.put(tx, "check", str(batch.batch_id), subject, due_at_ms=now, priority=priority)
                batch_acts.received(tx, batch, origin, now)
        if attached:
            self.hurry()
        return batch, attached


def require_payable(projects: Mapping[int, ProjectList], header: BatchHeader) -> None:
    """Raise NotPayable unless the year's list has the project under this policy name (R22, R17)."""
    listed = projects.get(header.fiscal_year)
    if listed is None:
        raise NotPayable(
            "fiscal_year",
            f"{header.fiscal_year} 年度补贴项目清单尚未登记，请联系网关管理员。",
            f"no list of projects for {header.fiscal_year} is loaded: ask the gateway's administrator",
        )
    project = listed.find(header.project_code)
    if project is None:
        raise NotPayable(
            "project_code",
            f"补贴项目不在 {listed.year} 年度清单内，不得通过“一卡通”发放。",
            f"the project is not on the list of {listed.year}: only listed projects may be paid",
        )
    if project.social_insurance:
        raise NotPayable(
            "project_code",
            "社会保险待遇不纳入“一卡通”补贴发放范围。",
            "social insurance benefits are not paid through this system",
        )
    if project.policy_name != header.policy_name:
        raise NotPayable(
            "policy_name",
            f"政策名称与 {listed.year} 年度清单中该项目的名称不一致，请核对补贴项目代码和政策名称。",
            f"the policy name is not the one that the list of {listed.year} has for this project: check both",
        )


class CheckedWriter:
    """A vault writer that keeps nothing empty and nothing that differs from its declared digest."""

    def __init__(self, vault_writer: ItemWriter, declared_sha256: str | None):
        self._writer, self._declared = vault_writer, declared_sha256
        self._digest, self._size = hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        """More bytes; raises VaultFull."""
        self._writer.write(data)
        self._size += len(data)
        if self._declared is not None:
            self._digest.update(data)

    def commit(self) -> Content:
        """Durable, or not there at all."""
        try:
            if not self._size:
                raise EmptyContent
            if self._declared is not None and self._digest.hexdigest() != self._declared:
                raise DigestDiffers
            return self._writer.commit()
        finally:
            self._writer.abandon()

    def abandon(self) -> None:
        """Leave no trace."""
        self._writer.abandon()


class DigestOnly:
    """Takes the digest of an upload that is not needed any more."""

    def __init__(self, media_type: str):
        self._media_type, self._digest, self._size = media_type, hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        """More bytes."""
        self._digest.update(data)
        self._size += len(data)

    def commit(self) -> Content:
        """What it would have been; its empty name is in no vault."""
        return Content("", self._digest.hexdigest(), self._size, self._media_type)

    def abandon(self) -> None:
        """Nothing was written."""
