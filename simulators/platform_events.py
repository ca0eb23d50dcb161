"""What the platform is told (结果通知): each event kept, counted by its key, and refused as scripted."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import polars as pl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from crypto.contract import SignatureInvalid
from crypto.http_signatures import ReplayGuard, freshness_window, verify_request
from crypto.schemes.ed25519 import public_from_pem
from simulators.counterparty import Clock, Counterparty, wall_clock_ms
from simulators.matching import effects_on
from simulators.new_keys import Phase
from simulators.script import Effect, Script

_MAX_AGE_SECONDS: Final = 300
_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class GatewayKey:
    """The gateway's webhook key, as handed over when it was registered."""

    key_id: str
    key: Ed25519PublicKey

    @classmethod
    def load(cls, folder: Path) -> GatewayKey:
        """From the platform's directory of ``simulators keys``."""
        pem = (folder / "webhook-verify.pem").read_text("ascii")
        return cls((folder / "webhook-verify.keyid").read_text("ascii").strip(), public_from_pem(pem))


class PlatformEvents:
    """The receiving end of the gateway's notifications."""

    def __init__(self, script: Script, gateway: GatewayKey, clock: Clock = wall_clock_ms):
        self.desk: Counterparty[None] = Counterparty(script, clock)
        self._gateway, self._before = gateway, list[GatewayKey]()
        self._key_ids: Counter[str] = Counter()
        self._guard = ReplayGuard(freshness_window(_MAX_AGE_SECONDS))
        self._events: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._taken: Counter[str] = Counter()
        self._calls = 0
        self._unsigned = 0

    def take_over(self, gateway: GatewayKey, phase: Phase) -> None:
        """Another key of the gateway's."""
        if gateway.key_id != self._gateway.key_id:
            self._before, self._gateway = [self._gateway], gateway
        if phase is Phase.ONLY:
            self._before = []

    def problem(self, method: str, url: str, headers: dict[str, str], body: bytes) -> str | None:
        """Why a call is not the gateway's, fresh and whole; None if it is."""
        now = self.desk.clock() // 1000
        resolve = {one.key_id: one.key for one in (self._gateway, *self._before)}.get
        try:
            verified = verify_request(method, url, headers, resolve, now, _MAX_AGE_SECONDS)
            if verified.content_digest_sha256 != hashlib.sha256(body).digest():
                raise SignatureInvalid("Content-Digest is not the body's")
            if self._guard.seen(verified.key_id, verified.nonce, now):
                raise SignatureInvalid("the nonce was used before")
        except SignatureInvalid as invalid:
            self._unsigned += 1
            return str(invalid)
        self._key_ids[verified.key_id] += 1
        return None

    def effects(self, key: str) -> tuple[Effect, ...]:
        """What the script does to this call; here ``nth`` and ``first`` count calls, repetitions included."""
        self._calls += 1
        return effects_on(self.desk.script, key, self._calls)

    def take(self, key: str, body: bytes) -> None:
        """Keep one event; raises ValueError if it is not a JSON object."""
        event = orjson.loads(body)
        if not isinstance(event, dict):
            raise ValueError("an event is a JSON object")
        self._taken[key] += 1
        self._events.append({"key": key, "received_at_ms": self.desk.clock(), "event": event})

    def last(self) -> bytes:
        """The last events as NDJSON: key, received_at_ms, event; oldest first."""
        return b"".join(orjson.dumps(event) + b"\n" for event in self._events)

    def as_json(self) -> dict[str, Any]:
        """Calls in figures."""
        return {
            "calls": self._calls,
            "events": len(self._taken),
            "taken": self._taken.total(),
            "taken_again": sum(times > 1 for times in self._taken.values()),
            "signature_refused": self._unsigned,
            "signed_by": dict(self._key_ids),
        }

    def items(self) -> pl.DataFrame:
        """Columns key, times (taken), in order of first arrival."""
        schema = {"key": pl.String, "times": pl.Int64}
        return pl.DataFrame({"key": list(self._taken), "times": list(self._taken.values())}, schema=schema)
