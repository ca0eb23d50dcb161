"""Looking after the keystore (密钥库巡视): that it can be read, so that no rotation is missed in silence."""

from __future__ import annotations

from typing import Final

from gateway.services.context import Context
from gateway.store import alerts
from gateway.wiring.live_keys import LiveKeys
from gateway.wiring.peer_checks import PeerChecks

AGAIN_MS: Final = 3_600_000  # a trouble that lasts is told again


class KeyWatch:
    """One node's; blocking."""

    def __init__(self, context: Context, keys: LiveKeys, peers: PeerChecks):
        self._context, self._keys, self._peers = context, keys, peers
        self._told: dict[str, tuple[str, int]] = {}

    def look(self) -> None:
        """Take over what has changed; raise an alert where the file cannot be read, or a revocation list is overdue."""
        self._keys.now()
        troubles = {f"crl {alias}": why for alias, why in self._peers.overdue.items()}
        if self._keys.trouble is not None:
            troubles[""] = self._keys.trouble
        self._told = {what: said for what, said in self._told.items() if what in troubles}
        now = self._context.clock.now_ms()
        for what, why in troubles.items():
            if what not in self._told or self._told[what][0] != why or now - self._told[what][1] >= AGAIN_MS:
                (self._unreadable if what == "" else self._overdue)(why, what.removeprefix("crl "), now)
                self._told[what] = why, now

    def _overdue(self, why: str, alias: str, now: int) -> None:
        with self._context.store.begin() as tx:
            alerts.raise_alert(
                tx,
                "revocation-list-overdue",
                alias,
                f"证书吊销列表缺失或过期（{alias}）：{why}。按 keystore.stale_crl 暂予放行，"
                "对方已吊销的证书可能未被发现；请更新列表。",
                f"revocation list of {alias}: {why}. By keystore.stale_crl peers are let through, and one whose certificate "
                "was revoked meanwhile is not noticed: put a current list there",
                now,
            )

    def _unreadable(self, trouble: str, _what: str, now: int) -> None:
        with self._context.store.begin() as tx:
            alerts.raise_alert(
                tx,
                "keystore-unreadable",
                "keystore",
                f"密钥库无法读取：{trouble}。网关以先前的密钥继续运行，但密钥变更（包括吊销）不会生效；请立即恢复密钥库文件。",
                f"the keystore cannot be read: {trouble}. The gateway goes on with the keys known before, and no change of "
                "keys takes effect, not even a revocation: restore the file at once",
                now,
            )
