"""Small calls over plain loopback HTTP and over TLS."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_twisted

from gateway.transports.contract import Misconfigured, TransportFault
from gateway.transports.json_http import JsonHttp

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
Act = Callable[[socket.socket], None]


class Provider:
    """A plain HTTP server that does one thing to every connection after reading the request."""

    def __init__(self) -> None:
        self.act: Act = lambda connection: connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\n{}"
        )
        self.seen: list[bytes] = []
        self.released = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/v1/lots"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(5)
                    self.seen.append(self._request(connection))
                    self.act(connection)

    @staticmethod
    def _request(connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data or (b"POST" in data and not data.endswith(b"}")):
            data += connection.recv(65536)
        return data

    def stop(self) -> None:
        self.released.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    """An SMS provider."""
    provider = Provider()
    yield provider
    provider.stop()


@pytest_twisted.async_yield_fixture
async def http() -> Any:
    """Our side."""
    from twisted.internet import reactor

    client = JsonHttp(reactor)
    yield client
    await client.close()


@pytest_twisted.ensureDeferred
async def test_a_post_carries_its_body_and_headers_and_brings_the_answer(provider: Provider, http: Any) -> None:
    answer = await http.post(provider.url, b'{"lot_id":"1"}', {"X-Client": "gateway"}, 2, 100)
    assert (answer.reply.status, answer.reply.headers["x-a"], answer.reply.body_bytes, answer.body) == (
        200,
        "b",
        2,
        b"{}",
    )
    assert provider.seen[0].startswith(b"POST /v1/lots HTTP/1.1\r\n")
    assert b"X-Client: gateway\r\n" in provider.seen[0]
    assert provider.seen[0].endswith(b'\r\n\r\n{"lot_id":"1"}')


@pytest_twisted.ensureDeferred
async def test_a_get_asks(provider: Provider, http: Any) -> None:
    assert (await http.get(provider.url + "/1", {}, 2, 100)).body == b"{}"
    assert provider.seen[0].startswith(b"GET /v1/lots/1 HTTP/1.1\r\n")


def cut(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{")


def too_large(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + b"x" * 101)


@pytest.mark.parametrize("what", ["drop", "stall", "cut", "too_large"])
@pytest_twisted.ensureDeferred
async def test_a_broken_post_is_maybe_sent_and_a_broken_get_is_not(provider: Provider, http: Any, what: str) -> None:
    acts: dict[str, Act] = {
        "drop": lambda _connection: None,
        "stall": lambda _connection: provider.released.wait(0.6) and None,
        "cut": cut,
        "too_large": too_large,
    }
    provider.act = acts[what]
    with pytest.raises(TransportFault) as caught:
        await http.post(provider.url, b"{}", {}, 0.3, 100)
    assert caught.value.maybe_sent is True
    with pytest.raises(TransportFault) as caught:
        await http.get(provider.url, {}, 0.3, 100)
    assert caught.value.maybe_sent is False


@pytest_twisted.ensureDeferred
async def test_nobody_listening_is_surely_not_sent(http: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(TransportFault, match="cannot connect") as caught:
            await http.post(f"http://127.0.0.1:{unused.getsockname()[1]}/", b"{}", {}, 2, 100)
    assert caught.value.maybe_sent is False


@pytest.mark.parametrize("host", ["sms.example.com", "10.0.0.1", "127.0.0.1.example.com"])
@pytest_twisted.ensureDeferred
async def test_plain_http_to_another_machine_is_refused(http: Any, host: str) -> None:
    with pytest.raises(Misconfigured, match="must be reached by https"):
        await http.post(f"http://{host}/v1/lots", b"{}", {}, 2, 100)


@pytest.mark.parametrize("url", ["", "ftp://127.0.0.1/", "http://", "https://127.0.0.1:x/", "http://例.cn/"])
@pytest_twisted.ensureDeferred
async def test_an_address_that_is_none_is_misconfigured(http: Any, url: str) -> None:
    with pytest.raises(Misconfigured):
        await http.get(url, {}, 2, 100)


@pytest_twisted.ensureDeferred
async def test_over_tls_both_sides_prove_themselves(tls: Any) -> None:
    bank = tls.bank()
    leaf = tls.client_ca.issue_cert("gateway@example.org")
    pem = leaf.private_key_and_cert_chain_pem.bytes()
    client = JsonHttp(tls.reactor, tls.bank_ca.cert_pem.bytes(), pem)
    tls.opened.append(client)
    assert (await client.post(f"https://127.0.0.1:{bank.port}/", b"{}", {}, 2, 100)).reply.status == 202
    stranger = JsonHttp(tls.reactor, client_certificate=pem)
    tls.opened.append(stranger)
    with pytest.raises(Misconfigured, match="trusted_ca"):
        await stranger.post(f"https://127.0.0.1:{bank.port}/", b"{}", {}, 2, 100)
