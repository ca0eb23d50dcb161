"""Keeping the audit (审计日常): what a node writes when it starts, and what it does for the audit every hour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from crypto.contract import CryptoError
from crypto.keystore import Keystore
from gateway.clock import Clock
from gateway.services import auditing
from gateway.services.anchors import keep_anchored
from gateway.services.key_admin import KeyAdmin
from gateway.services.refusal_log import RefusalLog
from gateway.services.start_record import write_start
from gateway.settings import Settings
from gateway.store.database import Store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AuditKeeping:
    """For one node; everything here blocks. ``open_keys`` opens a keystore of its own: changes are made in it."""

    settings: Settings
    store: Store
    clock: Clock
    open_keys: Callable[[], Keystore]
    refusals: RefusalLog

    def started(self) -> None:
        """Write down what is in force from now on; a node that cannot write its audit does not start."""
        with self.store.begin() as tx:
            write_start(tx, self.settings, self.clock.now_ms())

    def stopped(self) -> None:
        """Write down what was counted, and the orderly stop."""
        self.refusals.flush()
        with self.store.begin() as tx:
            now = self.clock.now_ms()
            auditing.write(
                tx, auditing.GATEWAY, "gateway.stopped", self.settings.node, now, after={"node": self.settings.node}
            )

    def hourly(self) -> None:
        """Counted refusals, key changes that a crash interrupted, and the anchor of the day."""
        self.refusals.flush()
        try:
            keys = self.open_keys()
            KeyAdmin(self.store, keys, self.clock).catch_up()
        except (CryptoError, OSError) as fault:  # the watch over the keystore raises the alert
            log.error("no keystore for the audit's hourly work", why=str(fault))
            return
        keep_anchored(self.store, keys, self.settings.anchor_directory, self.clock.now_ms())
