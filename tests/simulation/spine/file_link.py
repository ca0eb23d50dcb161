"""The line to a bank that exchanges files: a ``FileTransport`` onto its directories, which are the bank's or our own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from gateway.transports.contract import RemoteFile, TransportFault
from simulators.bank_contract import Outgoing
from simulators.doors.shelf import Shelf
from simulators.engine import SimulatedBank
from spine.chaos import Chaos
from spine.later import Postponed
from spine.traffic import Traffic

AWAY_AGAIN_MS = 2_000


class FileLink:
    """Files by name, with faults; counts how often each instruction file became visible to the bank.

    ``tidy``: the bank takes instruction files away. ``strict``: it refuses a repeated file in a new acknowledgement.
    Where the directories are ours the bank looks into them in its own time, and lays down no name twice.
    """

    def __init__(
        self,
        bank: SimulatedBank,
        shelf: Shelf,
        traffic: Traffic,
        chaos: Chaos,
        postponed: Postponed,
        *,
        tidy: bool,
        strict: str | None,
    ):
        self._bank, self._shelf, self._traffic = bank, shelf, traffic
        self._chaos, self._postponed = chaos, postponed
        self._tidy, self._strict = tidy, strict
        self._ours = bank.wire.kind == "sftp-server"
        self._stamps: dict[Path, tuple[int, int]] = {}

    def put(self, directory: str, name: str, chunks: Iterable[bytes], size: int) -> None:
        """See FileTransport."""
        self._reach(f"put {name}")
        final = self._folder(directory) / name
        if final.exists() and final.stat().st_size == size:
            return
        data = b"".join(chunks)
        assert len(data) == size, "the transport was told another size"
        self._chaos.boundary(f"uploaded, not renamed: {name}")
        if self._chaos.hit("drop-rename", name):
            if self._chaos.rng.random() < 0.5:
                self._appear(final, data)
            raise TransportFault("the line broke during the rename", maybe_sent=True)
        self._appear(final, data)
        self._chaos.boundary(f"renamed: {name}")
        if self._chaos.hit("drop-after", name):
            raise TransportFault("the line broke after the rename", maybe_sent=True)

    def find(self, directory: str, name: str) -> RemoteFile | None:
        """See FileTransport."""
        self._reach(f"find {name}")
        path = self._folder(directory) / name
        return self._remote(path) if path.exists() else None

    def list(self, directory: str) -> list[RemoteFile]:
        """See FileTransport; the order is the line's."""
        self._reach(f"list {directory}")
        found = [self._remote(path) for path in sorted(self._folder(directory).iterdir())]
        if self._chaos.hit("duplicated-listing", directory):
            found += found
        self._chaos.rng.shuffle(found)
        return found

    def get(self, directory: str, name: str, limit_bytes: int) -> Iterator[bytes]:
        """See FileTransport."""
        self._reach(f"get {name}")
        data = (self._folder(directory) / name).read_bytes()
        if len(data) > limit_bytes:
            raise TransportFault(f"{name} is above the limit", maybe_sent=False)
        yield data[: len(data) // 2]
        self._chaos.boundary(f"half of {name}")
        if self._chaos.hit("drop-get", name):
            raise TransportFault(f"the line broke while reading {name}", maybe_sent=False)
        if name.endswith(".sig") and self._chaos.hit("half-signature", name):
            path = self._folder(directory) / name  # it is complete a moment later
            self._stamps[path] = (path.stat().st_mtime_ns, self._chaos.clock.now_ms() // 1000 + 1)
            return
        yield data[len(data) // 2 :]

    def happen(self) -> None:
        """Lay down what the bank has to say now."""
        for outgoing in self._bank.pushed():
            self._lay(outgoing)

    def burden(self) -> None:
        """A file that nobody can take, before all others."""
        wire, files = self._bank.wire, self._bank.files
        assert files is not None
        name = files.names.result.format(message_id="0" * 17, part="001")
        place = self._folder(wire.result_directory) / name
        place.write_bytes(b" " * 300_000)
        place.with_name(f"{name}{files.suffix}").write_bytes(b"bm9uZQ==\n")

    def close(self) -> None:
        """See FileTransport."""

    def _reach(self, what: str) -> None:
        self._chaos.boundary(what)
        self._chaos.clock.advance(self._chaos.rng.randint(1, 40))
        self._postponed.arrive()
        self.happen()
        if (self._bank.away and not self._ours) or self._chaos.hit("drop-before", what):
            raise TransportFault(f"{what}: no connection", maybe_sent=False)

    def _appear(self, final: Path, data: bytes) -> None:
        final.write_bytes(data)
        message_id = self._shelf.message_id_of(final.name)
        if message_id is None:
            return
        self._traffic.given(message_id, data)
        late = self._chaos.hit("late-arrival", final.name)
        if late or self._ours:
            wait = self._chaos.rng.randint(1_000, 60_000 if late else 3_000)
            self._postponed.add(wait, lambda: self._taken(final, message_id))
        else:
            self._taken(final, message_id)

    def _taken(self, final: Path, message_id: str) -> None:
        if not final.exists():
            return
        if self._bank.away and self._ours:
            self._postponed.add(AWAY_AGAIN_MS, lambda: self._taken(final, message_id))
            return
        again = self._bank.ledger.digest_of(message_id) is not None
        self._shelf.take(self._bank, final.name)
        self._traffic.taken.add(message_id)
        if again and self._strict is not None:
            self._refuse_as_repeated(message_id, self._strict)
        if self._tidy:
            final.unlink()

    def _refuse_as_repeated(self, message_id: str, code: str) -> None:
        day = datetime.fromtimestamp(self._chaos.clock.now_ms() / 1000, UTC).date()
        refusal = self._bank.refusal(message_id, day, code, "文件重复")
        assert refusal is not None
        self._lay(refusal)

    def _lay(self, outgoing: Outgoing) -> None:
        wire, files = self._bank.wire, self._bank.files
        assert files is not None
        directory = wire.acknowledgement_directory if outgoing.kind is None else wire.result_directory
        if not (self._ours and (self._folder(directory) / files.name_of(outgoing)).exists()):
            self._shelf.lay(outgoing)

    def _folder(self, directory: str) -> Path:
        return self._shelf.root / directory.strip("/")

    def _remote(self, path: Path) -> RemoteFile:
        """As listed; the time is the virtual one at which this version was seen first."""
        state = path.stat()
        if self._stamps.get(path, (0, 0))[0] != state.st_mtime_ns:
            self._stamps[path] = (state.st_mtime_ns, self._chaos.clock.now_ms() // 1000)
        return RemoteFile(path.name, state.st_size, self._stamps[path][1])
