"""What a simulated bank sends, written and signed in full beforehand, and damaged as the script says (报文生成)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import polars as pl

from simulators.answers import Answer, Kind
from simulators.bank_contract import Codec, Order, Outgoing, Seal, Totalling
from simulators.engine_damage import garbled, recoded

_SEAL_DAMAGE: Final = frozenset({"bad-signature", "missing-signature"})


@dataclass(frozen=True, slots=True)
class Kept:
    """A message of the bank that lies on disk until its time."""

    message_id: str
    kind: Kind | None
    number: int
    path: Path
    signature: bytes | None
    whole: bool = True
    tag: str = ""
    rows: Path | None = None  # what it says, as a table, where single items of it may be asked for

    def outgoing(self) -> Outgoing:
        """As a door sends it."""
        content = self.path.read_bytes()
        return Outgoing(self.message_id, self.kind, self.number, content, self.signature, self.whole, self.tag)

    def forget(self) -> None:
        """It is sent and will not be sent again."""
        self.path.unlink(missing_ok=True)


class Writer:
    """One bank's codec and seal over a folder of prepared messages; what lay there before is swept out."""

    def __init__(self, codec: Codec, seal: Seal, folder: Path, encoding: str):
        self._codec, self._seal, self._folder, self._encoding = codec, seal, folder, encoding
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.iterdir():
            left.unlink()

    def acknowledgement(self, message_id: str, day: date, code: str | None, text: str) -> Kept | None:
        """The file-level answer; null where the format has none."""
        body = self._codec.acknowledgement(message_id, day, code, text)
        if body is None:
            return None
        content, signature = self._seal.close(message_id, body, None)
        return Kept(
            message_id, None, 0, self._put(message_id, content), signature, tag='"refused"' if code else '"000"'
        )

    def answer(self, order: Order, answer: Answer) -> Kept:
        """One thing the bank says, as a file part or a message of its own."""
        content, signature = self._written(order, answer.kind, answer.part, answer.rows, answer.how)
        path = self._put(order.message_id, content)
        return Kept(order.message_id, answer.kind, answer.part, path, signature, answer.how != "truncated")

    def standing(
        self, order: Order, number: int, tag: str, rows: pl.DataFrame, how: str | None, *, singly: bool
    ) -> Kept:
        """What the bank says about the whole order now; ``singly``: single items of it may be asked for."""
        content, signature = self._written(order, Kind.RESULT, number, rows, how)
        path = self._put(order.message_id, content)
        table = path.with_suffix(".parquet") if singly else None
        if table is not None:
            rows.write_parquet(table)
        whole = how != "truncated"
        return Kept(order.message_id, Kind.RESULT, number, path, signature, whole, f'"{tag}"', table)

    def about(self, order: Order, number: int, rows: pl.DataFrame) -> Outgoing:
        """What the bank says now about some items of an order."""
        content, signature = self._written(order, Kind.RESULT, number, rows, None)
        return Outgoing(order.message_id, Kind.RESULT, number, content, signature)

    def absent(self, message_id: str, day: date) -> Outgoing:
        """The answer to a question about something the bank never saw."""
        content, signature = self._seal.close(message_id, self._codec.absent(message_id, day), None)
        return Outgoing(message_id, None, 0, content, signature)

    def _written(
        self, order: Order, kind: Kind, number: int, rows: pl.DataFrame, how: str | None
    ) -> tuple[bytes, bytes | None]:
        if how == "wrong-total" and isinstance(self._codec, Totalling):
            body = self._codec.wrong_total(order, kind, number, rows)
        else:
            body = self._codec.result(order, kind, number, rows)
        if how not in ("garbled", "wrong-encoding"):
            return self._seal.close(order.message_id, body, how if how in _SEAL_DAMAGE else None)
        try:
            return self._seal.close(order.message_id, self._damaged(body, rows, how), None)
        except (ValueError, SyntaxError):  # a seal that must read what it signs: the damage is done on the way then
            content, signature = self._seal.close(order.message_id, body, None)
            return self._damaged(content, rows, how), signature

    def _damaged(self, octets: bytes, rows: pl.DataFrame, how: str) -> bytes:
        return garbled(octets, rows["reference"]) if how == "garbled" else recoded(octets, self._encoding)

    def _put(self, message_id: str, content: bytes) -> Path:
        path = self._folder / f"{message_id}-{os.urandom(8).hex()}"
        path.write_bytes(content)
        return path
