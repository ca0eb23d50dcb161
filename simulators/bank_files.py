"""Simulator of bank ``rural-fixed`` (文件接口银行): an SFTP server that takes instruction files and answers by files.

``python -m simulators.cli bank-files`` starts it alone.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import asyncssh

from simulators.answers import of_type
from simulators.control import Control, Running, open_control
from simulators.rural_answers import DoesNotFit
from simulators.rural_bank import RuralBank
from simulators.script import Failed, RefuseFile, ReturnedLate, Script
from simulators.sftp_door import Door, open_door
from simulators.signatures import Sm2Seal

BANK: Final = "rural-fixed"
USERNAME: Final = "gateway"
_TICK_SECONDS: Final = 0.02


def check_script(script: Script) -> None:
    """Raise DoesNotFit where a code or text is longer than this bank's records hold."""
    actions = [action for action in script.actions if isinstance(action, Failed | ReturnedLate)]
    refusals = [effect for rule in script.files for effect in of_type(rule.effects, RefuseFile)]
    for word in (*actions, *refusals):
        if len(word.code) > 4 or len(word.text.encode("gb18030")) > 60:
            raise DoesNotFit(f"code {word.code!r}: this bank has 4 octets for a code and 60 for its text")


async def start(
    reactor: Any,
    script: Script,
    keys: Path,
    state: Path,
    port: int,
    control_port: int,
    host: str = "127.0.0.1",
    username: str = USERNAME,
) -> Running:
    """Open the door and the control port; ``keys`` is the directory that ``simulators keys`` wrote."""
    check_script(script)
    folder = keys / BANK
    bank = RuralBank(state, script, Sm2Seal.load(folder / "sm2-sign.pem", folder / "gateway-sm2-verify.pem"))
    workers = ThreadPoolExecutor(1, "rural-bank")
    loop = asyncio.get_running_loop()

    async def completed(name: str) -> None:
        loop.run_in_executor(workers, bank.receive, name)

    user_key = asyncssh.import_public_key((folder / "gateway-sftp.pub").read_text("ascii"))
    door = Door(bank.root, username, user_key, bank.desk, bank.ledger, bank.message_id_of, completed)
    host_key = asyncssh.read_private_key(folder / "ssh-host-key")
    acceptor = await open_door(door, host, port, host_key)
    loop.run_in_executor(workers, bank.recover)
    _keep_ticking(loop, bank, door)
    control = open_control(reactor, Control(bank.desk, bank.ledger, check_script, door.shut), control_port)
    public = host_key.export_public_key().decode("ascii").split()
    return Running(acceptor.get_port(), control, " ".join(public[:2]))


def _keep_ticking(loop: asyncio.AbstractEventLoop, bank: RuralBank, door: Door) -> None:
    bank.tick()
    if bank.desk.away:
        door.shut()
    loop.call_later(_TICK_SECONDS, _keep_ticking, loop, bank, door)
