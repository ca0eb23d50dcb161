"""Simulator of the SMS provider (短信通道): HTTP JSON, every call signed by HMAC-SHA256.

``python -m simulators.cli sms`` starts it alone.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from pathlib import Path
from typing import Any, Final

from klein import Klein
from pydantic import ValidationError

from simulators.answers import of_type
from simulators.control import Control, Running, open_control
from simulators.http_door import Answer, answer_json, body_of, drop, header_of, listen, replied
from simulators.new_keys import Phase
from simulators.script import GoOffline, RefuseFile, Script
from simulators.sms_provider import Lot, SmsProvider, check_script

CLIENT: Final = "gateway"
_CLOCK_SKEW_SECONDS: Final = 300
_REMEMBERED_NONCES: Final = 100_000


class Gate:
    """Lets a call through whose signature, time and nonce are right."""

    def __init__(self, secret: bytes, client: str = CLIENT):
        self._secrets, self._client = [secret], client
        self.by_present_key = 0  # calls let in that were signed with the key given last
        self._nonces: dict[str, None] = {}

    def problem(self, request: Any, body: bytes) -> str | None:
        """Why a call is refused; None lets it through and spends its nonce."""
        client, stamp, nonce, given = (
            header_of(request, f"X-{name}") or "" for name in ("Client", "Timestamp", "Nonce", "Signature")
        )
        if client != self._client:
            return "unknown client"
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > _CLOCK_SKEW_SECONDS:
            return "timestamp missing or too far from now"
        if not nonce or nonce in self._nonces:
            return "nonce missing or used before"
        path = request.uri.decode("ascii")
        lines = (request.method.decode("ascii"), path, stamp, nonce, hashlib.sha256(body).hexdigest())
        said = "\n".join(lines).encode("ascii", "replace")
        expected = [hmac.new(secret, said, hashlib.sha256).hexdigest() for secret in self._secrets]
        fits = [hmac.compare_digest(one.encode(), given.encode()) for one in expected]
        if not any(fits):
            return "signature does not fit"
        self.by_present_key += fits[0]
        self._spend(nonce)
        return None

    def take_over(self, secret: bytes, phase: Phase) -> None:
        """Another shared key."""
        if secret != self._secrets[0]:
            self._secrets, self.by_present_key = [secret, self._secrets[0]], 0
        if phase is Phase.ONLY:
            self._secrets = [secret]

    def _spend(self, nonce: str) -> None:
        self._nonces[nonce] = None
        if len(self._nonces) > _REMEMBERED_NONCES:
            del self._nonces[next(iter(self._nonces))]


class SmsDoor:
    """The provider's HTTP interface."""

    def __init__(self, reactor: Any, provider: SmsProvider, gate: Gate):
        self._reactor, self._provider, self._gate = reactor, provider, gate
        self.app = Klein()
        self.app.route("/v1/lots", methods=["POST"])(self._submit)
        self.app.route("/v1/lots/<lot_id>", methods=["GET"])(self._lot)
        self.app.route("/v1/lots/<lot_id>/receipts", methods=["GET"])(self._receipts)

    def _submit(self, request: Any) -> Answer:
        body = body_of(request)
        if self._provider.desk.away:
            return drop(request)
        if problem := self._gate.problem(request, body):
            return answer_json(request, {"code": "AUTH", "text": problem}, 401)
        try:
            lot = Lot.model_validate_json(body)
        except ValidationError as error:
            places = sorted({".".join(map(str, e["loc"])) for e in error.errors(include_input=False)})
            return answer_json(request, {"code": "FORMAT", "text": f"not a lot: {', '.join(places[:5])}"}, 400)
        if len(lot.messages) > self._provider.lot_size:
            return answer_json(request, {"code": "SIZE", "text": f"at most {self._provider.lot_size} messages"}, 400)
        return self._take(request, lot)

    def _take(self, request: Any, lot: Lot) -> Answer:
        effects = self._provider.effects(lot.lot_id)
        for refusal in of_type(effects, RefuseFile):
            return answer_json(request, {"code": refusal.code, "text": refusal.text}, 422)
        taken = self._provider.take(lot)
        for away in of_type(effects, GoOffline):
            self._provider.desk.go_away(away.seconds)
        return replied(self._reactor, request, effects, answer_json(request, taken))

    def _asked(self, request: Any, found: dict[str, Any] | None) -> Answer:
        if self._provider.desk.away:
            return drop(request)
        if problem := self._gate.problem(request, b""):
            return answer_json(request, {"code": "AUTH", "text": problem}, 401)
        if found is None:
            return answer_json(request, {"code": "NOT_FOUND", "text": "no such lot"}, 404)
        return answer_json(request, found)

    def _lot(self, request: Any, lot_id: str) -> Answer:
        return self._asked(request, self._provider.answer_of(lot_id))

    def _receipts(self, request: Any, lot_id: str) -> Answer:
        return self._asked(request, self._provider.receipts_of(lot_id))


def start(reactor: Any, script: Script, keys: Path, state: Path, port: int, control_port: int) -> Running:
    """Open the door and the control port; ``keys`` is the directory that ``simulators keys`` wrote."""
    check_script(script)
    provider = SmsProvider(state, script)
    secret = keys / "sms" / "hmac.key"
    gate = Gate(secret.read_bytes())
    door = SmsDoor(reactor, provider, gate)

    def reread(phase: Phase) -> None:
        gate.take_over(secret.read_bytes(), phase)

    control = Control(provider.desk, provider, check_script, reread=reread)
    control.app.route("/control/gate", methods=["GET"])(
        lambda request: answer_json(request, {"by_present_key": gate.by_present_key})
    )
    return Running(listen(reactor, door.app.resource(), port), open_control(reactor, control, control_port))
