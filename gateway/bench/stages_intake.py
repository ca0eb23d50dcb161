"""Intake with validation (批次接收与校验): against a bare SHA-256 read of the same octets, and pydantic a line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Final

from gateway.bench import sample
from gateway.bench.pydantic_lines import CheckedLine, Line, check_lines
from gateway.bench.rows import Asked, Row, row
from gateway.bench.timing import Contender, contest
from messages.batch.ahead import one_ahead
from messages.batch.checking import CheckRules, DuplicateIds, check_items
from messages.batch.reading import parse_content_type, read_items

READ_OCTETS: Final = 1024 * 1024
PEER_ITEMS: Final = 20_000
_RULES: Final = CheckRules(today=date(2026, 11, 1), amount_limit_fen=100_000_000)
_ASKED: Final = Asked(of_limit=0.12, times_peer=5)
_SHA: Final = "SHA-256 read"
_PEER: Final = "pydantic a line, same rules"
_SHAPE: Final = "pydantic a line, shapes only"


def measure(items: int, directory: Path) -> Iterator[Row]:
    """One row for NDJSON, one for CSV in UTF-8, one for CSV in GB18030."""
    ndjson = directory / "items.ndjson"
    sample.write_ndjson(ndjson, items)
    yield _measured("intake and validation, NDJSON", ndjson, "application/x-ndjson", items, peer=True)
    for charset in ("utf-8", "gb18030"):
        path = directory / f"items-{charset}.csv"
        sample.write_csv(path, items, charset)
        yield _measured(
            f"intake and validation, CSV {charset.upper()}", path, f"text/csv; charset={charset}", items, peer=False
        )
        path.unlink()
    ndjson.unlink()


def _measured(stage: str, path: Path, media_type: str, items: int, *, peer: bool) -> Row:
    contenders = [
        Contender("ours", items, lambda: _taken_in(path, media_type, items)),
        Contender(_SHA, items, lambda: _hashed(path)),
    ]
    if peer:
        with path.open("rb") as file:
            lines = list(islice(file, PEER_ITEMS))
        contenders += [
            Contender(_PEER, len(lines), lambda: check_lines(CheckedLine, lines)),
            Contender(_SHAPE, len(lines), lambda: check_lines(Line, lines)),
        ]
    rates = contest(contenders)
    note = f"{path.stat().st_size // items} octets an item"
    if peer:
        note += f"; {rates['ours'] / rates[_SHAPE]:.1f}x {_SHAPE} ({rates[_SHAPE]:,.0f})"
    asked = _ASKED if peer else Asked(of_limit=_ASKED.of_limit)
    return row(stage, rates, ours="ours", limit=_SHA, peer=_PEER, asked=asked, note=note)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(READ_OCTETS):
            yield chunk


def _hashed(path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.hexdigest()


def _taken_in(path: Path, media_type: str, items: int) -> None:
    duplicates, good = DuplicateIds(), 0
    for block in one_ahead(read_items(_chunks(path), parse_content_type(media_type))):  # as the check job does
        kept, _ = duplicates.split(check_items(block.items, _RULES).good)
        good += kept.height
    if good != items:
        raise RuntimeError(f"{good} of {items} items were found good: the sample or the checks are wrong")
