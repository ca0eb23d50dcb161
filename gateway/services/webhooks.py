"""Work ``webhook``: the platform is told what happened (结果反馈), signed, until it has taken it (T8, R2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from gateway.core.backoff import retry_delay_ms
from gateway.services.context import Context
from gateway.services.jobs import Later, finish
from gateway.store import alerts, outbox
from gateway.store.records import OutboxMessage, Work
from gateway.transports.contract import TransportFault

ALERT_AFTER_ATTEMPTS = 8


class Platform(Protocol):
    """Where one client is told things."""

    async def tell(self, body: bytes, key: str) -> int:
        """Post one signed message; the HTTP status. Raises TransportFault."""


class Webhooks:
    """Delivers outbox messages, each at least once and with the same body and key every time."""

    def __init__(self, context: Context, platforms: Mapping[str, Platform], blocking: Callable[..., Awaitable[Any]]):
        self._context, self._platforms, self._blocking = context, platforms, blocking

    async def deliver(self, work: Work) -> Later | None:
        """One attempt; a client without an address reads by query, so its messages are done at once."""
        message: OutboxMessage = await self._blocking(self._load, int(work.subject["outbox_id"]))
        platform = self._platforms.get(message.destination)
        if platform is None or message.delivered_at_ms is not None:
            await self._blocking(self._delivered, work, message)
            return None
        try:
            status = await platform.tell(message.body, message.key)
            problem = None if 200 <= status < 300 else f"the platform answered HTTP {status}"
        except TransportFault as fault:
            problem = str(fault)
        if problem is None:
            await self._blocking(self._delivered, work, message)
            return None
        await self._blocking(self._attempted, work, message, problem)
        return Later(self._context.clock.now_ms() + retry_delay_ms(work.key, work.attempts), problem)

    def _load(self, outbox_id: int) -> OutboxMessage:
        with self._context.store.read() as tx:
            return outbox.by_id(tx, outbox_id)

    def _delivered(self, work: Work, message: OutboxMessage) -> None:
        with self._context.store.begin() as tx:
            outbox.delivered(tx, message.outbox_id, self._context.clock.now_ms())
            finish(tx, work)

    def _attempted(self, work: Work, message: OutboxMessage, problem: str) -> None:
        now = self._context.clock.now_ms()
        with self._context.store.begin() as tx:
            outbox.attempted(tx, message.outbox_id, problem, now)
            if work.attempts >= ALERT_AFTER_ATTEMPTS:
                alerts.raise_alert(
                    tx,
                    "platform-unreachable",
                    message.destination,
                    f"结果通知多次未能送达平台 {message.destination}：{problem}；将继续重试，平台可主动查询。",
                    f"platform {message.destination} does not take its messages: {problem}; "
                    "they are retried, and it can query",
                    now,
                )
