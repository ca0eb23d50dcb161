"""The HTTPS door of a simulated bank: certificates on both sides; asked by a path of its own, or by messages.

With an inquiry path the answers carry the order's status under an ETag; without one every message, form or document, is
posted to one place and answered there.
"""

from __future__ import annotations

from typing import Any, Final

import orjson
from klein import Klein
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from simulators.bank_contract import NotGenuine, Outgoing, Seal, Taken
from simulators.declaration import Declaration
from simulators.engine import SimulatedBank
from simulators.http_door import Answer, answer, body_of, drop, header_of, replied

_CUT_AFTER_SECONDS: Final = 0.1  # time for the first half to leave
_MEDIA_TYPES: Final = {"application/x-www-form-urlencoded": "text/plain"}
"""What a bank answers to a form is not a form."""


class HttpsDoor:
    """The bank's HTTP interface; ``app`` is to be served."""

    _log = Logger()

    def __init__(self, reactor: Any, bank: SimulatedBank, seal: Seal, declaration: Declaration):
        self._reactor, self._bank, self._seal = reactor, bank, seal
        self._header = declaration.security.signature_header
        wire = declaration.transport
        media_type = _MEDIA_TYPES.get(wire.content_type, wire.content_type)
        self._media_type = f"{media_type}; charset={declaration.encoding}"
        self.app = Klein()
        self.app.route(wire.submit_path, methods=["POST"])(self._submit)
        if wire.inquiry_path is not None:
            path = wire.inquiry_path.replace("{message_id}", "<message_id>")
            self.app.route(path, methods=["GET"])(self._inquire)

    async def _submit(self, request: Any) -> bytes:
        if self._bank.away:
            return await drop(request)
        name = header_of(request, "X-Message-Id") or ""
        given = header_of(request, self._header)
        signature = None if given is None else given.encode("ascii", "replace")
        pool = self._reactor.getThreadPool()
        try:
            work: Deferred[Taken] = deferToThreadPool(
                self._reactor, pool, self._taken, name, body_of(request), signature
            )
            taken = await work
        except NotGenuine:
            return self._refused(request, name, "SIGNATURE_INVALID", 401)
        if taken.reply is None:
            return self._refused(request, name, "OTHER_CONTENT_BOOKED", 409)
        if not taken.reply.whole:
            return await self._cut(request, taken.reply)
        sent = replied(self._reactor, request, taken.effects, self._shown(request, taken.reply), self._bank.desk.clock)
        return sent if isinstance(sent, bytes) else await sent

    def _taken(self, name: str, body: bytes, signature: bytes | None) -> Taken:
        """In a thread: a caller who hangs up cancels his request, never what follows from an order that is booked."""
        taken = self._bank.receive(name, body, signature)
        if taken.follow_up is not None:
            self._reactor.getThreadPool().callInThreadWithCallback(self._prepared, taken.follow_up)
        return taken

    def _prepared(self, success: bool, result: Any) -> None:
        if not success:
            self._log.failure("what follows from an order could not be prepared", result)

    def _inquire(self, request: Any, message_id: str) -> Answer:
        if self._bank.away:
            return drop(request)
        kept = self._bank.report_on(message_id)
        if kept is None:
            return self._shown(request, self._bank.absent(message_id), 404)
        if header_of(request, "If-None-Match") == kept.tag:
            request.setHeader("ETag", kept.tag)
            return answer(request, b"", self._media_type, 304)
        outgoing = kept.outgoing()
        return self._shown(request, outgoing) if outgoing.whole else self._cut(request, outgoing)

    def _shown(self, request: Any, outgoing: Outgoing, code: int = 200) -> bytes:
        self._sign(request, outgoing)
        media_type = self._media_type if code != 404 else "application/json"
        return answer(request, outgoing.content, media_type, code)

    def _sign(self, request: Any, outgoing: Outgoing) -> None:
        if outgoing.tag:
            request.setHeader("ETag", outgoing.tag)
        if outgoing.signature is not None:
            request.setHeader(self._header, outgoing.signature)

    def _refused(self, request: Any, message_id: str, status: str, code: int) -> bytes:
        """What this wire says where the bank's messages say nothing."""
        content, signature = orjson.dumps({"message_id": message_id, "status": status}), None
        if self._bank.wire.rest:
            content, signature = self._seal.close(message_id, content, None)
        if signature is not None:
            request.setHeader(self._header, signature)
        return answer(request, content, "application/json", code)

    def _cut(self, request: Any, outgoing: Outgoing) -> Deferred[bytes]:
        """Half of what the length promises, then the line is dead."""
        self._sign(request, outgoing)
        content = outgoing.content
        request.setHeader("content-length", str(len(content)))
        request.write(content[: len(content) // 2])
        self._reactor.callLater(_CUT_AFTER_SECONDS, request.transport.abortConnection)
        never: Deferred[bytes] = Deferred()
        return never
