"""Which door a bank has (接入口的选择): a small table by the kind of its wire, and how each is opened.

Where the gateway listens and the bank calls (SFTP server, message queues), ``Place.host`` and ``Place.port``
say where to; else they say where the bank listens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from simulators.bank_contract import Seal
from simulators.declaration import BankData
from simulators.doors.tls import ClientWay, ServerTls, client_context
from simulators.engine import SimulatedBank
from simulators.http_door import listen
from simulators.new_keys import Phase, Reread, nothing_to_reread

_LOOPBACK: Final = "127.0.0.1"
_TICK_SECONDS: Final = 0.02
_LOG: Final = Logger()


@dataclass(frozen=True, slots=True)
class Place:
    """Where one simulated bank lives: its key files and books, its address, and who may log in."""

    keys: Path  # the directory of this bank's key files
    state: Path
    host: str | None = None  # null: 127.0.0.1, or what the profile says
    port: int = 0
    username: str | None = None  # null: what the profile says
    push_to: tuple[str, int] | None = None  # TCP: where pushed messages go; null: what the profile says


@dataclass(frozen=True, slots=True)
class Opened:
    """A door that is open; ``port`` is where the bank listens, or the one that it calls."""

    port: int
    host_key: str | None = None
    shut: Callable[[], None] = lambda: None
    reread: Reread = nothing_to_reread


Opener = Callable[[Any, SimulatedBank, Seal, BankData, Place], Awaitable[Opened]]


def address(text: str | None) -> tuple[str, int] | None:
    """``HOST:PORT`` as both; raises ValueError."""
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"{text!r} is not HOST:PORT")
    return host, int(port)


async def open_door(reactor: Any, bank: SimulatedBank, seal: Seal, data: BankData, place: Place) -> Opened:
    """Open the door of the bank's wire and let it recover what a restart left; raises OSError, ValueError."""
    return await _OPENERS[bank.wire.kind](reactor, bank, seal, data, place)


async def _sftp(reactor: Any, bank: SimulatedBank, seal: Seal, data: BankData, place: Place) -> Opened:  # noqa: ARG001
    import asyncssh

    from simulators.doors.sftp_server import Door, listen_sftp
    from simulators.doors.shelf import Shelf

    if bank.files is None:
        raise ValueError(f"bank {data.declaration.bank} exchanges no files")
    shelf = Shelf(place.state / "files", bank.wire, bank.files)
    workers, loop = ThreadPoolExecutor(1, f"{data.declaration.bank}-files"), asyncio.get_running_loop()

    async def completed(name: str) -> None:
        loop.run_in_executor(workers, _told, shelf.take, bank, name)

    user_keys = asyncssh.read_public_key_list(place.keys / "gateway-sftp.pub")
    door = Door(shelf, place.username or bank.wire.username, tuple(user_keys), bank, completed)
    host_key = asyncssh.read_private_key(place.keys / "ssh-host-key")
    acceptor = await listen_sftp(door, place.host or _LOOPBACK, place.port, host_key)
    loop.run_in_executor(workers, _told, shelf.take_left, bank)
    _keep_ticking(reactor, door.tick)
    public = host_key.export_public_key().decode("ascii").split()

    def reread(_phase: Phase) -> None:
        """Which of the gateway's keys may log in, ``gateway-sftp.pub`` says by itself: one line each."""
        door.user_keys = tuple(asyncssh.read_public_key_list(place.keys / "gateway-sftp.pub"))
        acceptor.update(server_host_keys=[asyncssh.read_private_key(place.keys / "ssh-host-key")])

    return Opened(acceptor.get_port(), " ".join(public[:2]), door.shut, reread)


async def _https(reactor: Any, bank: SimulatedBank, seal: Seal, data: BankData, place: Place) -> Opened:
    from simulators.doors.https import HttpsDoor

    bank.recover()
    _keep_ticking(reactor, bank.tick)
    door = HttpsDoor(reactor, bank, seal, data.declaration)
    tls = ServerTls(place.keys)
    port = listen(reactor, door.app.resource(), place.port, place.host or _LOOPBACK, tls)
    return Opened(port, reread=tls.reread)


async def _tcp(reactor: Any, bank: SimulatedBank, seal: Seal, data: BankData, place: Place) -> Opened:  # noqa: ARG001
    from simulators.doors.tcp import TcpDoor
    from simulators.doors.tcp_push import Pusher

    wire = bank.wire
    if wire.framing is None:
        raise ValueError(f"bank {data.declaration.bank}: its profile must give transport.framing")
    bank.recover()
    secured = wire.client_certificate is not None
    pusher = None
    if wire.listen_port is not None:
        host, port = place.push_to or (wire.listen_host, wire.listen_port)
        way = ClientWay(reactor, host, port, place.keys if secured else None)
        pusher = Pusher(reactor, way, wire.framing)
    tls = ServerTls(place.keys) if secured else None
    door = TcpDoor(reactor, bank, wire.framing, wire.frame_bytes, tls, pusher)
    _keep_ticking(reactor, bank.tick)

    def reread(phase: Phase) -> None:
        if tls is not None:
            tls.reread(phase)
        if pusher is not None:
            pusher.call_again()

    return Opened(door.open(place.port, place.host or _LOOPBACK), shut=door.shut, reread=reread)


async def _amqp(reactor: Any, bank: SimulatedBank, seal: Seal, data: BankData, place: Place) -> Opened:  # noqa: ARG001
    from simulators.doors.amqp import AmqpDoor, BrokerAddress

    wire = bank.wire
    port = place.port or wire.port
    if port is None or wire.send_queue is None or wire.receive_queue is None:
        raise ValueError(f"bank {data.declaration.bank}: its profile must give port, send_queue and receive_queue")
    bank.recover()

    def broker() -> BrokerAddress:
        password = (place.keys / "amqp-password").read_text("utf-8").strip()
        tls = None if wire.client_certificate is None else client_context(place.keys)
        username = place.username or wire.username
        return BrokerAddress(place.host or wire.host, port, username, password, wire.virtual_host, tls)

    door = AmqpDoor(bank, broker(), wire.send_queue, wire.receive_queue)
    door.start()
    reactor.addSystemEventTrigger("before", "shutdown", door.stop)
    _keep_ticking(reactor, bank.tick)
    return Opened(port, reread=lambda _phase: door.call(broker()))


async def _sftp_client(
    reactor: Any,
    bank: SimulatedBank,
    seal: Seal,  # noqa: ARG001
    data: BankData,
    place: Place,
) -> Opened:
    import asyncssh

    from simulators.doors.sftp_client import Files, GatewayAddress, SftpClientDoor

    wire, patterns = bank.wire, bank.files
    if patterns is None or place.port == 0:
        raise ValueError(f"bank {data.declaration.bank} calls the gateway's SFTP server: give its --port (and --host)")

    def address() -> GatewayAddress:
        host_keys = tuple(asyncssh.read_public_key_list(place.keys / "gateway-host-key.pub"))
        user_key = asyncssh.read_private_key(place.keys / "ssh-user-key")
        return GatewayAddress(place.host or _LOOPBACK, place.port, place.username or wire.username, user_key, host_keys)

    directories = (wire.outgoing_directory, wire.acknowledgement_directory, wire.result_directory)
    files = Files(
        *directories, lambda name: patterns.message_id_of(name) is not None, patterns.name_of, patterns.suffix
    )
    workers = ThreadPoolExecutor(1, f"{data.declaration.bank}-files")
    await asyncio.get_running_loop().run_in_executor(workers, _told, bank.recover)
    door = SftpClientDoor(bank, address(), files, place.state, workers)
    door.start()
    reactor.addSystemEventTrigger("before", "shutdown", lambda: Deferred.fromFuture(asyncio.ensure_future(door.stop())))
    return Opened(place.port, shut=door.shut, reread=lambda _phase: door.call(address()))


def _told(work: Callable[..., None], *arguments: Any) -> None:
    """In a thread whose result nobody waits for: what goes wrong is told, and holds up nothing else."""
    try:
        work(*arguments)
    except Exception:
        _LOG.failure("a file could not be taken")


def _keep_ticking(reactor: Any, tick: Callable[[], None]) -> None:
    """Call ``tick`` for ever; one that fails is told and does not end it."""

    def again() -> None:
        try:
            tick()
        except Exception:
            _LOG.failure("a tick of the bank failed")
        reactor.callLater(_TICK_SECONDS, again)

    again()


_OPENERS: Final[dict[str, Opener]] = {
    "sftp": _sftp,
    "sftp-server": _sftp_client,
    "https": _https,
    "tcp": _tcp,
    "amqp": _amqp,
}
