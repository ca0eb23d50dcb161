"""Starting any simulated bank (启动模拟银行): its data, its engine, and the door of its wire.

``python -m simulators.cli bank NAME`` starts one alone.
"""

from __future__ import annotations

from typing import Any

from simulators.bank_doors import Place, open_door
from simulators.bank_parts import codec_of, seal_of
from simulators.control import Control, Running, open_control
from simulators.declaration import BankData
from simulators.engine import SimulatedBank
from simulators.new_keys import RenewedSeal, in_turn
from simulators.script import Script


async def start(reactor: Any, data: BankData, script: Script, place: Place, control_port: int) -> Running:
    """Open the bank's door and its control port; raises ValueError for what it cannot play, OSError, KeyUnusable."""
    seal = RenewedSeal(lambda: seal_of(data, place.keys))
    bank = SimulatedBank(data, codec_of(data), seal, place.state, script)
    opened = await open_door(reactor, bank, seal, data, place)
    control = Control(bank.desk, bank.ledger, bank.check, opened.shut, in_turn(seal.reread, opened.reread))
    return Running(opened.port, open_control(reactor, control, control_port), opened.host_key)
