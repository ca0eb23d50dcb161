"""What banks said about items (银行结果): appended block by block, never changed."""

from __future__ import annotations

from sqlalchemy import Connection, select

from gateway.store import tables
from gateway.store.records import ResultBlock
from gateway.store.rows import insert_once

_t, _lost = tables.result_block, tables.result_unmatched


def append(tx: Connection, block: ResultBlock) -> bool:
    """Append what one message said about one segment; False where that is there already."""
    values = {
        "inbox_id": block.inbox_id,
        "batch_id": block.batch_id,
        "segment_no": block.segment_no,
        "rows": block.rows,
        "sealed": block.sealed,
    }
    return insert_once(tx, _t, values)


def of_segment(tx: Connection, batch_id: int, segment_no: int) -> list[ResultBlock]:
    """All that was ever said about a segment, in the order in which it was applied."""
    query = select(_t).where(_t.c.batch_id == batch_id, _t.c.segment_no == segment_no).order_by(_t.c.result_id)
    return [
        ResultBlock(row.batch_id, row.segment_no, row.inbox_id, row.rows, bytes(row.sealed))
        for row in tx.execute(query)
    ]


def unmatched(tx: Connection, inbox_id: int, sealed: bytes, part: int = 0) -> bool:
    """Keep rows of a message that fit no item of ours; False where that part is there already."""
    return insert_once(tx, _lost, {"inbox_id": inbox_id, "part": part, "sealed": sealed})


def list_unmatched(tx: Connection, limit: int = 100) -> list[tuple[int, bytes]]:
    """(inbox id, sealed rows) that fit no item, newest message first."""
    query = select(_lost).order_by(_lost.c.inbox_id.desc(), _lost.c.part).limit(limit)
    return [(row.inbox_id, bytes(row.sealed)) for row in tx.execute(query)]
