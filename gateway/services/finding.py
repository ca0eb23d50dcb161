"""Finding a person's payments without storing who they are: by blind index, then compared in clear (按人查询)."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.lifecycle import ItemState
from gateway.core.masking import masked
from gateway.services.context import Context
from gateway.services.frames import segment_context, unseal_frame
from gateway.services.person_traces import people_tokens
from gateway.store import batches, lookup, segments
from messages.batch.numbering import SEGMENT_STRIDE


@dataclass(frozen=True, slots=True)
class Found:
    """One payment of the person; nothing here names them."""

    batch_no: str
    policy_name: str
    item_id: str
    bank: str
    amount_fen: int
    account_tail: str
    state: str


def find_person(context: Context, id_number: str) -> list[Found]:
    """Every item of the person with this ID number (or USCC), oldest batch first.

    While the blind index changes its key, some batches are found under the old one: all keys in use are asked.
    A token is 64 bits, so what it finds is compared with the number itself before it is shown.
    """
    tokens = people_tokens(context, "person", id_number)
    with context.store.read() as tx:
        places = sorted({place for token in tokens for place in lookup.find(tx, "person", token)})
    return [found for batch_id, item_no in places if (found := _item(context, batch_id, item_no, id_number))]


def _item(context: Context, batch_id: int, item_no: int, id_number: str) -> Found | None:
    number, row = divmod(item_no, SEGMENT_STRIDE)
    with context.store.read() as tx:
        batch = batches.by_id(tx, batch_id)
        (segment,) = segments.states(tx, batch_id, [number])
        sealed = segments.sealed(tx, batch_id, number)
    columns = ["item_id", "id_number", "account", "amount_fen"]
    item = unseal_frame(context.sealer, sealed, segment_context(batch_id, number), columns).row(row, named=True)
    if item["id_number"] != id_number:
        return None
    return Found(
        batch_no=batch.batch_no,
        policy_name=str(batch.header["policy_name"]),
        item_id=item["item_id"],
        bank=segment.info.bank,
        amount_fen=item["amount_fen"],
        account_tail=(masked(item)["account"] or "").lstrip("*"),
        state=ItemState(segment.states[row]).name,
    )
