"""The bank's own books (银行账簿): what was really credited, so that a tester can compare with the gateway."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Final

import polars as pl

BOOKED_SCHEMA: Final[dict[str, pl.DataType]] = {
    "reference": pl.String(),
    "amount_fen": pl.Int64(),
    "credited": pl.Boolean(),
}
"""One row per instructed item, as booked."""

_SEEN: Final = "seen.txt"
_CONSENTS: Final = "consents.txt"


class AlreadyBooked(Exception):
    """This instruction id is in the books; nothing was credited again."""

    def __init__(self, message_id: str, *, same_content: bool):
        self.same_content = same_content
        super().__init__(
            f"instruction {message_id} is booked already, with {'the same' if same_content else 'other'} content"
        )


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """The books in figures; amounts in fen. ``duplicates_paid`` counts references credited more than once."""

    instructions_seen: int
    instructions: int
    items: int
    instructed_fen: int
    credited: int
    credited_fen: int
    refused: int
    refused_fen: int
    returned: int
    returned_fen: int
    duplicates_paid: int
    consents: int  # requests for return that the gateway agreed to, and those it did not
    dissents: int


class Ledger:
    """Books instructions, each id once; kept in ``folder`` when one is given. Safe to use from several threads."""

    def __init__(self, folder: Path | None = None):
        self._folder = folder
        self._digests: dict[str, str] = {}
        self._booked: list[pl.DataFrame] = []
        self._returned: dict[str, pl.DataFrame] = {}
        self._seen: dict[str, int] = {}
        self._consents: dict[str, bool] = {}
        self._lock = Lock()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._load(folder)

    def _load(self, folder: Path) -> None:
        if (seen := folder / _SEEN).exists():
            self._seen = {message_id: place for place, message_id in enumerate(seen.read_text("ascii").split(), 1)}
        for path in sorted(folder.glob("*.booked.parquet"), key=lambda p: p.stat().st_mtime_ns):
            message_id, digest = path.name.removesuffix(".booked.parquet").rsplit(".", 1)
            self._digests[message_id] = digest
            self._booked.append(pl.read_parquet(path))
        if (consents := folder / _CONSENTS).exists():
            lines = (line.split() for line in consents.read_text("ascii").splitlines())
            self._consents = {request: word == "agreed" for request, word in lines}
        for path in folder.glob("*.returned.parquet"):
            self._returned[path.name.removesuffix(".returned.parquet")] = pl.read_parquet(path)

    def _keep(self, name: str, frame: pl.DataFrame) -> None:
        if self._folder is not None:
            partial = self._folder / f"{name}.tmp"
            frame.write_parquet(partial)
            partial.rename(self._folder / name)

    def digest_of(self, message_id: str) -> str | None:
        """The digest under which an instruction was booked; None when it never was."""
        return self._digests.get(message_id)

    def notice(self, message_id: str) -> int:
        """Which one this is, from 1, of all distinct instructions that ever came, booked or refused."""
        with self._lock:
            if message_id not in self._seen:
                self._seen[message_id] = len(self._seen) + 1
                if self._folder is not None:
                    with (self._folder / _SEEN).open("a", encoding="ascii") as file:
                        file.write(f"{message_id}\n")
            return self._seen[message_id]

    def book(self, message_id: str, digest: str, rows: pl.DataFrame) -> None:
        """Credit what the rows say is credited (``BOOKED_SCHEMA``); raises AlreadyBooked and credits nothing."""
        with self._lock:
            if (known := self._digests.get(message_id)) is not None:
                raise AlreadyBooked(message_id, same_content=known == digest)
            frame = rows.select(pl.col(name).cast(kind) for name, kind in BOOKED_SCHEMA.items())
            self._keep(f"{message_id}.{digest}.booked.parquet", frame)
            self._digests[message_id] = digest
            self._booked.append(frame)

    def give_back(self, key: str, rows: pl.DataFrame) -> None:
        """Credited items that came back (退汇): rows with reference, amount_fen; the same key counts once."""
        with self._lock:
            if key not in self._returned:
                frame = rows.select("reference", "amount_fen")
                self._keep(f"{key}.returned.parquet", frame)
                self._returned[key] = frame

    def consent(self, request: str, *, agreed: bool) -> None:
        """The gateway's answer to a request for return (退回应答); a later one to the same request replaces it."""
        with self._lock:
            self._consents[request] = agreed
            if self._folder is not None:
                with (self._folder / _CONSENTS).open("a", encoding="ascii") as file:
                    file.write(f"{request} {'agreed' if agreed else 'refused'}\n")

    def report(self) -> LedgerReport:
        """The books in figures."""
        with self._lock:
            booked = pl.concat(self._booked) if self._booked else pl.DataFrame(schema=BOOKED_SCHEMA)
            returned = list(self._returned.values())
            seen, instructions, consents = len(self._seen), len(self._digests), list(self._consents.values())
        credited = booked.filter("credited")
        refused = booked.filter(~pl.col("credited"))
        return LedgerReport(
            instructions_seen=seen,
            instructions=instructions,
            items=booked.height,
            instructed_fen=_fen(booked),
            credited=credited.height,
            credited_fen=_fen(credited),
            refused=refused.height,
            refused_fen=_fen(refused),
            returned=sum(frame.height for frame in returned),
            returned_fen=sum(_fen(frame) for frame in returned),
            duplicates_paid=int(credited.group_by("reference").len().filter(pl.col("len") > 1).height),
            consents=sum(consents),
            dissents=len(consents) - sum(consents),
        )

    def items(self) -> pl.DataFrame:
        """Columns reference, times (credited), fen (credited in all), returned (times), sorted by reference."""
        with self._lock:
            booked = pl.concat(self._booked) if self._booked else pl.DataFrame(schema=BOOKED_SCHEMA)
            back = pl.concat(
                [pl.DataFrame(schema={"reference": pl.String, "amount_fen": pl.Int64}), *self._returned.values()]
            )
        credited = booked.group_by("reference").agg(
            times=pl.col("credited").sum(), fen=pl.col("amount_fen").filter(pl.col("credited")).sum()
        )
        returned = back.group_by("reference").agg(returned=pl.len())
        return (
            credited.join(returned, on="reference", how="left")
            .with_columns(pl.col("returned").fill_null(0))
            .sort("reference")
        )

    def as_json(self) -> dict[str, int]:
        """The report as JSON-ready data."""
        return asdict(self.report())


def _fen(frame: pl.DataFrame) -> int:
    return int(frame["amount_fen"].sum())
