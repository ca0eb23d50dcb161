"""One SSH connection to a bank with old software (老旧 SSH): asyncssh on a private event loop in its own thread.

Everything here may be called from one blocking thread; each call has its own limit on time.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

import asyncssh

from adapters.endpoints import SftpEndpoint
from gateway.transports.contract import Misconfigured, TransportFault
from gateway.transports.sftp_keys import LoginRefused, PinnedKey, preferred_algorithms

# What such servers still have, after what they should have: a bank that upgrades is met with the better one at once.
KEY_EXCHANGES: Final = (
    "curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group16-sha512", "diffie-hellman-group14-sha256",
    "diffie-hellman-group14-sha1", "diffie-hellman-group-exchange-sha1",
)  # fmt: skip
CIPHERS: Final = (
    "aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes128-ctr", "aes256-cbc", "aes128-cbc",
)  # fmt: skip
MACS: Final = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512", "hmac-sha1")
SIGNATURES: Final = (
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256",
    "ssh-rsa",
)  # fmt: skip
IDLE_SECONDS_TRUSTED: Final = 5.0
BROKEN: Final = (OSError, EOFError, asyncssh.Error, TimeoutError)

T = TypeVar("T")


class _Pins(asyncssh.SSHClient):
    """Takes the pinned host keys and no other, before anything of ours is shown."""

    def __init__(self, pins: tuple[PinnedKey, ...]):
        self._blobs = {pin.blob for pin in pins}
        self.seen: asyncssh.SSHKey | None = None

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002
        """Bit for bit; whichever the server shows."""
        self.seen = key
        return key.public_data in self._blobs


class LegacySession:
    """An open SFTP session, its connection, loop and thread."""

    def __init__(self, endpoint: SftpEndpoint, pins: tuple[PinnedKey, ...], key: asyncssh.SSHKey):
        """Connects and logs in; raises TransportFault, Misconfigured. Nothing is sent before the host key is known."""
        self._endpoint, self._pins, self._key = endpoint, pins, key
        self._loop = asyncio.new_event_loop()
        # Of many requests in flight on a lost line one error is told by the call; the others are of no use.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        self._thread = threading.Thread(target=self._loop.run_forever, name="sftp-legacy", daemon=True)
        self._thread.start()
        self._connection: asyncssh.SSHClientConnection | None = None
        try:
            self.sftp = self._open()
        except BaseException:
            self.close()
            raise
        self._used_at = time.monotonic()

    def do(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """The result of ``work``, or TimeoutError after ``seconds``."""
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, seconds), self._loop).result()

    def alive(self) -> bool:
        """Whether it can be used again; asks the server if it was idle for a while."""
        if self._connection is None or self._connection.is_closed():
            return False
        if time.monotonic() - self._used_at < IDLE_SECONDS_TRUSTED:
            return True
        with suppress(*BROKEN):
            self.do(self.sftp.realpath("."), float(self._endpoint.timeout_seconds))
            return True
        return False

    def touch(self) -> None:
        """Note that the server has just answered."""
        self._used_at = time.monotonic()

    def close(self) -> None:
        """Let go of everything."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.abort()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _open(self) -> asyncssh.SFTPClient:
        where = f"{self._endpoint.host}:{self._endpoint.port}"
        guard = _Pins(self._pins)
        try:
            return self.do(self._establish(guard), 2.0 * self._endpoint.timeout_seconds)
        except BROKEN as error:
            raise self._explained(where, guard, error) from error

    async def _establish(self, guard: _Pins) -> asyncssh.SFTPClient:
        end, seconds = self._endpoint, float(self._endpoint.timeout_seconds)
        self._connection = await asyncssh.connect(
            end.host,
            end.port,
            config=None,
            username=end.username,
            client_keys=[self._key],
            client_factory=lambda: guard,
            known_hosts=([], [], []),  # so that it asks the guard
            server_host_key_algs=list(preferred_algorithms(self._pins, SIGNATURES)),
            kex_algs=KEY_EXCHANGES,
            encryption_algs=CIPHERS,
            mac_algs=MACS,
            signature_algs=SIGNATURES,
            compression_algs=("none",),
            preferred_auth="publickey",
            agent_path=None,
            gss_host=None,
            connect_timeout=seconds,
            login_timeout=seconds,
        )
        # A file name in another encoding must not hide the others.
        return await self._connection.start_sftp_client(path_errors="surrogateescape")

    def _explained(self, where: str, guard: _Pins, error: BaseException) -> TransportFault:
        """What a person must do, where a person must act; otherwise trouble that passes."""
        if isinstance(error, asyncssh.HostKeyNotVerifiable) and guard.seen is not None:
            seen = f"{guard.seen.get_algorithm()} {guard.seen.get_fingerprint()}"
            pinned = ", ".join(pin.fingerprint for pin in self._pins)
            return Misconfigured(
                f"{where} shows host key {seen}, pinned: {pinned}. Nothing was sent. "
                "Ask the bank over another channel whether it changed its key; if so, add the new one to host_keys"
            )
        if isinstance(error, asyncssh.PermissionDenied):
            return LoginRefused(
                f"{where} refused login {self._endpoint.username!r} with key {self._key.get_fingerprint()}; "
                "the bank must register this public key"
            )
        if isinstance(error, asyncssh.KeyExchangeFailed):
            return Misconfigured(f"{where} shares no SSH algorithm with us ({error}); the bank must offer one")
        if self._connection is None and isinstance(error, OSError) and not isinstance(error, TimeoutError):
            return TransportFault(f"cannot connect to {where}: {error}", maybe_sent=False)
        return TransportFault(f"no SFTP session with {where}: {type(error).__name__}: {error}", maybe_sent=False)
