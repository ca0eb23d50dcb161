"""Simulator of bank ``city-iso`` (报文接口银行): ISO 20022 over HTTPS with certificates on both sides.

``python -m simulators.cli bank-messages`` starts it alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import orjson
from klein import Klein
from twisted.internet.defer import Deferred
from twisted.internet.ssl import Certificate, CertificateOptions, PrivateCertificate
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from simulators.city_bank import CityBank, NotTheSame, Reply, Report, SignatureWrong, check_script
from simulators.control import Control, Running, open_control
from simulators.http_door import Answer, answer, body_of, drop, header_of, listen, replied
from simulators.script import Script
from simulators.signatures import RsaSeal

BANK: Final = "city-iso"
_SIGNATURE: Final = "X-Signature"
_TICK_SECONDS: Final = 0.02
_CUT_AFTER_SECONDS: Final = 0.1  # time for the first half to leave


class CityDoor:
    """The bank's HTTP interface."""

    def __init__(self, reactor: Any, bank: CityBank):
        self._reactor, self._bank = reactor, bank
        self.app = Klein()
        self.app.route("/payments", methods=["POST"])(self._submit)
        self.app.route("/payments/<message_id>", methods=["GET"])(self._inquire)

    _log = Logger()

    async def _submit(self, request: Any) -> bytes:
        if self._bank.desk.away:
            return await drop(request)
        message_id = header_of(request, "X-Message-Id") or ""
        signature = (header_of(request, _SIGNATURE) or "").encode("ascii", "replace")
        pool = self._reactor.getThreadPool()
        try:
            work: Deferred[Reply] = deferToThreadPool(
                self._reactor, pool, self._taken, message_id, body_of(request), signature
            )
            reply = await work
        except SignatureWrong:
            return self._signed_json(request, {"message_id": message_id, "status": "SIGNATURE_INVALID"}, 401)
        except NotTheSame:
            return self._signed_json(request, {"message_id": message_id, "status": "OTHER_CONTENT_BOOKED"}, 409)
        content = self._shown(request, reply.report, reply.code)
        sent = replied(self._reactor, request, reply.effects, content)
        return sent if isinstance(sent, bytes) else await sent

    def _taken(self, message_id: str, body: bytes, signature: bytes) -> Reply:
        """In a thread: a caller who hangs up cancels his request, never what follows from an order that is booked."""
        reply = self._bank.take(message_id, body, signature)
        if reply.follow_up is not None:
            self._reactor.getThreadPool().callInThreadWithCallback(self._prepared, reply.follow_up)
        return reply

    def _prepared(self, success: bool, result: Any) -> None:
        if not success:
            self._log.failure("the reports on an order could not be prepared", result)

    def _inquire(self, request: Any, message_id: str) -> Answer:
        if self._bank.desk.away:
            return drop(request)
        report = self._bank.report_on(message_id)
        if report is None:
            return self._signed_json(request, {"message_id": message_id, "status": "NOT_FOUND"}, 404)
        if header_of(request, "If-None-Match") == report.tag:
            request.setHeader("ETag", report.tag)
            return answer(request, b"", "application/xml", 304)
        if not report.whole:
            return _cut(self._reactor, request, report)
        return self._shown(request, report, 200)

    def _shown(self, request: Any, report: Report, code: int) -> bytes:
        request.setHeader("ETag", report.tag)
        if report.signature is not None:
            request.setHeader(_SIGNATURE, report.signature)
        return answer(request, report.path.read_bytes(), "application/xml; charset=utf-8", code)

    def _signed_json(self, request: Any, data: dict[str, str], code: int) -> bytes:
        content = orjson.dumps(data)
        request.setHeader(_SIGNATURE, self._bank.signed(content))
        return answer(request, content, "application/json", code)


def _cut(reactor: Any, request: Any, report: Report) -> Answer:
    """Half of what the length promises, then the line is dead."""
    content = report.path.read_bytes()
    request.setHeader("ETag", report.tag)
    request.setHeader(_SIGNATURE, report.signature)
    request.setHeader("content-length", str(len(content)))
    request.write(content[: len(content) // 2])
    reactor.callLater(_CUT_AFTER_SECONDS, request.transport.abortConnection)
    never: Deferred[bytes] = Deferred()
    return never


def tls_options(folder: Path) -> CertificateOptions:
    """The bank's certificate, and a client certificate demanded from its CA."""
    pem = (folder / "tls-server-key.pem").read_bytes() + (folder / "tls-server.pem").read_bytes()
    own: Any = PrivateCertificate.loadPEM(pem)  # type: ignore[no-untyped-call]
    authority = Certificate.loadPEM((folder / "client-ca.pem").read_bytes())
    options: CertificateOptions = own.options(authority)
    return options


def start(
    reactor: Any, script: Script, keys: Path, state: Path, port: int, control_port: int, host: str = "127.0.0.1"
) -> Running:
    """Open the door and the control port; ``keys`` is the directory that ``simulators keys`` wrote."""
    check_script(script)
    folder = keys / BANK
    bank = CityBank(state, script, RsaSeal.load(folder / "rsa-sign.pem", folder / "gateway-rsa-verify.pem"))
    bank.recover()
    ticking = LoopingCall(bank.tick)
    ticking.clock = reactor
    ticking.start(_TICK_SECONDS)
    door = listen(reactor, CityDoor(reactor, bank).app.resource(), port, host, tls_options(folder))
    return Running(door, open_control(reactor, Control(bank.desk, bank.ledger, check_script), control_port))
