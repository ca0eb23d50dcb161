"""pain.001.001.09 as bank ``city-iso`` reads it (客户发起贷记汇款报文): checked, then items as columns.

Up to 5 MB a message is held against the published schema; above that its structure, counts and sums are checked
while it is read in pieces, so that a message of any size takes bounded memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import polars as pl
from lxml import etree

from messages.iso20022.schema import PAIN_001, namespace, schema
from simulators.bank_contract import MessageInvalid, Order

SCHEMA_CHECK_BYTES: Final = 5_000_000
_PIECE_BYTES: Final = 2_000_000
_OPEN, _CLOSE = b"<CdtTrfTxInf>", b"</CdtTrfTxInf>"
_NS: Final = {"p": namespace(PAIN_001)}
_AMOUNT: Final = re.compile(r"(0|[1-9][0-9]{0,15})\.([0-9]{2})")
_PATHS: Final = {
    "reference": "p:PmtId/p:EndToEndId",
    "account": "p:CdtrAcct/p:Id/p:Othr/p:Id",
    "name": "p:Cdtr/p:Nm",
    "amount": "p:Amt/p:InstdAmt[@Ccy='CNY']",
}
_TEXTS: Final = {
    name: etree.XPath(f"p:CdtTrfTxInf/{path}/text()", namespaces=_NS, smart_strings=False)
    for name, path in _PATHS.items()
}
_INCOMPLETE: Final = etree.XPath(
    "p:CdtTrfTxInf[" + " or ".join(f"count({path}/text()) != 1" for path in _PATHS.values()) + "]", namespaces=_NS
)


_PATTERNS: Final = {
    "reference": r"<EndToEndId>([^<]+)</EndToEndId>",
    "account": r"<CdtrAcct>\s*<Id>\s*<Othr>\s*<Id>([^<]+)</Id>",
    "name": r"<Cdtr>\s*<Nm>([^<]+)</Nm>",
    "amount": r'<InstdAmt Ccy="CNY">((?:0|[1-9][0-9]{0,13})\.[0-9]{2})</InstdAmt>',
}
_EACH_ONCE: Final = "<EndToEndId>|<InstdAmt|<CdtrAcct>|<Cdtr>"
_SUSPECT: Final = (b"&", b"<!", b"<?", b"]]>")
_CONTROLS: Final = bytes(octet for octet in range(0x20) if octet not in b"\t\n\r")
"""Whatever makes text and markup differ: entities, comments, sections, instructions, illegal characters."""


def fen(amount: str) -> int:
    """Fen from yuan with two decimals, exactly; raises MessageInvalid."""
    match = _AMOUNT.fullmatch(amount)
    if match is None:
        raise MessageInvalid("AM12", "an amount is not yuan with two decimals")
    return int(match[1]) * 100 + int(match[2])


def _parsed(octets: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        return etree.fromstring(octets, parser)
    except etree.XMLSyntaxError as error:
        raise MessageInvalid("FF01", f"not well-formed XML: {error.msg}"[:100]) from None


def read_pain001(body: bytes) -> Order:
    """Read and check one message; raises MessageInvalid."""
    if b"<!DOCTYPE" in body[:4096]:
        raise MessageInvalid("FF01", "a document type declaration is refused")
    if len(body) <= SCHEMA_CHECK_BYTES and not schema(PAIN_001).validate(_parsed(body)):
        raise MessageInvalid("FF01", "the message does not follow pain.001.001.09")
    first, last = body.find(_OPEN), body.rfind(_CLOSE) + len(_CLOSE)
    if first < 0 or last <= first:
        raise MessageInvalid("FF01", "no CdtTrfTxInf in the default namespace")
    head = _parsed(body[:first] + body[last:])
    pieces = list(_pieces(body, first, last))
    items = pl.concat(
        _items(piece) if _is_edge(place, pieces) else _items_fast(piece) for place, piece in enumerate(pieces)
    )
    if items["reference"].is_duplicated().any():
        raise MessageInvalid("AM05", "an EndToEndId stands twice")
    return _order(head, items)


def _pieces(body: bytes, start: int, end: int) -> Iterator[bytes]:
    """The items' bytes in pieces that end with an item."""
    while start < end:
        cut = body.find(_CLOSE, min(start + _PIECE_BYTES, end - len(_CLOSE))) + len(_CLOSE)
        yield body[start:cut]
        start = cut


def _items(piece: bytes) -> pl.DataFrame:
    root = _parsed(b'<Items xmlns="' + _NS["p"].encode() + b'">' + piece + b"</Items>")
    wanted = f"{{{_NS['p']}}}CdtTrfTxInf"
    if any(child.tag != wanted for child in root):
        raise MessageInvalid("FF01", "something other than CdtTrfTxInf among the items")
    if _INCOMPLETE(root):
        raise MessageInvalid("FF01", "an item lacks its EndToEndId, name, account or amount in CNY, or has one twice")
    columns = {name: pl.Series(name, _texts(root, name), dtype=pl.String) for name in _TEXTS}
    amounts = [fen(amount) for amount in columns.pop("amount")]
    return pl.DataFrame(columns).with_columns(pl.Series("amount_fen", amounts, dtype=pl.Int64))


def _texts(root: etree._Element, name: str) -> list[Any]:
    found = _TEXTS[name](root)
    return found if isinstance(found, list) else []


def _is_edge(place: int, pieces: list[bytes]) -> bool:
    return place in (0, len(pieces) - 1)


def _items_fast(piece: bytes) -> pl.DataFrame:
    """Items by pattern, some ten times quicker than the XML parser, which takes whatever does not fit the pattern."""
    if any(mark in piece for mark in _SUSPECT) or len(piece.translate(None, _CONTROLS)) != len(piece):
        return _items(piece)
    try:
        records = pl.Series(piece.decode("utf-8").split("</CdtTrfTxInf>")[:-1], dtype=pl.String)
    except UnicodeDecodeError:
        raise MessageInvalid("FF01", "not UTF-8") from None
    found = records.to_frame("record").select(
        *(pl.col("record").str.extract(pattern).alias(name) for name, pattern in _PATTERNS.items()),
        pl.col("record").str.count_matches(_EACH_ONCE).alias("marks"),
    )
    if found.null_count().sum_horizontal().item() or (found["marks"] != len(_PATTERNS)).any():
        return _items(piece)
    parts = found["amount"].str.split_exact(".", 1).struct.unnest()
    amounts = (parts["field_0"].cast(pl.Int64) * 100 + parts["field_1"].cast(pl.Int64)).alias("amount_fen")
    return found.select("reference", "account", "name").with_columns(amounts)


def _order(head: etree._Element, items: pl.DataFrame) -> Order:
    def text(path: str) -> str:
        found = head.findtext(path, "", _NS)
        return found if isinstance(found, str) else ""

    total = int(items["amount_fen"].sum())
    for place in ("p:GrpHdr", "p:PmtInf"):
        where = f"p:CstmrCdtTrfInitn/{place}/"
        if text(f"{where}p:NbOfTxs") != str(items.height):
            raise MessageInvalid("AM18", "NbOfTxs is not the number of items")
        if fen(text(f"{where}p:CtrlSum")) != total:
            raise MessageInvalid("AM10", "CtrlSum is not the sum of the items")
    try:
        requested = date.fromisoformat(text("p:CstmrCdtTrfInitn/p:PmtInf/p:ReqdExctnDt/p:Dt"))
    except ValueError:
        raise MessageInvalid("DT01", "ReqdExctnDt is not a date") from None
    return Order(text("p:CstmrCdtTrfInitn/p:GrpHdr/p:MsgId"), requested, items)
