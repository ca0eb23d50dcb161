"""Building a pain.001 (支付指令报文生成): against a loop in C that makes the same octets, sepaxml, and an lxml tree."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import polars as pl

from adapters.contract import InstructionHead
from adapters.dialects.iso20022 import Iso20022Dialect
from adapters.profile import BankProfile
from gateway.bench import sample, tree_peers
from gateway.bench.c_loop import Loop, NoCompiler, load
from gateway.bench.rows import Asked, Row, row
from gateway.bench.timing import Contender, contest

POLICY_NAME: Final = "耕地地力保护补贴"
PEER_ITEMS: Final = 4_000
_LOOP: Final = "C loop, hashed"
_LOOP_ALONE: Final = "C loop, not hashed"
_SEPAXML: Final = "sepaxml"
_TREE: Final = "lxml tree"


def head_of(rows: int, total_fen: int) -> InstructionHead:
    """The head of a file over ``rows`` items."""
    return InstructionHead(
        message_id=f"{sample.BATCH_REFERENCE}F0000",
        file_no=0,
        rows=rows,
        total_fen=total_fen,
        created_at=datetime(2026, 11, 1, 1, 2, 3, tzinfo=UTC),
        requested_on=date(2026, 11, 2),
        batch_no="2026-000001",
        project_code="530000-2026-001",
        policy_name=POLICY_NAME,
        voucher_no="ZF2026000001",
        debtor_name="测试县财政局",
        debtor_account="6200000000000000001",
        debtor_bank_code=sample.BANK_CODES[0],
    )


def measure(items: int, directory: Path, profile: BankProfile) -> Iterator[Row]:
    """Two rows: the build with its hash, and beside it what a tree of elements costs."""
    blocks = list(sample.segments(items))
    head = head_of(items, sum(int(block["amount_fen"].sum()) for block in blocks))
    few = blocks[0].head(PEER_ITEMS)
    contenders = [
        Contender("ours", items, lambda: _built(profile, head, blocks)),
        Contender(_TREE, few.height, _prepared(tree_peers.lxml_build, few)),
    ]
    if tree_peers.has_sepaxml():
        contenders.append(Contender(_SEPAXML, few.height, _prepared(tree_peers.sepaxml_build, few)))
    note = ""
    try:
        loops = [Loop(load(directory), block, POLICY_NAME) for block in blocks]
        _require_same_octets(profile, blocks[0], loops[0])
        contenders.append(Contender(_LOOP, items, lambda: _looped(loops, hashed=True)))
        contenders.append(Contender(_LOOP_ALONE, items, lambda: _looped(loops, hashed=False)))
    except NoCompiler as missing:
        note = str(missing)
    rates = contest(contenders)
    if alone := rates.get(_LOOP_ALONE):
        note = f"{rates['ours'] / alone:.2f}x {_LOOP_ALONE} ({alone:,.0f}); octets compared, equal"
    stage = "pain.001 build and SHA-256"
    yield row(stage, rates, ours="ours", limit=_LOOP, peer=_SEPAXML, asked=Asked(0.3, 20), note=note)
    yield row(stage, rates, ours="ours", peer=_TREE)


def _prepared(build: Callable[[list[dict[str, object]]], bytes], block: pl.DataFrame) -> Callable[[], bytes]:
    rows = block.to_dicts()
    return lambda: build(rows)


def _built(profile: BankProfile, head: InstructionHead, blocks: list[pl.DataFrame]) -> str:
    digest = hashlib.sha256()
    for chunk in Iso20022Dialect().build(profile, head, blocks):
        digest.update(chunk)
    return digest.hexdigest()


def _looped(loops: list[Loop], *, hashed: bool) -> str:
    digest = hashlib.sha256()
    for loop in loops:
        for chunk in loop.chunks():
            if hashed:
                digest.update(chunk)
    return digest.hexdigest()


def _require_same_octets(profile: BankProfile, block: pl.DataFrame, loop: Loop) -> None:
    """A limit that does other work is none."""
    head = head_of(block.height, int(block["amount_fen"].sum()))
    _opening, *chunks, _closing = Iso20022Dialect().build(profile, head, [block])
    if b"".join(chunks) != b"".join(bytes(chunk) for chunk in loop.chunks()):
        raise RuntimeError("the C loop and the dialect differ: bring c_loop.LITERALS up to date")
