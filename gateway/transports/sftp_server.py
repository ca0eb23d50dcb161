"""The SFTP server that banks connect to (内置 SFTP 服务): one process, one root a bank, nothing but SFTP.

Modern algorithms only; a bank with old software stays on a server of its own, which ``sftp_legacy`` speaks to.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncssh
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from adapters.endpoints import SftpServerEndpoint
from gateway.transports.contract import Misconfigured
from gateway.transports.sftp_server_login import Guests, Login, Tenant
from gateway.transports.sftp_server_quota import Quota
from gateway.transports.sftp_server_root import BankRoot
from gateway.transports.sftp_server_uploads import Uploads

KEY_EXCHANGES: Final = (
    "mlkem768x25519-sha256", "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp521",
    "ecdh-sha2-nistp384", "ecdh-sha2-nistp256", "diffie-hellman-group16-sha512", "diffie-hellman-group14-sha256",
)  # fmt: skip
CIPHERS: Final = (
    "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com", "aes256-ctr", "aes192-ctr",
    "aes128-ctr",
)  # fmt: skip
MACS: Final = (
    "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512",
)  # fmt: skip
SIGNATURES: Final = (
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256",
)  # fmt: skip
KEEPALIVE_SECONDS: Final = 30
SMALLEST_RSA_BITS: Final = 2048
_LOCK: Final = ".server.lock"
_log = structlog.get_logger()

EndpointToday = Callable[[], SftpServerEndpoint | None]
"""The endpoint of a bank's profile in force now; None while the bank does not connect to us."""


@dataclass(slots=True)
class SftpServer:
    """A running server; ``close`` ends it."""

    port: int
    _acceptor: asyncssh.SSHAcceptor
    _guests: Guests
    _lock: int

    def show(self, host_keys: Sequence[bytes]) -> None:
        """Host keys for connections from now on, as for ``serve``; with none left nobody comes in. Raises Misconfigured."""
        keys = [_host_key(number, pem) for number, pem in enumerate(host_keys, 1)]
        self._guests.closed = not keys
        if keys:
            self._acceptor.update(server_host_keys=keys)

    def expel(self) -> None:
        """Hang up on everyone whose key may no longer log in; uploads that are not complete are given up."""
        for connection, (user, key) in list(self._guests.inside.items()):
            tenant = self._guests.tenants[user]
            if all(key.public_data != one.public_data for one in tenant.keys_now()):
                _log.warning("sftp hang-up", user=user, key=key.get_fingerprint(), why="its key may no longer log in")
                connection.abort()

    async def close(self) -> None:
        """Hang up on everyone; uploads that are not complete are given up."""
        self._acceptor.close()
        for connection in list(self._guests.connections):
            connection.abort()
        await self._acceptor.wait_closed()
        for _ in range(50):  # the sessions' own ends, each a few turns of the loop
            await asyncio.sleep(0)
        with suppress(OSError):
            os.close(self._lock)


async def serve(
    base: Path, banks: Iterable[EndpointToday], host_keys: Sequence[bytes], host: str, port: int, login_seconds: float
) -> SftpServer:
    """Listen; port 0 takes any free one. ``host_keys``: OpenSSH private keys, the first of each kind is shown.

    The others are announced to clients (hostkeys-00@openssh.com), so that they know them before they are needed.
    Raises Misconfigured, OSError (also when another server process has these roots).
    """
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = _claim(base / _LOCK)
    guests = Guests(_tenants(base, banks))
    acceptor = await asyncssh.listen(
        host,
        port,
        server_factory=lambda: Login(guests),
        server_host_keys=[_host_key(number, pem) for number, pem in enumerate(host_keys, 1)],
        send_server_host_keys=True,
        config=None,
        server_version="gateway",
        kex_algs=KEY_EXCHANGES,
        encryption_algs=CIPHERS,
        mac_algs=MACS,
        signature_algs=SIGNATURES,
        compression_algs=("none",),
        gss_host=None,
        agent_forwarding=False,
        x11_forwarding=False,
        allow_pty=False,
        allow_scp=False,
        line_editor=False,
        login_timeout=login_seconds,
        keepalive_interval=KEEPALIVE_SECONDS,
        tcp_keepalive=True,
        reuse_address=True,
    )
    return SftpServer(acceptor.get_port(), acceptor, guests, lock)


def _tenants(base: Path, banks: Iterable[EndpointToday]) -> dict[str, Tenant]:
    tenants: dict[str, Tenant] = {}
    for today in banks:
        if (endpoint := today()) is None:
            continue
        if endpoint.username in tenants:
            raise Misconfigured(f"two banks have the SFTP login {endpoint.username!r}; give each its own username")
        user_keys(endpoint)  # a key that cannot be read is told now, not when the bank calls
        root = BankRoot(base, endpoint)
        root.prepare()
        uploads = Uploads(root, Quota(root, endpoint.quota_bytes))
        uploads.sweep()
        tenants[endpoint.username] = Tenant(root, uploads, _keys_now(today, endpoint.username))
    return tenants


def _keys_now(today: EndpointToday, username: str) -> Callable[[], tuple[asyncssh.SSHKey, ...]]:
    """An edition that begins while we run brings its keys; another login or another kind of wire ends this one."""

    def keys() -> tuple[asyncssh.SSHKey, ...]:
        endpoint = today()
        return tuple(_sound_keys(endpoint)) if endpoint is not None and endpoint.username == username else ()

    return keys


def _sound_keys(endpoint: SftpServerEndpoint) -> Iterator[asyncssh.SSHKey]:
    """One that came later and cannot be used is told, and locks out no other."""
    for number, line in enumerate(endpoint.user_keys, 1):
        try:
            yield _user_key(endpoint.username, number, line)
        except Misconfigured as why:
            _log.error("sftp user key unusable", why=str(why))


def user_keys(endpoint: SftpServerEndpoint) -> tuple[asyncssh.SSHKey, ...]:
    """The bank's public keys; raises Misconfigured naming the entry."""
    return tuple(_user_key(endpoint.username, number, line) for number, line in enumerate(endpoint.user_keys, 1))


def _user_key(username: str, number: int, line: str) -> asyncssh.SSHKey:
    where = f"login {username!r}: user_keys entry {number}"
    try:
        key = asyncssh.import_public_key(line)
    except asyncssh.KeyImportError:
        raise Misconfigured(f"{where} is not an OpenSSH public key; copy the whole line of the .pub file") from None
    if not set(key.sig_algorithms) & {name.encode() for name in SIGNATURES}:
        raise Misconfigured(f"{where} is {key.get_algorithm()}; ask the bank for Ed25519, ECDSA or RSA")
    if isinstance(key.pyca_key, RSAPublicKey) and key.pyca_key.key_size < SMALLEST_RSA_BITS:
        raise Misconfigured(f"{where} has under {SMALLEST_RSA_BITS} bits; ask the bank for a longer key")
    return key


def _host_key(number: int, pem: bytes) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(pem)
    except asyncssh.KeyImportError:
        raise Misconfigured(f"SFTP host key {number} cannot be read; it must be an OpenSSH private key") from None


def _claim(path: Path) -> int:
    """One server process for these roots: uploads and quotas are counted in its memory. Freed when it ends, however."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Misconfigured(
            f"{path.parent}: another SFTP server process has these directories; stop it first"
        ) from None
    return lock
