"""Real peers for the transports: an asyncssh SFTP server in its own thread that misbehaves on demand, and OpenSSH."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from adapters.endpoints import SftpEndpoint
from gateway.transports.contract import FileTransport
from gateway.transports.sftp import SftpTransport
from gateway.transports.sftp_legacy import LegacySftpTransport

OLD_SERVER: dict[str, Any] = {
    "kex_algs": ["diffie-hellman-group14-sha1"],
    "encryption_algs": ["aes128-cbc"],
    "mac_algs": ["hmac-sha1"],
    "compression_algs": ["none"],
}
TODAY = date(2026, 11, 23)


@dataclass
class Faults:
    """What the bank's SFTP server does wrong; byte counts are over one file."""

    drop_write_at: int | None = None
    stall_write_at: int | None = None
    fail_write_at: int | None = None  # this one block fails, the later ones succeed
    disk_full_at: int | None = None
    drop_read_at: int | None = None
    truncate_read_at: int | None = None
    read_at_most: int | None = None
    grow_after_read: bool = False
    refuse_posix_rename: bool = False
    refuse_rename: bool = False
    drop_before_rename: bool = False
    drop_after_rename: bool = False
    stall_after_rename: bool = False
    calls: list[str] = field(default_factory=list)


class FaultyServer(asyncssh.SFTPServer):  # type: ignore[misc]
    """A bank's file server rooted in one directory."""

    def __init__(self, channel: Any, root: Path, faults: Faults):
        super().__init__(channel, chroot=str(root))
        self._faults = faults

    def _drop(self) -> None:
        self.channel.get_connection().abort()
        raise asyncssh.SFTPConnectionLost("dropped")

    async def write(self, file_obj: Any, offset: int, data: bytes) -> int:
        faults = self._faults
        if faults.drop_write_at is not None and offset >= faults.drop_write_at:
            self._drop()
        if faults.stall_write_at is not None and offset >= faults.stall_write_at:
            await asyncio.sleep(3600)
        if faults.disk_full_at is not None and offset >= faults.disk_full_at:
            raise asyncssh.SFTPFailure("No space left on device")
        if faults.fail_write_at is not None and offset <= faults.fail_write_at < offset + len(data):
            raise asyncssh.SFTPFailure("input/output error")
        return int(super().write(file_obj, offset, data))

    def read(self, file_obj: Any, offset: int, size: int) -> bytes:
        faults = self._faults
        if faults.drop_read_at is not None and offset >= faults.drop_read_at:
            self._drop()
        if faults.truncate_read_at is not None and offset >= faults.truncate_read_at:
            return b""
        if faults.grow_after_read:
            with Path(os.fsdecode(file_obj.name)).open("ab") as file:
                file.write(b"more")
            faults.grow_after_read = False
        return bytes(super().read(file_obj, offset, min(size, faults.read_at_most or size)))

    async def _renaming(self, kind: str, rename: Callable[[], None], refuse: bool) -> None:
        self._faults.calls.append(kind)
        if refuse:
            raise asyncssh.SFTPOpUnsupported(f"{kind} is not supported")
        if self._faults.drop_before_rename:
            self._drop()
        rename()
        if self._faults.drop_after_rename:
            self._drop()
        if self._faults.stall_after_rename:
            await asyncio.sleep(3600)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self._renaming(
            "posix_rename",
            lambda: super(FaultyServer, self).posix_rename(oldpath, newpath),
            self._faults.refuse_posix_rename,
        )

    async def rename(self, oldpath: bytes, newpath: bytes, _flags: int = 0) -> None:
        await self._renaming(
            "rename", lambda: super(FaultyServer, self).rename(oldpath, newpath), self._faults.refuse_rename
        )


class Keyring(asyncssh.SSHServer):  # type: ignore[misc]
    """Lets one user in with one key; counts what is attempted."""

    def __init__(self, bank: SftpBank):
        self._bank = bank

    def connection_made(self, _conn: Any) -> None:
        self._bank.connections += 1

    def begin_auth(self, username: str) -> bool:
        self._bank.logins.append(username)
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: Any) -> bool:
        return username == "gateway" and key.public_data == self._bank.user_key.public_data


class SftpBank:
    """A bank's SFTP server with directories /in, /ack, /out, on a free port of this machine; ``old``: with old SSH."""

    def __init__(self, root: Path, *, old: bool = False):
        self._old = old
        self.root = root
        self.faults = Faults()
        self.connections = 0
        self.logins: list[str] = []
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.user_key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: Any = None
        for name in ("in", "ack", "out"):
            (root / name).mkdir()

    async def _listen(self) -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: Keyring(self),
            server_host_keys=[self.host_key],
            sftp_factory=lambda channel: FaultyServer(channel, self.root, self.faults),
            rekey_bytes=1 << 40,
            **(OLD_SERVER if self._old else {}),
        )

    def start(self) -> None:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    async def _shut(self) -> None:
        self._server.close()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()
        await asyncio.sleep(0)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    @property
    def port(self) -> int:
        return int(self._server.get_port())

    @property
    def host_key_line(self) -> str:
        return str(self.host_key.export_public_key().decode().strip())

    def endpoint(self, **changes: Any) -> SftpEndpoint:
        values: dict[str, Any] = {
            "kind": "sftp",
            "host": "127.0.0.1",
            "port": self.port,
            "username": "gateway",
            "host_keys": (self.host_key_line,),
            "user_key": "bank-sftp-user",
            "outgoing_directory": "/in",
            "acknowledgement_directory": "/ack",
            "result_directory": "/out",
            "timeout_seconds": 1,
        }
        return SftpEndpoint(**(values | changes))

    def private_key(self) -> bytes:
        return bytes(self.user_key.export_private_key("pkcs8-pem"))

    def transport(self, private_key: bytes | None = None, **changes: Any) -> FileTransport:
        """Our side, by the driver for such a bank."""
        endpoint, key = self.endpoint(**changes), private_key or self.private_key()
        if not self._old:
            return SftpTransport(endpoint, key)
        dated = endpoint.model_copy(update={"legacy_until": date(2026, 12, 31)})
        return LegacySftpTransport(dated, key, lambda: TODAY)


OLD_WAYS = pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")


@pytest.fixture(params=["paramiko", pytest.param("legacy", marks=OLD_WAYS)])
def bank(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SftpBank]:
    """A well-behaved bank, once with current SSH and once with old; tests set ``bank.faults``."""
    root = tmp_path / "bank"
    root.mkdir()
    bank = SftpBank(root, old=request.param == "legacy")
    bank.start()
    try:
        yield bank
    finally:
        bank.stop()


@pytest.fixture
def sftp(bank: SftpBank) -> Iterator[FileTransport]:
    """Our side, logged in lazily."""
    transport = bank.transport()
    try:
        yield transport
    finally:
        transport.close()


@dataclass
class OpenSsh:
    """A running OpenSSH server."""

    root: Path
    transport: SftpTransport


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(100):
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), 1)):
            return
        time.sleep(0.05)
    raise AssertionError("sshd did not start")


@pytest.fixture
def openssh(tmp_path: Path) -> Iterator[OpenSsh]:
    """The OpenSSH server of this machine; skipped only where it is not installed."""
    program = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("sshd is not installed")
    host_key, user_key = (
        asyncssh.generate_private_key("ssh-ed25519"),
        asyncssh.generate_private_key("ssh-rsa", key_size=2048),
    )
    (tmp_path / "out").mkdir()
    host_key.write_private_key(str(tmp_path / "host_key"))
    (tmp_path / "host_key").chmod(0o600)
    user_key.write_public_key(str(tmp_path / "authorized_keys"))
    port = free_port()
    settings = [
        f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {tmp_path / 'host_key'}", f"PidFile {tmp_path / 'pid'}",
        f"AuthorizedKeysFile {tmp_path / 'authorized_keys'}", "StrictModes no", "UsePAM no", "PermitRootLogin yes",
        "Subsystem sftp internal-sftp",
    ]  # fmt: skip
    (tmp_path / "sshd_config").write_text("\n".join(settings) + "\n")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd insists on it, and only an init script would have made it
    process = subprocess.Popen([program, "-D", "-e", "-f", str(tmp_path / "sshd_config")])
    try:
        _wait_for(port)
        endpoint = SftpEndpoint(
            kind="sftp", host="127.0.0.1", port=port, username=_login_name(), user_key="bank-sftp-user",
            host_keys=(host_key.export_public_key().decode().strip(),), outgoing_directory=str(tmp_path / "out"),
            acknowledgement_directory="/", result_directory="/", timeout_seconds=5,
        )  # fmt: skip
        transport = SftpTransport(endpoint, user_key.export_private_key("pkcs8-pem"))
        yield OpenSsh(tmp_path / "out", transport)
        transport.close()
    finally:
        process.terminate()
        process.wait(10)


def _login_name() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name
