"""The server under the API: bodies go to receivers while they arrive, and everything has a limit."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread


def head(method: str, path: str, *fields: str, close: bool = True) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *fields, *(["Connection: close"] if close else []), "", ""]
    return "\r\n".join(lines).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def until(condition: Callable[[], bool]) -> None:
    from twisted.internet import reactor, task

    for _ in range(300):
        if condition():
            return
        await task.deferLater(reactor, 0.01)
    raise AssertionError("it did not happen")


@pytest_twisted.ensureDeferred
async def test_a_small_body_is_kept_for_the_handler(server: Any) -> None:
    status, answer = await server.talk(head("POST", "/small", "Content-Length: 5") + b"hello")
    assert (status, json.loads(answer.split(b"\r\n\r\n")[1])) == (200, {"size": 5, "streamed": False, "peer": None})


@pytest_twisted.ensureDeferred
async def test_a_request_without_a_body_has_no_receiver(server: Any) -> None:
    status, _ = await server.talk(head("GET", "/streamed"))
    assert (status, server.receivers) == (200, [])


@pytest_twisted.ensureDeferred
async def test_a_body_of_known_length_goes_to_its_receiver_piece_by_piece(server: Any) -> None:
    body = bytes(range(256)) * 8000
    status, _ = await server.talk(head("PUT", "/streamed/7?a=b", f"Content-Length: {len(body)}", "X-Key: 1"), body)
    receiver = server.receivers[0]
    assert status == 200
    assert (receiver.data, receiver.ends) == (body, ["finished"])
    assert (receiver.head.method, receiver.head.path, receiver.head.target) == (
        b"PUT",
        b"/streamed/7",
        b"/streamed/7?a=b",
    )
    assert (receiver.head.length, receiver.head.headers.getRawHeaders("X-Key")) == (len(body), ["1"])


@pytest_twisted.ensureDeferred
async def test_a_chunked_body_goes_to_its_receiver_without_its_coding(server: Any) -> None:
    pieces = (chunk(b"hello "), chunk(b"world"), b"0\r\n\r\n")
    status, _ = await server.talk(head("PUT", "/streamed", "Transfer-Encoding: chunked"), *pieces)
    assert (status, server.receivers[0].data, server.receivers[0].ends) == (200, b"hello world", ["finished"])
    assert server.receivers[0].head.length is None


@pytest_twisted.ensureDeferred
async def test_several_requests_on_one_connection_have_a_receiver_each(server: Any) -> None:
    one = head("PUT", "/streamed", "Content-Length: 3", close=False) + b"abc"
    two = head("PUT", "/streamed", "Content-Length: 2") + b"de"
    _, answer = await server.talk(one + two)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert [(receiver.data, receiver.ends) for receiver in server.receivers] == [
        (b"abc", ["finished"]),
        (b"de", ["finished"]),
    ]


@pytest.mark.parametrize("rest", [b"x" * 10, b""])
@pytest.mark.parametrize("path", ["/streamed", "/small"])
@pytest_twisted.ensureDeferred
async def test_a_length_above_the_limit_is_answered_before_the_body(server: Any, path: str, rest: bytes) -> None:
    fields = ("Content-Length: 5000001", "Expect: 100-continue")
    status, answer = await server.talk(head("PUT", path, *fields, close=False) + rest)
    assert status == 413
    assert b"application/problem+json" in answer
    assert b"100 Continue" not in answer
    assert [(receiver.data, len(receiver.ends)) for receiver in server.receivers] == (
        [(b"", 1)] if path == "/streamed" else []
    )


@pytest_twisted.ensureDeferred
async def test_a_client_that_is_invited_sends_its_body(server: Any) -> None:
    status, answer = await server.talk(head("PUT", "/streamed", "Content-Length: 2", "Expect: 100-continue"), b"ok")
    assert status == 100
    assert b"HTTP/1.1 200 OK" in answer


@pytest.mark.parametrize(("path", "size"), [("/small", 1001), ("/streamed", 5_000_001)])
@pytest_twisted.ensureDeferred
async def test_a_chunked_body_above_the_limit_is_answered_and_cut_off(server: Any, path: str, size: int) -> None:
    pieces = [chunk(b"x" * min(500_000, size - start)) for start in range(0, size, 500_000)]
    status, _ = await server.talk(head("PUT", path, "Transfer-Encoding: chunked", close=False), *pieces)
    assert status == 413
    for receiver in server.receivers:
        assert len(receiver.data) <= 5_000_000
        assert receiver.ends == ["aborted: the body is above the limit of 5000000 bytes"]


@pytest_twisted.ensureDeferred
async def test_a_client_that_never_stops_is_cut_off(server: Any) -> None:
    def flood() -> int:
        sent = 0
        with server.dial() as connection:
            connection.settimeout(3)
            connection.sendall(head("PUT", "/small", "Content-Length: 9999999999"))
            try:
                while True:
                    sent += connection.send(b"x" * 65536)
            except OSError:
                return sent

    started = time.monotonic()
    await deferToThread(flood)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("fields", ["Content-Length: 100", "Transfer-Encoding: chunked"])
@pytest_twisted.ensureDeferred
async def test_a_client_that_goes_away_in_the_middle_aborts_its_receiver(server: Any, fields: str) -> None:
    def leave() -> None:
        with server.dial() as connection:
            connection.sendall(head("PUT", "/streamed", fields) + chunk(b"hello"))
            time.sleep(0.05)

    await deferToThread(leave)
    await until(lambda: bool(server.receivers and server.receivers[0].ends))
    assert len(server.receivers[0].ends) == 1
    assert server.receivers[0].ends[0].startswith("aborted: the connection ended before the body did")


@pytest_twisted.ensureDeferred
async def test_a_client_that_falls_silent_in_the_middle_is_cut_off(server: Any) -> None:
    status, _ = await server.talk(head("PUT", "/streamed", "Content-Length: 100") + b"hello")
    assert (status, len(server.receivers[0].ends)) == (0, 1)


@pytest_twisted.ensureDeferred
async def test_a_malformed_chunk_is_400_and_aborts(server: Any) -> None:
    status, _ = await server.talk(head("PUT", "/streamed", "Transfer-Encoding: chunked") + b"zz\r\n")
    assert status == 400
    await until(lambda: bool(server.receivers[0].ends))
    assert server.receivers[0].ends[0].startswith("aborted")


@pytest.mark.parametrize("second", ["Transfer-Encoding: chunked", "Content-Length: 4"])
@pytest_twisted.ensureDeferred
async def test_two_lengths_are_refused(server: Any, second: str) -> None:
    status, _ = await server.talk(head("PUT", "/streamed", "Content-Length: 3", second) + b"abcd")
    assert (status, server.receivers) == (400, [])


@pytest_twisted.ensureDeferred
async def test_a_request_may_be_refused_before_its_body(server: Any) -> None:
    status, answer = await server.talk(
        head("PUT", "/streamed", "X-Stranger: yes", "Content-Length: 4000000", close=False)
    )
    assert (status, server.receivers) == (401, [])
    assert json.loads(answer.split(b"\r\n\r\n")[1])["detail"] == "who are you"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [({"refuse_after": 100_000}, 422), ({"fail": "write"}, 500), ({"fail": "finished"}, 409)],
    ids=str,
)
@pytest_twisted.ensureDeferred
async def test_a_receiver_can_refuse_and_may_fail(server: Any, settings: dict[str, Any], expected: int) -> None:
    server.settings = settings
    status, _ = await server.talk(head("PUT", "/streamed", "Content-Length: 300000"), b"x" * 300_000)
    assert status == expected
    assert [end.split(":")[0] for end in server.receivers[0].ends] == ["aborted"]


@pytest_twisted.ensureDeferred
async def test_a_receiver_can_hold_the_sender_back(server: Any) -> None:
    from twisted.internet import reactor, task

    body = b"x" * 4_000_000
    talking = server.talk(head("PUT", "/streamed", f"Content-Length: {len(body)}"), body)
    await until(lambda: bool(server.receivers and server.receivers[0].data))
    receiver = server.receivers[0]
    receiver.head.flow.pause()
    held = len(receiver.data)
    await task.deferLater(reactor, 0.1)
    assert len(receiver.data) == held
    receiver.head.flow.resume()
    status, _ = await talking
    assert (status, len(receiver.data)) == (200, len(body))


@pytest.mark.parametrize(
    "fields", [["X-Big: " + "x" * 3000], [f"X-{number}: 1" for number in range(30)]], ids=["size", "count"]
)
@pytest_twisted.ensureDeferred
async def test_heads_are_bounded(server: Any, fields: list[str]) -> None:
    assert (await server.talk(head("GET", "/small", *fields)))[0] in (0, 400)


@pytest_twisted.ensureDeferred
async def test_an_idle_connection_is_closed(server: Any) -> None:
    started = time.monotonic()
    assert await server.talk() == (0, b"")
    assert time.monotonic() - started < 8
