"""Who may connect to our SFTP server (登录控制): banks, each by its own public keys, a bounded number of times at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import asyncssh
import structlog

from gateway.transports.sftp_server_cabinet import Cabinet
from gateway.transports.sftp_server_root import BankRoot
from gateway.transports.sftp_server_session import SftpSession
from gateway.transports.sftp_server_uploads import Uploads

CONNECTIONS: Final = 128
"""In all, logged in or not."""
CONNECTIONS_PER_USER: Final = 8
SESSIONS_PER_CONNECTION: Final = 4
KEYS_TRIED: Final = 8

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tenant:
    """One bank as this server knows it; ``keys_now`` says which it may log in with."""

    root: BankRoot
    uploads: Uploads
    keys_now: Callable[[], tuple[asyncssh.SSHKey, ...]]


@dataclass(slots=True)
class Guests:
    """Everyone who is connected."""

    tenants: Mapping[str, Tenant]
    connections: set[asyncssh.SSHServerConnection] = field(default_factory=set)
    users: Counter[str] = field(default_factory=Counter)
    inside: dict[asyncssh.SSHServerConnection, tuple[str, asyncssh.SSHKey]] = field(default_factory=dict)
    closed: bool = False  # no host key is left to show


class Login(asyncssh.SSHServer):
    """One connection, from its first byte to its last."""

    def __init__(self, guests: Guests):
        self._guests = guests
        self._connection: asyncssh.SSHServerConnection | None = None
        self._peer, self._user, self._key = "", "", ""
        self._known: asyncssh.SSHKey | None = None
        self._tried, self._sessions, self._inside = 0, 0, False

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """One more guest, unless the house is full."""
        self._connection, self._peer = conn, str(conn.get_extra_info("peername", ("",))[0])
        if self._guests.closed or len(self._guests.connections) >= CONNECTIONS:
            full = f"{CONNECTIONS} connections are open already"
            self._refused("connection", "no host key of ours may be used" if self._guests.closed else full)
            conn.abort()
            return
        self._guests.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the library's signature
        """One less."""
        if self._connection is not None:
            self._guests.connections.discard(self._connection)
            self._guests.inside.pop(self._connection, None)
        if self._inside:
            self._guests.users[self._user] -= 1
            _log.info("sftp logout", user=self._user, peer=self._peer)

    def begin_auth(self, username: str) -> bool:
        """Everyone must prove who it is."""
        self._user = username if username in self._guests.tenants else ""
        return True

    def public_key_auth_supported(self) -> bool:
        """The only way in."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether it is one of the bank's keys; asyncssh then has the client prove that it holds the private half."""
        self._tried += 1
        if self._tried > KEYS_TRIED and self._connection is not None:
            self._connection.abort()
            return False
        tenant = self._guests.tenants.get(username)
        self._key = key.get_fingerprint()
        known = tenant is not None and any(key.public_data == one.public_data for one in tenant.keys_now())
        self._known = key if known else None
        if not known:
            self._refused("login", "unknown user" if tenant is None else "not a key of this bank", key=self._key)
        return known

    def auth_completed(self) -> None:
        """Logged in; a bank that is here too often is sent away."""
        assert self._connection is not None  # noqa: S101 - asyncssh made the connection first
        self._user = self._connection.get_extra_info("username")
        if self._guests.users[self._user] >= CONNECTIONS_PER_USER:
            self._refused("login", f"{CONNECTIONS_PER_USER} connections of this login are open already")
            self._connection.disconnect(asyncssh.DISC_TOO_MANY_CONNECTIONS, "too many connections of this login")
            return
        self._guests.users[self._user] += 1
        self._inside = True
        if self._known is not None:  # the one that the client has just proven
            self._guests.inside[self._connection] = self._user, self._known
        _log.info("sftp login", user=self._user, peer=self._peer, key=self._key)

    def session_requested(self) -> Any:
        """An SFTP session, as long as there are few."""
        if not self._inside or self._sessions >= SESSIONS_PER_CONNECTION:
            self._refused("session", f"{SESSIONS_PER_CONNECTION} sessions a connection")
            return False
        self._sessions += 1
        return SftpSession(self._cabinet, lambda what: self._refused(what, "only SFTP is served here"))

    def connection_requested(self, *_: object) -> bool:
        """No forwarding of ports."""
        return self._no_forwarding()

    def server_requested(self, *_: object) -> bool:
        """No listening for others."""
        return self._no_forwarding()

    def _no_forwarding(self) -> bool:
        self._refused("forwarding", "only SFTP is served here")
        return False

    def _cabinet(self, channel: Any) -> Cabinet:
        tenant = self._guests.tenants[self._user]
        return Cabinet(channel, tenant.root, tenant.uploads)

    def _refused(self, what: str, why: str, **facts: object) -> None:
        _log.warning("sftp refused", user=self._user, peer=self._peer, request=what, why=why, **facts)
