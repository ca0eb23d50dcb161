"""Connecting: the host key is checked before login, and nothing hangs."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Any

import asyncssh
import pytest

from gateway.transports.contract import FileTransport, Misconfigured, TransportFault

BODY = os.urandom(300_000)
NAME = "DFB2026112300000001.txt"


def chunks(body: bytes, step: int = 70_001) -> list[bytes]:
    return [body[start : start + step] for start in range(0, len(body), step)]


def put(sftp: FileTransport, body: bytes = BODY) -> None:
    sftp.put("/in", NAME, chunks(body), len(body))


def test_another_host_key_is_refused_before_login_and_both_fingerprints_are_named(bank: Any) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    transport = bank.transport(host_keys=(other.export_public_key().decode(),))
    with pytest.raises(Misconfigured) as caught:
        put(transport)
    message = str(caught.value)
    assert bank.host_key.get_fingerprint() in message
    assert other.get_fingerprint() in message
    assert "host_keys" in message
    assert bank.logins == []


def test_a_host_key_of_another_kind_is_refused_and_named_too(bank: Any) -> None:
    other = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
    with pytest.raises(Misconfigured, match="shows host key ssh-ed25519 SHA256:"):
        put(bank.transport(host_keys=(other.export_public_key().decode(),)))
    assert bank.logins == []


def test_any_of_several_pinned_keys_will_do_so_that_a_bank_can_rotate(bank: Any) -> None:
    upcoming = asyncssh.generate_private_key("ecdsa-sha2-nistp256").export_public_key().decode()
    transport = bank.transport(host_keys=(upcoming, bank.host_key_line))
    put(transport)
    transport.close()


def test_a_login_key_that_the_bank_does_not_know_is_misconfigured(bank: Any) -> None:
    stranger = asyncssh.generate_private_key("ssh-ed25519").export_private_key("pkcs8-pem")
    with pytest.raises(Misconfigured, match="must register this public key"):
        put(bank.transport(private_key=stranger))


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
@pytest.mark.parametrize("form", ["pkcs8-pem", "openssh"])
def test_every_kind_of_login_key_works(bank: Any, kind: str, form: str) -> None:
    bank.user_key = asyncssh.generate_private_key(kind)
    transport = bank.transport()
    put(transport)
    transport.close()


def test_nobody_listening_is_surely_not_sent(bank: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(TransportFault, match="cannot connect") as caught:
            put(bank.transport(port=unused.getsockname()[1]))
    assert caught.value.maybe_sent is False
    assert not isinstance(caught.value, Misconfigured)


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-", b"SSH-2.0-Silent\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_peer_that_is_silent_or_speaks_nonsense_ends_in_time(bank: Any, greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: held.append(_greet(server, greeting)), daemon=True)
        held: list[socket.socket] = []
        thread.start()
        started = time.monotonic()
        with pytest.raises(TransportFault) as caught:
            put(bank.transport(port=server.getsockname()[1]))
        assert time.monotonic() - started < 9
        assert caught.value.maybe_sent is False
        thread.join(5)
        held[0].close()


def _greet(server: socket.socket, greeting: bytes) -> socket.socket:
    connection, _ = server.accept()
    connection.sendall(greeting)
    return connection
