"""The banks that one seed plays, each behind the wire that its profile says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from gateway.transports.contract import FileTransport, MessagePost, MessageTransport
from simulators.bank_parts import codec_of
from simulators.declaration import BankData
from simulators.doors.shelf import Shelf
from simulators.engine import SimulatedBank
from spine.chaos import Chaos
from spine.file_link import FileLink
from spine.kit import Kit
from spine.later import Postponed
from spine.post_link import PathLink, PostLink
from spine.pushes import Pushes
from spine.queue_link import QueueLink
from spine.reception import Reception
from spine.scripts import bank_script
from spine.traffic import Traffic

BANKS_A_SEED = 3


@dataclass(frozen=True, slots=True)
class Partner:
    """One bank of this world: its back office, what it was given, and the line to it."""

    name: str
    bank: SimulatedBank
    traffic: Traffic
    files: FileLink | None = None
    post: PostLink | QueueLink | None = None
    pushes: Pushes | None = None

    @property
    def file_transport(self) -> FileTransport:
        """For a bank that exchanges files."""
        assert self.files is not None, f"{self.name} exchanges no files"
        return self.files

    @property
    def message_transport(self) -> MessageTransport | MessagePost:
        """For a bank that exchanges messages."""
        assert self.post is not None, f"{self.name} exchanges no messages"
        return self.post

    def tells(self, name: str) -> bool:
        """Whether an inbox name is of the bank's own making: that of a file, or of a pushed message."""
        return self.files is not None or name.startswith("pushed/")

    def happen(self) -> None:
        """Let happen what is due at the bank."""
        if self.files is not None:
            self.files.happen()
        elif self.pushes is not None:
            self.pushes.happen()
        else:
            self.bank.tick()

    def coming(self) -> int:
        """How much this bank has still to say."""
        return self.bank.desk.agenda.pending() + (0 if self.pushes is None else len(self.pushes))


def chosen(kit: Kit, rng: Random, seed: int) -> list[str]:
    """The names of a seed's banks, sorted: one in turn, so that few seeds have them all, the others drawn."""
    names = sorted(kit.profiles)
    first = names[seed % len(names)]
    return sorted([first, *rng.sample([name for name in names if name != first], BANKS_A_SEED - 1)])


def opened(
    kit: Kit, name: str, directory: Path, chaos: Chaos, postponed: Postponed, clock: Callable[[], int]
) -> Partner:
    """One bank with its line, a script of its own and its own habits."""
    data = kit.simulated[name]
    bank = SimulatedBank(data, codec_of(data), kit.seals[name], directory, bank_script(chaos.rng, data), clock)
    strict = data.words.code_for("DUPLICATE", None)[0] if chaos.rng.random() < 0.3 else None
    if bank.wire.by_files:
        return _by_files(name, bank, directory, chaos, postponed, strict)
    return _by_messages(name, bank, data, chaos, postponed, strict)


def _by_files(
    name: str, bank: SimulatedBank, directory: Path, chaos: Chaos, postponed: Postponed, strict: str | None
) -> Partner:
    assert bank.files is not None
    traffic, shelf = Traffic(), Shelf(directory / "files", bank.wire, bank.files)
    tidy = chaos.rng.random() < 0.4
    files = FileLink(bank, shelf, traffic, chaos, postponed, tidy=tidy, strict=strict)
    return Partner(name, bank, traffic, files=files)


def _by_messages(
    name: str, bank: SimulatedBank, data: BankData, chaos: Chaos, postponed: Postponed, strict: str | None
) -> Partner:
    traffic, header = Traffic(), data.declaration.security.signature_header
    reception = Reception(bank, traffic, chaos.clock, strict)
    pushes = Pushes(bank, chaos, postponed, name) if bank.wire.pushes else None
    if bank.wire.kind == "amqp":
        assert pushes is not None
        queue = QueueLink(bank, reception, traffic, chaos, postponed, pushes, header)
        return Partner(name, bank, traffic, post=queue, pushes=pushes)
    link = PathLink if bank.wire.rest else PostLink
    post = link(bank, reception, traffic, chaos, postponed, header)
    return Partner(name, bank, traffic, post=post, pushes=pushes)
