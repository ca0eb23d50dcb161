"""Fixed-width files in GB18030 (定长文件): building and parsing against the bare codec over the same octets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from adapters.contract import InstructionHead
from adapters.dialects.records import LayoutDialect
from adapters.profile import BankProfile
from gateway.bench import answers, sample
from gateway.bench.rows import Asked, Row, row
from gateway.bench.slicing import parse_by_field, sliced_record
from gateway.bench.stages_pain001 import head_of
from gateway.bench.timing import Contender, contest

READ_OCTETS: Final = 1024 * 1024
PEER_ITEMS: Final = 20_000
_PEER: Final = "slice and decode a field"
_IN_PIECES: Final = "encode in 500 kB pieces"


def measure(items: int, directory: Path, profile: BankProfile) -> Iterator[Row]:
    """One row for the instruction file, one for the result file."""
    yield _building(items, profile)
    yield _parsing(items, directory, profile)


def _building(items: int, profile: BankProfile) -> Row:
    blocks = list(sample.segments(items))
    head = head_of(items, sum(int(block["amount_fen"].sum()) for block in blocks))
    pieces = [chunk.decode(profile.encoding) for chunk in LayoutDialect().build(profile, head, blocks)]
    text = "".join(pieces)
    codec = f"{profile.encoding.upper()} encode, whole text"
    rates = contest(
        [
            Contender("ours", items, lambda: _built(profile, head, blocks)),
            Contender(codec, items, lambda: text.encode(profile.encoding)),
            Contender(_IN_PIECES, items, lambda: [len(piece.encode(profile.encoding)) for piece in pieces]),
        ]
    )
    note = f"{rates['ours'] / rates[_IN_PIECES]:.2f}x {_IN_PIECES} ({rates[_IN_PIECES]:,.0f})"
    return row("fixed-width build", rates, ours="ours", limit=codec, asked=Asked(of_limit=0.5), note=note)


def _built(profile: BankProfile, head: InstructionHead, blocks: list[pl.DataFrame]) -> int:
    return sum(len(chunk) for chunk in LayoutDialect().build(profile, head, blocks))


def _parsing(items: int, directory: Path, profile: BankProfile) -> Row:
    path = directory / f"DR{answers.MESSAGE_ID}_1.txt"
    answers.write_fixed_width(path, profile, items)
    octets = path.read_bytes()
    codec = f"{profile.encoding.upper()} decode, whole text"
    few = octets[: 200 * (PEER_ITEMS + 1)].split(b"\r\n")[1 : min(items, PEER_ITEMS) + 1]
    record = sliced_record(profile)
    rates = contest(
        [
            Contender("ours", items, lambda: _parsed(profile, path, items)),
            Contender(codec, items, lambda: octets.decode(profile.encoding)),
            Contender(_PEER, len(few), lambda: parse_by_field(record, few, profile.encoding)),
        ]
    )
    path.unlink()
    return row("fixed-width parse", rates, ours="ours", limit=codec, peer=_PEER, asked=Asked(of_limit=0.35))


def _parsed(profile: BankProfile, path: Path, items: int) -> None:
    parsed = LayoutDialect().parse(profile, path.name, _chunks(path))
    if sum(block.height for block in parsed.blocks) != items:
        raise RuntimeError("the parsed result does not hold every item")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(READ_OCTETS):
            yield chunk
