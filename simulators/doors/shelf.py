"""The directories of a bank's own file server (文件目录): what lies where, and how a file appears there whole."""

from __future__ import annotations

from pathlib import Path

from simulators.bank_contract import Outgoing
from simulators.declaration import Wire
from simulators.engine import SimulatedBank
from simulators.file_names import FilePatterns


class Shelf:
    """Instructions come in, everything else is laid down; all below ``root``, whatever the declaration's paths are."""

    def __init__(self, root: Path, wire: Wire, files: FilePatterns):
        self.root, self._files = root, files
        self.incoming = root / wire.outgoing_directory.strip("/")
        self._acknowledgements = root / wire.acknowledgement_directory.strip("/")
        self._results = root / wire.result_directory.strip("/")
        for folder in (self.incoming, self._acknowledgements, self._results):
            folder.mkdir(parents=True, exist_ok=True)

    def message_id_of(self, name: str) -> str | None:
        """The message id in an instruction file's name; null for any other file."""
        return self._files.message_id_of(name)

    def take(self, bank: SimulatedBank, name: str) -> None:
        """Hand one complete file to the bank, with its signature, and let the bank do all that follows."""
        content = (self.incoming / name).read_bytes()
        beside = self.incoming / f"{name}{self._files.suffix}"
        taken = bank.receive(name, content, beside.read_bytes() if beside.exists() else None)
        if taken.follow_up is not None:
            taken.follow_up()

    def take_left(self, bank: SimulatedBank) -> None:
        """After a restart: first what is booked, then what came and was not judged yet, oldest first."""
        bank.recover()
        for path in sorted(self.incoming.iterdir(), key=lambda p: p.stat().st_mtime_ns):
            message_id = self.message_id_of(path.name)
            if message_id is not None and bank.ledger.digest_of(message_id) is None:
                self.take(bank, path.name)

    def lay(self, outgoing: Outgoing) -> None:
        """Show one file: its signature first, then the data, each by rename."""
        folder = self._acknowledgements if outgoing.kind is None else self._results
        name = self._files.name_of(outgoing)
        if outgoing.signature is not None:
            self._appear(folder / f"{name}{self._files.suffix}", outgoing.signature + b"\n")
        content = outgoing.content
        self._appear(folder / name, content if outgoing.whole else content[: len(content) // 2])

    def _appear(self, path: Path, content: bytes) -> None:
        partial = self.root.parent / f"{path.name}.part"
        partial.write_bytes(content)
        partial.replace(path)
