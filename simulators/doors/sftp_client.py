"""The door of a bank that connects to the gateway's own SFTP server (银行主动连接的文件交换): it fetches and lays down.

Looks for instruction files every few hundred milliseconds and takes each once, also over a restart; lays answers
down under an unfinished name and renames them, the signature first. What could not be laid down is tried again. While
the bank is away it does not connect.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncssh
from twisted.logger import Logger

from simulators.bank_contract import NotGenuine, Outgoing
from simulators.doors.contract import DoorBank
from simulators.journal import Journal

TICK_SECONDS: Final = 0.05
LOOK_SECONDS: Final = 0.2
AGAIN_SECONDS: Final = 0.3
BACKLOG: Final = 1000
TAKEN: Final = "fetched.txt"
_PATIENCE_SECONDS: Final = 10.0
_TROUBLE: Final = (asyncssh.Error, OSError, TimeoutError)


@dataclass(frozen=True, slots=True)
class GatewayAddress:
    """Where the gateway's SFTP server is, who the bank is there, and the host keys that it was told."""

    host: str
    port: int
    username: str
    user_key: asyncssh.SSHKey
    host_keys: tuple[asyncssh.SSHKey, ...]

    async def connect(self) -> asyncssh.SSHClientConnection:
        """Log in; raises asyncssh.Error, OSError."""
        return await asyncssh.connect(
            self.host,
            self.port,
            config=None,
            username=self.username,
            client_keys=[self.user_key],
            agent_path=None,
            known_hosts=(list(self.host_keys), [], []),
            connect_timeout=_PATIENCE_SECONDS,
            login_timeout=_PATIENCE_SECONDS,
            keepalive_interval=15,
        )


@dataclass(frozen=True, slots=True)
class Files:
    """Directories as the bank sees them, and names; ``is_instruction`` judges by the name alone."""

    outgoing: str
    acknowledgement: str
    result: str
    is_instruction: Callable[[str], bool]
    name_of: Callable[[Outgoing], str]
    suffix: str = ".sig"

    def path_of(self, outgoing: Outgoing) -> str:
        """Where something that the bank sends is laid down."""
        directory = self.acknowledgement if outgoing.kind is None else self.result
        return f"{directory.rstrip('/')}/{self.name_of(outgoing)}"


class SftpClientDoor:
    """Started and stopped by its simulator, on the asyncio loop that is running then; survives every loss of the line."""

    _log = Logger()

    def __init__(self, bank: DoorBank, address: GatewayAddress, files: Files, state: Path, workers: Executor):
        """``state``: a directory that exists; ``workers``: where the bank receives, one thread for one order of things."""
        self._bank, self._address, self._files, self._workers = bank, address, files, workers
        self._taken = Journal(state / TAKEN)
        self._due: deque[Outgoing] = deque()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None
        self._looked_at, self._lay_from = 0.0, 0.0
        self._stale = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; from the loop's own thread."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def shut(self) -> None:
        """Cut the line; it is opened again unless the bank is away."""
        connection, self._connection, self._sftp = self._connection, None, None
        if connection is not None:
            connection.abort()

    def call(self, address: GatewayAddress) -> None:
        """Call there from now on, by these keys; what is on its way over the line that is open comes to its end."""
        self._address, self._stale = address, True

    async def stop(self) -> None:
        """End for good; a message that the bank is just receiving is received to its end."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self.shut()

    async def _run(self) -> None:
        while True:
            wait = TICK_SECONDS
            try:
                await self._turn()
            except _TROUBLE as trouble:
                self._log.debug("the line to the gateway failed: {trouble}", trouble=trouble)
                self.shut()
                wait = AGAIN_SECONDS
            except Exception:
                self._log.failure("the door failed; it goes on")
                self.shut()
                wait = AGAIN_SECONDS
            await asyncio.sleep(wait)

    async def _turn(self) -> None:
        if self._bank.away:
            self.shut()
            return
        if len(self._due) < BACKLOG:
            self._due.extend(self._bank.pushed())
        now = asyncio.get_running_loop().time()
        for _ in range(len(self._due) if now >= self._lay_from else 0):
            if not self._bank.away and not await self._lay_next(await self._line()):
                self._lay_from = now + AGAIN_SECONDS
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            await self._look(await self._line())

    async def _line(self) -> asyncssh.SFTPClient:
        if self._stale:
            self.shut()
            self._stale = False
        if self._sftp is None:
            self._connection = await self._address.connect()
            self._sftp = await self._connection.start_sftp_client()
        return self._sftp

    async def _look(self, sftp: asyncssh.SFTPClient) -> None:
        """Take what is new, oldest first."""
        found = [entry async for entry in sftp.scandir(self._files.outgoing)]
        there = {str(entry.filename): entry.attrs for entry in found}
        new = [name for name in there if self._files.is_instruction(name) and name not in self._taken]
        for name in sorted(new, key=lambda one: (there[one].mtime or 0, one)):
            if self._bank.away:
                return
            content = await self._fetched(sftp, name)
            beside = f"{name}{self._files.suffix}"
            # It was there first, but a listing made meanwhile may have missed it.
            signed = beside in there or await sftp.exists(f"{self._files.outgoing.rstrip('/')}/{beside}")
            signature = await self._fetched(sftp, beside) if signed else None
            await asyncio.shield(self._received(name, content, signature))

    async def _fetched(self, sftp: asyncssh.SFTPClient, name: str) -> bytes:
        path = f"{self._files.outgoing.rstrip('/')}/{name}"
        async with sftp.open(path, "rb") as file:
            size = (await file.stat()).size or 0
            content: bytes = await file.read(size)
        if len(content) != size:
            raise asyncssh.SFTPFailure(f"{name}: {len(content)} of {size} bytes came")
        return content

    async def _received(self, name: str, content: bytes, signature: bytes | None) -> None:
        """Whatever becomes of the line: it is booked, remembered, and what follows from it is done."""
        loop = asyncio.get_running_loop()
        try:
            taken = await loop.run_in_executor(self._workers, self._bank.receive, name, content, signature)
        except NotGenuine:
            self._log.warn("an instruction file is not genuine: {name}", name=name)
            self._taken.add(name)
            return
        self._taken.add(name)
        if taken.follow_up is not None:
            await loop.run_in_executor(self._workers, taken.follow_up)

    async def _lay_next(self, sftp: asyncssh.SFTPClient) -> bool:
        """The first in line; it leaves the line when it lies there, or when it was to go only once.

        False: the gateway refused it, and it goes to the end of the line, so that it does not hold up the others.
        """
        outgoing = self._due[0]
        if not outgoing.whole:
            self._due.popleft()
        path, content = self._files.path_of(outgoing), outgoing.content
        try:
            if outgoing.signature is not None:
                await self._lay(sftp, f"{path}{self._files.suffix}", outgoing.signature)
            await self._lay(sftp, path, content if outgoing.whole else content[: len(content) // 2])
        except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection):
            raise
        except asyncssh.SFTPError as refused:
            self._log.warn("the gateway refused {path}: {why}", path=path, why=refused.reason)
            self._due.rotate(-1 if outgoing.whole else 0)
            return False
        if outgoing.whole:
            self._due.popleft()
        return True

    async def _lay(self, sftp: asyncssh.SFTPClient, path: str, content: bytes) -> None:
        """Whole under its name, or not at all; what lies there already was laid down before and stays."""
        if await sftp.exists(path):
            return
        directory, _, name = path.rpartition("/")
        unfinished = f"{directory}/{name}.part"
        async with sftp.open(unfinished, "wb") as file:
            await file.write(content)
        await sftp.rename(unfinished, path)
