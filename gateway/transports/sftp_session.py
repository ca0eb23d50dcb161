"""One SSH connection to a bank: socket, pinned host key, login with a key, SFTP channel."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import paramiko
from paramiko.sftp import SFTPError
from paramiko.ssh_exception import IncompatiblePeer

from adapters.endpoints import SftpEndpoint
from gateway.transports.contract import Misconfigured, TransportFault
from gateway.transports.deadline import Deadline
from gateway.transports.sftp_client import Client
from gateway.transports.sftp_keys import LoginRefused, PinnedKey, fingerprint, preferred_algorithms

IDLE_SECONDS_TRUSTED = 5.0  # longer unused than this, a connection is asked whether it still lives
BROKEN = (OSError, EOFError, paramiko.SSHException, SFTPError)  # what a lost or senseless peer looks like


@dataclass(slots=True)
class Session:
    """An open SFTP session and the connection under it."""

    client: Client
    _transport: paramiko.Transport
    _socket: socket.socket
    _used_at: float

    def alive(self, patience_seconds: float) -> bool:
        """Whether it can be used again; asks the server if it was idle for a while."""
        channel = self.client.get_channel()
        if channel is None or channel.closed or not self._transport.is_active():
            return False
        if time.monotonic() - self._used_at < IDLE_SECONDS_TRUSTED:
            return True
        with Deadline(patience_seconds, self.cut), suppress(*BROKEN):
            self.client.normalize(".")
            return True
        return False

    def touch(self) -> None:
        """Note that the server has just answered."""
        self._used_at = time.monotonic()

    def cut(self) -> None:
        """Break the connection at once, from any thread; whoever waits for an answer wakes with an error."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of everything."""
        self.cut()
        self._transport.close()
        self._socket.close()


def open_session(endpoint: SftpEndpoint, pins: tuple[PinnedKey, ...], key: paramiko.PKey) -> Session:
    """Connect, check the host key, log in; TransportFault, Misconfigured, LoginRefused, never having sent a message."""
    where = f"{endpoint.host}:{endpoint.port}"
    raw = _connect(endpoint, where)
    transport = paramiko.Transport(raw)
    with Deadline(2.0 * endpoint.timeout_seconds, lambda: _shut(raw)) as deadline:
        try:
            client = _establish(transport, endpoint, pins, key, where)
        except BaseException as error:
            transport.close()
            raw.close()
            if isinstance(error, BROKEN):
                raise _fault(where, error, deadline.expired) from error
            raise
    return Session(client, transport, raw, time.monotonic())


def _connect(endpoint: SftpEndpoint, where: str) -> socket.socket:
    try:
        raw = socket.create_connection((endpoint.host, endpoint.port), timeout=endpoint.timeout_seconds)
    except OSError as error:
        raise TransportFault(f"cannot connect to {where}: {error}", maybe_sent=False) from error
    # paramiko never sets TCP_NODELAY itself; without it every small answer waits for a delayed ACK.
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", 30),
        ("TCP_KEEPINTVL", 10),
        ("TCP_KEEPCNT", 3),
        ("TCP_USER_TIMEOUT", endpoint.timeout_seconds * 1000),
    ):
        if hasattr(socket, option):
            raw.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
    return raw


def _shut(raw: socket.socket) -> None:
    with suppress(OSError):
        raw.shutdown(socket.SHUT_RDWR)


def _establish(
    transport: paramiko.Transport, endpoint: SftpEndpoint, pins: tuple[PinnedKey, ...], key: paramiko.PKey, where: str
) -> Client:
    seconds = float(endpoint.timeout_seconds)
    for phase in ("banner_timeout", "handshake_timeout", "auth_timeout", "channel_timeout", "clear_to_send_timeout"):
        setattr(transport, phase, seconds)
    options = transport.get_security_options()
    options.key_types = preferred_algorithms(pins, options.key_types)
    try:
        transport.start_client(timeout=seconds)
    except IncompatiblePeer as error:
        raise Misconfigured(
            f"{where} shares no current SSH algorithm with us ({error}); the bank must offer one"
        ) from error
    _check_host_key(transport.get_remote_server_key(), pins, where)
    _log_in(transport, endpoint, key, where)
    channel = transport.open_session(timeout=seconds)
    channel.settimeout(seconds)
    channel.invoke_subsystem("sftp")
    return Client(channel)


def _check_host_key(seen: paramiko.PKey, pins: tuple[PinnedKey, ...], where: str) -> None:
    """Before any credential is shown: the key must be one of the pinned ones, bit for bit."""
    if any(pin.kind == seen.get_name() and pin.blob == seen.asbytes() for pin in pins):
        return
    pinned = ", ".join(pin.fingerprint for pin in pins)
    raise Misconfigured(
        f"{where} shows host key {seen.get_name()} {fingerprint(seen.asbytes())}, pinned: {pinned}. Nothing was sent. "
        "Ask the bank over another channel whether it changed its key; if so, add the new one to host_keys"
    )


def _log_in(transport: paramiko.Transport, endpoint: SftpEndpoint, key: paramiko.PKey, where: str) -> None:
    try:
        still_wanted: Any = transport.auth_publickey(endpoint.username, key)
    except paramiko.AuthenticationException as error:
        # paramiko raises the same class for a refusal, a silence and a lost connection.
        if transport.is_active() and "timeout" not in str(error):
            raise LoginRefused(
                f"{where} refused login {endpoint.username!r} with key {fingerprint(key.asbytes())} ({error}); "
                "the bank must register this public key"
            ) from error
        raise
    if still_wanted:
        raise Misconfigured(
            f"{where} wants more than a key from {endpoint.username!r} ({', '.join(still_wanted)}); "
            "ask the bank for key login only"
        )


def _fault(where: str, error: BaseException, expired: bool) -> TransportFault:
    why = "the outer deadline passed" if expired else f"{type(error).__name__}: {error}"
    return TransportFault(f"no SFTP session with {where}: {why}", maybe_sent=False)
