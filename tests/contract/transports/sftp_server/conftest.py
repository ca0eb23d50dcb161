"""The embedded server in a thread, one bank's root, and that bank as OpenSSH, paramiko and asyncssh see it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncssh
import pytest

from adapters.endpoints import SftpEndpoint, SftpServerEndpoint
from gateway.transports.exchange_directory import ExchangeDirectory
from gateway.transports.sftp import SftpTransport
from gateway.transports.sftp_server import SftpServer, serve

T = TypeVar("T")
USER_KEY = asyncssh.generate_private_key("ssh-ed25519")
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
NEXT_HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")


class House:
    """The gateway's side: roots, endpoint, server; and the keys that the bank has."""

    def __init__(self, state: Path, quota_bytes: int = 20_000_000):
        self.base = state / "sftp"
        self.user_key = USER_KEY
        self.endpoint = SftpServerEndpoint(
            kind="sftp-server",
            username="village",
            user_keys=(USER_KEY.export_public_key().decode().strip(),),
            outgoing_directory="/out",
            acknowledgement_directory="/ack",
            result_directory="/result",
            quota_bytes=quota_bytes,
        )
        self.root = self.base / "village"
        self._state = state
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.start()

    def run(self, work: Awaitable[T], seconds: float = 20) -> T:
        """The result of a coroutine in the server's loop."""
        return asyncio.run_coroutine_threadsafe(_awaited(work), self._loop).result(seconds)

    def start(self) -> None:
        host_keys = [key.export_private_key() for key in (HOST_KEY, NEXT_HOST_KEY)]
        work = serve(self.base, [lambda: self.endpoint], host_keys, "127.0.0.1", 0, 5)
        self.server: SftpServer = self.run(work)

    def stop(self) -> None:
        self.run(self.server.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    @property
    def files(self) -> ExchangeDirectory:
        """The gateway's own side."""
        return ExchangeDirectory(self.base, self.endpoint)

    def names(self, place: str) -> list[str]:
        """What is really there, hidden ones too."""
        return sorted(path.name for path in (self.root / place).iterdir())

    def bank(self, key: Any = None, **changes: Any) -> SftpTransport:
        """The bank's software as paramiko; its "outgoing" is our result directory."""
        values: dict[str, Any] = {
            "kind": "sftp",
            "host": "127.0.0.1",
            "port": self.server.port,
            "username": "village",
            "host_keys": (HOST_KEY.export_public_key().decode().strip(),),
            "user_key": "x",
            "outgoing_directory": "/result",
            "acknowledgement_directory": "/ack",
            "result_directory": "/out",
            "timeout_seconds": 5,
        }
        return SftpTransport(SftpEndpoint(**(values | changes)), (key or USER_KEY).export_private_key("openssh"))

    async def connect(self, **options: Any) -> asyncssh.SSHClientConnection:
        """The bank's software as asyncssh."""
        known = ([HOST_KEY.convert_to_public()], [], [])
        settings: dict[str, Any] = {"username": "village", "client_keys": [USER_KEY], "known_hosts": known}
        settings |= {"config": None, "agent_path": None, "port": self.server.port}
        return await asyncssh.connect("127.0.0.1", **(settings | options))

    def openssh(self, program: str, *arguments: str, commands: str = "") -> subprocess.CompletedProcess[str]:
        """The bank's software as OpenSSH; ``commands`` go to sftp's standard input."""
        key, known = self._state / "id", self._state / "known_hosts"
        if not key.exists():
            key.touch(0o600)
            key.write_bytes(USER_KEY.export_private_key("openssh"))
        if not known.exists():
            known.write_text(f"[127.0.0.1]:{self.server.port} {HOST_KEY.export_public_key().decode()}")
        options = ["-F", "none", "-i", str(key), "-o", f"UserKnownHostsFile={known}", "-o", "IdentitiesOnly=yes"]
        port = "-p" if program == "ssh" else "-P"
        command = [program, *options, port, str(self.server.port), *arguments]
        return subprocess.run(command, input=commands, capture_output=True, text=True, timeout=30, check=False)


async def _awaited(work: Awaitable[T]) -> T:
    return await work


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A running server with one bank."""
    house = House(tmp_path)
    yield house
    house.stop()


@pytest.fixture
def small_house(tmp_path: Path) -> Iterator[House]:
    """The same with a quota of 300 000 bytes."""
    house = House(tmp_path, quota_bytes=300_000)
    yield house
    house.stop()


@pytest.fixture
def asked(house: House) -> Iterator[Callable[[Callable[[Any], Awaitable[Any]]], Any]]:
    """Run what is given with an asyncssh SFTP client of the bank."""

    def ask(work: Callable[[Any], Awaitable[Any]]) -> Any:
        async def do() -> Any:
            async with await house.connect() as connection, connection.start_sftp_client() as sftp:
                return await work(sftp)

        return house.run(do())

    yield ask


@pytest.fixture
def keys() -> tuple[Any, Any]:
    """The bank's login key and our host key."""
    return USER_KEY, HOST_KEY


@pytest.fixture
def elsewhere() -> Callable[[Awaitable[Any]], Any]:
    """Run a coroutine in a loop and thread of its own: the reactor has this one."""

    def run(work: Awaitable[Any]) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, _awaited(work)).result(30)

    return run


@pytest.fixture
def openssh(house: House) -> Any:
    """OpenSSH's clients; skipped only where they are not installed."""
    if shutil.which("sftp") is None:
        pytest.skip("OpenSSH's clients are not installed")
    return house.openssh
