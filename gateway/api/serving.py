"""From an operation to a served route (接口的运行): check, call, answer, and turn every failure into a problem."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from twisted.web.server import Request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from gateway.api.envelope import envelope_of
from gateway.api.operation import Call, Operation, Reply, Stream
from gateway.api.problems import MEDIA_TYPE, Problem
from gateway.api.reception import Reception, Receptionist
from gateway.api.streaming import send
from gateway.api.threads import Threads
from gateway.api.validation import RETRY_AFTER, explained, problem_of

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Server": "gateway",
    "X-Content-Type-Options": "nosniff",
}


class Server:
    """Serves operations on one Klein application."""

    def __init__(self, threads: Threads, receptionist: Receptionist, max_streams: int):
        from klein import Klein  # here: importing it installs the default reactor, and which one is not ours to say

        self.app = Klein()
        self.app.url_map.merge_slashes = False  # an item id may hold any slashes
        self._threads, self._receptionist, self._max_streams = threads, receptionist, max_streams
        self._streams = 0
        self.app.handle_errors(HTTPException)(self._unrouted)

    def add(self, operation: Operation) -> None:
        """Serve ``operation`` under its path and method."""

        async def endpoint(request: Request, **path: str) -> bytes:
            return await self._serve(operation, request, path)

        route = operation.path.replace("{item_id}", "<path:item_id>").replace("{", "<").replace("}", ">")
        self.app.route(route, methods=[operation.method], endpoint=operation.name, strict_slashes=True)(endpoint)

    async def _serve(self, operation: Operation, request: Request, path: dict[str, str]) -> bytes:
        try:
            with explained():
                envelope = envelope_of(request.method, request.uri, request)
                met = self._receptionist.complete(operation, reception_of(request), envelope)
                call = Call(met.client, envelope, _path(path), _query(operation, request), met.upload)
                reply = await operation.handler(call)
                if isinstance(reply, Stream):
                    return await self._stream(request, reply)
                return _write(request, reply)
        except Problem as problem:
            return _refuse(request, problem)
        finally:
            _let_go(request)

    async def _stream(self, request: Request, stream: Stream) -> bytes:
        if self._streams >= self._max_streams:
            raise Problem("BUSY", headers=dict(RETRY_AFTER))
        self._streams += 1
        try:
            _head(request, 200, stream.media_type, dict(stream.headers))
            if request.method != b"HEAD":
                await send(request, self._threads, stream.pieces)
        finally:
            self._streams -= 1
        return b""

    def _unrouted(self, request: Request, failure: Any) -> bytes:
        wrong_method = isinstance(failure.value, MethodNotAllowed)
        headers = {"Allow": ", ".join(failure.value.valid_methods or ())} if wrong_method else {}
        _let_go(request)
        return _refuse(request, Problem("METHOD_NOT_ALLOWED" if wrong_method else "NOT_FOUND", headers=headers))


def _path(given: dict[str, str]) -> dict[str, str]:
    if not all(value.isprintable() for value in given.values()):  # no number of anything has control characters
        raise Problem("NOT_FOUND")
    return given


def _query(operation: Operation, request: Request) -> BaseModel | None:
    given = {name.decode("utf-8", "replace"): values for name, values in (request.args or {}).items()}
    if operation.query is None:
        if given:
            raise Problem("BAD_FIELD", field="query", en="this address takes no parameters", zh="该地址不接受参数。")
        return None
    repeated = next((name for name, values in given.items() if len(values) > 1), None)
    if repeated is not None:
        raise Problem("BAD_FIELD", field="query", en="a parameter is given twice", zh="参数重复。")
    try:
        return operation.query.model_validate({n: values[0].decode("utf-8", "replace") for n, values in given.items()})
    except ValidationError as error:
        raise problem_of(error) from None


def _head(request: Request, status: int, media_type: str, headers: dict[str, str]) -> None:
    request.setResponseCode(status)
    for name, value in {**SECURITY_HEADERS, "Content-Type": media_type, **headers}.items():
        request.responseHeaders.setRawHeaders(name, [value])


def _write(request: Request, reply: Reply) -> bytes:
    content = reply.content
    body = content if isinstance(content, bytes) else content.model_dump_json().encode()
    _head(request, reply.status, reply.media_type, {"Content-Length": str(len(body)), **reply.headers})
    return body


def _refuse(request: Request, problem: Problem) -> bytes:
    return _write(request, Reply(problem.status, problem.document(), MEDIA_TYPE, problem.headers))


def reception_of(request: Request) -> Reception | None:
    """What was decided when the request's body began to arrive; None when it has none."""
    found: Reception | None = getattr(getattr(request, "receiver", None), "reception", None)
    return found


def _let_go(request: Request) -> None:
    """An upload that nobody finished leaves no trace."""
    reception = reception_of(request)
    if reception is not None and reception.upload is not None:
        reception.upload.lost()
