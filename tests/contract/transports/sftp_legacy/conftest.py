"""A bank's server as old as they come: RSA with SHA-1 for host and user, group14-sha1, AES-CBC, HMAC-SHA1."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from adapters.endpoints import SftpEndpoint


class _Login(asyncssh.SSHServer):  # type: ignore[misc]
    def __init__(self, bank: OldBank):
        self._bank = bank

    def begin_auth(self, username: str) -> bool:
        self._bank.logins.append(username)
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, _username: str, key: Any) -> bool:
        return bool(key.public_data == self._bank.user_key.public_data)


@dataclass
class OldBank:
    """One running server; ``options`` of asyncssh.listen can be changed before ``start``."""

    root: Path
    options: dict[str, Any] = field(default_factory=dict)
    logins: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.host_key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
        self.user_key = asyncssh.generate_private_key("ssh-rsa", key_size=2048)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    async def _listen(self) -> Any:
        shown = asyncssh.load_keypairs(self.host_key)[0]
        shown.host_key_algorithms = (b"ssh-rsa",)
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Login(self),
            server_host_keys=[shown],
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(self.root)),
            kex_algs=["diffie-hellman-group14-sha1"],
            encryption_algs=["aes128-cbc"],
            mac_algs=["hmac-sha1"],
            signature_algs=["ssh-rsa"],
        )

    def endpoint(self, **changes: Any) -> SftpEndpoint:
        values: dict[str, Any] = {
            "kind": "sftp",
            "host": "127.0.0.1",
            "port": self._server.get_port(),
            "username": "gateway",
            "host_keys": (self.host_key.export_public_key().decode().strip(),),
            "user_key": "bank-sftp-user",
            "outgoing_directory": "/in",
            "acknowledgement_directory": "/ack",
            "result_directory": "/out",
            "timeout_seconds": 5,
            "legacy_until": date(2026, 12, 31),
        }
        return SftpEndpoint(**(values | changes))

    def private_key(self) -> bytes:
        return bytes(self.user_key.export_private_key("pkcs8-pem"))

    async def _shut(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@pytest.fixture(scope="module")
def old_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OldBank]:
    """One server for all tests of a module; each uses its own file names."""
    root = tmp_path_factory.mktemp("old-bank")
    for name in ("in", "ack", "out"):
        (root / name).mkdir()
    bank = OldBank(root)
    yield bank
    bank.stop()


@pytest.fixture(autouse=True)
def _nobody_logged_in(old_bank: OldBank) -> None:
    old_bank.logins.clear()
