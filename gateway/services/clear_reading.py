"""Reading personal data in clear (明文查看个人信息): an act of a person with a purpose, written down before it happens.

Whoever may (a privacy officer) says why: one of a closed list, and the number of the paper that asks for it. The entry is
committed to the audit before a field leaves; who reads much raises an alert, and who reads very much is stopped for the
day. The act is bound to one item: there is no way to read many at once. (个人信息保护法: 目的明确、最小必要; see
``docs/security.md``.)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from gateway.clock import Clock, instant
from gateway.core.act_values import Kind, fault_in, personal_in_text, reference
from gateway.core.authority import Actor, NotAllowed, Permission, require
from gateway.core.masking import FIELDS
from gateway.services import auditing
from gateway.services.answer_shapes import ClearItem
from gateway.services.answers import Answers
from gateway.store import alerts, clear_readings
from gateway.store.database import Store

LONGEST_REFERENCE: Final = 100


class Purpose(StrEnum):
    """Why personal data may be read in clear (处理目的)."""

    COMPLAINT = "COMPLAINT"  # 核实群众来信来访
    RETURNED_PAYMENT = "RETURNED_PAYMENT"  # 退汇核实与补发
    BANK_INQUIRY = "BANK_INQUIRY"  # 与代发银行核对差错
    DATA_SUBJECT = "DATA_SUBJECT"  # 个人信息主体查阅、复制、更正 (个人信息保护法 第四十五、四十六条)
    SUPERVISION = "SUPERVISION"  # 审计、纪检监察调阅
    JUDICIAL = "JUDICIAL"  # 司法协助


class ReadingRefused(Exception):
    """It is not shown; ``code`` for programs, ``zh`` and ``en`` say why."""

    def __init__(self, code: str, zh: str, en: str):
        self.code, self.zh, self.en = code, zh, en
        super().__init__(en)


class NoSuchItem(Exception):
    """The client has no such batch, or the batch no such accepted item."""


@dataclass(frozen=True, slots=True)
class Why:
    """The stated reason."""

    purpose: Purpose
    reference_no: str  # 公文、工单或信访编号


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """How many items one person may read in clear on one day (Beijing)."""

    alert_above: int = 20
    most: int = 200


@dataclass(frozen=True, slots=True)
class ClearReading:
    """The one way to personal data in clear; blocks, and runs in a thread."""

    store: Store
    answers: Answers
    clock: Clock
    limits: ReadingLimits = ReadingLimits()

    def read(self, actor: Actor, client_id: str, batch_no: str, item_id: str, why: Why) -> ClearItem:
        """The item of ``client_id``'s batch in clear; raises NotAllowed, ReadingRefused, NoSuchItem, StoreError.

        When it returns, the act is durable in the audit.
        """
        try:
            require(actor, Permission.PERSONAL_CLEAR, client_id)
            reference_no = _fit(why.reference_no)
        except (NotAllowed, ReadingRefused) as refused:
            self._refused(actor, client_id, refused)
            raise
        batch = self.answers.find(client_id, batch_no)
        item = None if batch is None else self.answers.in_clear(batch, item_id)
        if item is None:
            raise NoSuchItem
        self._written_down(actor, client_id, item, Why(why.purpose, reference_no))
        return item

    def _written_down(self, actor: Actor, client_id: str, item: ClearItem, why: Why) -> None:
        now = self.clock.now_ms()
        with self.store.begin() as tx:
            before = clear_readings.since(tx, reference(actor.name), _midnight_ms(now))
            too_many = before >= self.limits.most
            if before >= self.limits.alert_above:
                self._alert(tx, actor, before if too_many else before + 1, now)
            if not too_many:
                said = {"code": why.purpose.value, "why": why.reference_no, "field": _given(item), "client": client_id}
                place = {"client": reference(client_id), "bank": reference(item.bank)}
                auditing.write(tx, actor, clear_readings.ACTION, item.reference, now, after=said | place)
        if too_many:
            refused = _too_many(self.limits.most)
            self._refused(actor, client_id, refused)
            raise refused

    def _alert(self, tx: Connection, actor: Actor, count: int, now: int) -> None:
        who, day, limit = reference(actor.name), instant(now).date().isoformat(), self.limits.alert_above
        alerts.raise_alert(
            tx,
            "clear-reading-many",
            f"{who}/{day}",
            f"{who} 于 {day} 已明文查看 {count} 笔个人信息，超过 {limit} 笔：请核实其目的（审计 personal.read-clear）。",
            f"{who} has read {count} items in clear on {day}, more than {limit}: ask why (audit personal.read-clear)",
            now,
        )

    def _refused(self, actor: Actor, client_id: str, why: NotAllowed | ReadingRefused) -> None:
        code = why.code if isinstance(why, ReadingRefused) else "not-allowed"
        after = {"code": code, "permission": Permission.PERSONAL_CLEAR.value, "roles": sorted(actor.roles)}
        with self.store.begin() as tx:
            auditing.write(tx, actor, "operator.refused", client_id, self.clock.now_ms(), after=after)


def _fit(reference_no: str) -> str:
    """The number of the paper; it goes into the audit, so it must not itself be somebody's number."""
    number = reference_no.strip()
    if not number or len(number) > LONGEST_REFERENCE:
        raise ReadingRefused(
            "no-reference",
            f"请填写公文、工单或信访编号（至多 {LONGEST_REFERENCE} 字）。",
            f"give the number of the paper that asks for it, at most {LONGEST_REFERENCE} characters",
        )
    if personal_in_text(number) is not None or fault_in(Kind.TEXT, number) is not None:
        raise ReadingRefused(
            "bad-reference",
            "编号疑似含有个人信息，请填写公文、工单或信访编号。",
            "the number looks like personal data: give the number of the paper, not the person's",
        )
    return number


def _too_many(most: int) -> ReadingRefused:
    return ReadingRefused(
        "too-many",
        f"今日明文查看已达 {most} 笔上限，明日可继续；确需更多请联系个人信息保护负责人。",
        f"{most} items have been read in clear today, which is the most; go on tomorrow",
    )


def _given(item: ClearItem) -> list[str]:
    return [name for name in FIELDS if getattr(item, name) is not None]


def _midnight_ms(now_ms: int) -> int:
    """When the day began in China."""
    now = instant(now_ms)
    begun = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return now_ms - (now - begun) // timedelta(milliseconds=1)
